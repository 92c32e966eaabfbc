/* SPDX-License-Identifier: MIT */
/*
 * Where the gss_cred_id_t's of a credential come from.
 *
 * GSSAPI serialises calls that use one gss_cred_id_t, waits for the network included: with
 * one shared cred a silent KDC stops every handshake. So each handshake has one to itself,
 * from its first leg to its last. Making one costs about 60 us, taking an idle one nothing.
 *
 * Invariants:
 *   1. A lease is on the idle list or in the hands of one context, never both.
 *   2. The lock is held over list and pointer work only: no function of GSSAPI or libkrb5
 *      is called under it.
 *   3. A lease holds references to the tickets and users it was made from; a lease made
 *      from others than the source's present ones is not reused.
 *   4. One thread renews tickets that are about to expire, the others go on with the old
 *      ones. When they have expired already, each thread that needs some gets its own: none
 *      waits for another's exchange. The last to finish leaves its tickets in the source.
 */
#include "source.h"
#include "status.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IDLE_MAX 16u

/* Seconds an idle cred is good for: a default ccache may have been renewed meanwhile, or a
 * client keytab refreshed, which a cred notices only when it is made. */
#define IDLE_LIFE 30

static int64_t now(void)
{
    return (int64_t)time(NULL);
}

void gss_source_init(gss_source *source)
{
    memset(source, 0, sizeof *source);
    pthread_mutex_init(&source->lock, NULL);
}

static void destroy(gss_lease *lease)
{
    OM_uint32 minor;

    if (lease == NULL)
        return;
    gss_release_cred(&minor, &lease->cred);
    gss_tickets_drop(lease->tickets);
    gss_users_drop(lease->users);
    free(lease);
}

void gss_source_clear(gss_source *source)
{
    OM_uint32 minor;

    while (source->idle != NULL) {
        gss_lease *lease = source->idle;

        source->idle = lease->next;
        destroy(lease);
    }
    gss_tickets_drop(source->tickets);
    gss_users_drop(source->users);
    gss_release_name(&minor, &source->name);
    free(source->ccache);
    free(source->keytab);
    free(source->client_keytab);
    free(source->replay_cache);
    gss_text_wipe(source->nt_hash);
    free(source->ntlm_domain);
    free(source->account);
    gss_text_wipe(source->password);
    free(source->login_keytab);
    free(source->user_file);
    pthread_mutex_destroy(&source->lock);
}

/* Puts new tickets in place of the source's. */
static void replace_tickets(gss_source *source, gss_tickets *tickets)
{
    gss_tickets *old;

    pthread_mutex_lock(&source->lock);
    old = source->tickets;
    source->tickets = tickets;
    pthread_mutex_unlock(&source->lock);
    gss_tickets_drop(old);
}

static SECURITY_STATUS refresh_tickets(gss_source *source, sspia_report *report)
{
    gss_tickets *fresh = NULL;
    SECURITY_STATUS status;
    krb5_error_code code;
    bool expired;
    bool wanted;

    if (source->password == NULL && source->login_keytab == NULL)
        return SEC_E_OK;
    pthread_mutex_lock(&source->lock);
    expired = source->tickets == NULL || gss_tickets_expiry(source->tickets) <= now();
    wanted = expired || (!source->renewing && gss_tickets_renewal(source->tickets) <= now());
    if (wanted)
        source->renewing = true;
    pthread_mutex_unlock(&source->lock);
    if (!wanted)
        return SEC_E_OK;
    status = gss_tickets_get(source->account, source->password, source->login_keytab, &fresh,
                             &code, report);
    if (status == SEC_E_OK)
        replace_tickets(source, fresh);
    pthread_mutex_lock(&source->lock);
    source->renewing = false;
    source->login_code = code;
    pthread_mutex_unlock(&source->lock);
    return expired ? status : SEC_E_OK;
}

static SECURITY_STATUS refresh_users(gss_source *source, sspia_report *report)
{
    gss_users *fresh = NULL;
    gss_users *old;
    SECURITY_STATUS status;

    if (source->user_file == NULL)
        return SEC_E_OK;
    pthread_mutex_lock(&source->lock);
    old = gss_users_keep(source->users);
    pthread_mutex_unlock(&source->lock);
    if (old != NULL && gss_users_fresh(old, source->user_file)) {
        gss_users_drop(old);
        return SEC_E_OK;
    }
    gss_users_drop(old);
    status = gss_users_load(source->user_file, &fresh, report);
    if (status != SEC_E_OK)
        return status;
    pthread_mutex_lock(&source->lock);
    old = source->users;
    source->users = fresh;
    pthread_mutex_unlock(&source->lock);
    gss_users_drop(old);
    return SEC_E_OK;
}

SECURITY_STATUS gss_source_prepare(gss_source *source, sspia_report *report)
{
    SECURITY_STATUS status = refresh_tickets(source, report);

    return status == SEC_E_OK ? refresh_users(source, report) : status;
}

static void put(gss_key_value_set_desc *store, const char *key, const char *value)
{
    if (value == NULL)
        return;
    store->elements[store->count].key = key;
    store->elements[store->count].value = value;
    store->count++;
}

/* Kerberos contexts carry CONF and INTEG whether asked for or not, unless the credential has
 * this option; SPNEGO then does not ask for INTEG by itself. step.c asks for what is due. */
static void set_options(gss_lease *lease, gss_cred_usage_t usage)
{
    OM_uint32 minor;
    gss_buffer_desc empty = {0, NULL};

    if (usage == GSS_C_INITIATE && (lease->mechs & GSS_MECH_KERBEROS))
        gss_set_cred_option(&minor, &lease->cred, (gss_OID)GSS_KRB5_CRED_NO_CI_FLAGS_X, &empty);
}

static SECURITY_STATUS make(const gss_source *source, gss_lease *lease, sspia_report *report)
{
    gss_key_value_element_desc elements[8];
    gss_key_value_set_desc store = {0, elements};
    gss_OID_desc oids[2];
    gss_OID_set_desc mechs;
    gss_OID_set_desc spnego = {1, &gss_oid_spnego};
    bool negotiate = source->negotiate && !lease->raw;
    OM_uint32 major;
    OM_uint32 minor;

    gss_mech_set(lease->mechs, oids, &mechs);
    put(&store, "ccache", lease->tickets != NULL ? gss_tickets_ccache(lease->tickets) : NULL);
    put(&store, "ccache", lease->tickets == NULL ? source->ccache : NULL);
    put(&store, "keytab", source->keytab);
    put(&store, "client_keytab", source->client_keytab);
    put(&store, "rcache", source->replay_cache);
    put(&store, "ntlmssp_nthash", source->nt_hash);
    put(&store, "ntlmssp_domain", source->ntlm_domain);
    put(&store, "ntlmssp_keyfile", lease->users != NULL ? gss_users_path(lease->users) : NULL);
    major = gss_acquire_cred_from(
        &minor, source->name, GSS_C_INDEFINITE, negotiate ? &spnego : &mechs, source->usage,
        store.count > 0 ? &store : GSS_C_NO_CRED_STORE, &lease->cred, NULL, NULL);
    if (!GSS_ERROR(major) && negotiate)
        major = gss_set_neg_mechs(&minor, lease->cred, &mechs);
    if (GSS_ERROR(major))
        return gss_status(major, minor, GSS_AT_ACQUIRE, report);
    set_options(lease, source->usage);
    return SEC_E_OK;
}

static void describe(const gss_lease *lease, const gss_source *source, int64_t *expiry,
                     char **name)
{
    gss_name_t found = GSS_C_NO_NAME;
    gss_buffer_desc text = {0, NULL};
    OM_uint32 minor;
    OM_uint32 lifetime = GSS_C_INDEFINITE;

    /* Of an acceptor neither is wanted, and gss-ntlmssp 1.2.0 crashes on the name of a host
     * without a service. */
    if (source->usage != GSS_C_INITIATE ||
        GSS_ERROR(gss_inquire_cred(&minor, lease->cred, &found, &lifetime, NULL, NULL)))
        return;
    if (lifetime != GSS_C_INDEFINITE)
        *expiry = now() + lifetime;
    if (found != GSS_C_NO_NAME && !GSS_ERROR(gss_display_name(&minor, found, &text, NULL)))
        *name = strndup(text.value, text.length);
    gss_release_buffer(&minor, &text);
    gss_release_name(&minor, &found);
}

SECURITY_STATUS gss_source_probe(gss_source *source, unsigned mech, int64_t *expiry,
                                 char **name, sspia_report *report)
{
    gss_lease *lease = NULL;
    SECURITY_STATUS status = gss_source_take(source, mech, true, &lease, report);

    *expiry = INT64_MAX;
    *name = NULL;
    if (status == SEC_E_OK)
        describe(lease, source, expiry, name);
    destroy(lease);
    return status;
}

/* An idle lease that fits, or NULL; those past their time go onto *stale. */
static gss_lease *take_idle(gss_source *source, unsigned mechs, bool raw, gss_lease **stale)
{
    gss_lease **link = &source->idle;
    int64_t oldest = now() - IDLE_LIFE;

    while (*link != NULL) {
        gss_lease *lease = *link;

        if (lease->born < oldest || lease->tickets != source->tickets ||
            lease->users != source->users) {
            *link = lease->next;
            source->idle_count--;
            lease->next = *stale;
            *stale = lease;
        } else if (lease->mechs == mechs && lease->raw == raw) {
            *link = lease->next;
            source->idle_count--;
            return lease;
        } else {
            link = &lease->next;
        }
    }
    return NULL;
}

SECURITY_STATUS gss_source_take(gss_source *source, unsigned mechs, bool raw, gss_lease **lease,
                                sspia_report *report)
{
    gss_lease *made = NULL;
    gss_lease *stale = NULL;
    SECURITY_STATUS status = gss_source_prepare(source, report);

    *lease = NULL;
    if (status != SEC_E_OK)
        return status;
    made = calloc(1, sizeof *made);
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    pthread_mutex_lock(&source->lock);
    *lease = take_idle(source, mechs, raw, &stale);
    made->tickets = gss_tickets_keep(source->tickets);
    made->users = gss_users_keep(source->users);
    pthread_mutex_unlock(&source->lock);
    if (*lease == NULL) {
        made->mechs = mechs;
        made->raw = raw;
        made->born = now();
        status = make(source, made, report);
    }
    if (*lease == NULL && status == SEC_E_OK) {
        *lease = made;
        made = NULL;
    }
    destroy(made);
    while (stale != NULL) {
        gss_lease *next = stale->next;

        destroy(stale);
        stale = next;
    }
    return status;
}

void gss_source_give(gss_source *source, gss_lease *lease)
{
    if (lease == NULL)
        return;
    pthread_mutex_lock(&source->lock);
    if (source->idle_count < IDLE_MAX) {
        lease->next = source->idle;
        source->idle = lease;
        source->idle_count++;
        lease = NULL;
    }
    pthread_mutex_unlock(&source->lock);
    destroy(lease);
}
