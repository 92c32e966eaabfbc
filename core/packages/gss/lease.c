/* SPDX-License-Identifier: MIT */
/* Making one gss_cred_id_t by a source's recipe. */
#include "lease.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* SPNEGO acquires creds of all mechanisms, whichever may be negotiated later. The other one
 * is kept from work that nobody needs: from looking for tickets and keys (where krb5 1.20
 * loses the acceptor's name if there are none), and from hashing the password in the file
 * that the process's environment names to gss-ntlmssp. */
static void fill_store(const gss_source *source, const gss_lease *lease,
                       gss_key_value_set_desc *store)
{
    bool kerberos = (lease->mechs & GSS_MECH_KERBEROS) != 0;
    bool spnego = source->negotiate && !lease->raw;

    if (kerberos) {
        put(store, "ccache",
            lease->tickets != NULL ? gss_tickets_ccache(lease->tickets) : source->ccache);
        put(store, "keytab", source->keytab);
        put(store, "client_keytab", source->client_keytab);
        put(store, "rcache", source->replay_cache);
        if (spnego && !(lease->mechs & GSS_MECH_NTLM))
            put(store, "sspi-async", "no NTLM"); /* with a store it asks nobody else */
    }
    if (lease->mechs & GSS_MECH_NTLM) {
        put(store, "ntlmssp_nthash", source->nt_hash);
        put(store, "ntlmssp_domain", source->ntlm_domain);
        put(store, "ntlmssp_keyfile",
            lease->users != NULL ? gss_users_path(lease->users) : NULL);
        if (spnego && !kerberos && store->count > 0)
            put(store, source->usage == GSS_C_INITIATE ? "ccache" : "keytab", "none:");
    }
}

/* libkrb5 says what is missing, GSSAPI loses where. */
static SECURITY_STATUS name_place(const gss_source *source, SECURITY_STATUS status,
                                  sspia_report *report)
{
    const char *place = source->ccache != NULL ? source->ccache : source->keytab;
    char text[SSPIA_REPORT_SIZE];

    if (place == NULL)
        return status;
    memcpy(text, report->text, sizeof text);
    text[sizeof text - 1] = '\0';
    return gss_status_report(report, status, place, text);
}

SECURITY_STATUS gss_lease_make(const gss_source *source, gss_lease *lease, sspia_report *report)
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
    fill_store(source, lease, &store);
    major = gss_acquire_cred_from(
        &minor, source->name, GSS_C_INDEFINITE, negotiate ? &spnego : &mechs, source->usage,
        store.count > 0 ? &store : GSS_C_NO_CRED_STORE, &lease->cred, NULL, NULL);
    if (!GSS_ERROR(major) && negotiate)
        major = gss_set_neg_mechs(&minor, lease->cred, &mechs);
    if (GSS_ERROR(major))
        return name_place(source, gss_status(major, minor, GSS_AT_ACQUIRE, report), report);
    set_options(lease, source->usage);
    return SEC_E_OK;
}

void gss_lease_describe(const gss_lease *lease, const gss_source *source, int64_t *expiry,
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
        *expiry = (int64_t)time(NULL) + lifetime;
    if (found != GSS_C_NO_NAME && !GSS_ERROR(gss_display_name(&minor, found, &text, NULL)))
        *name = strndup(text.value, text.length);
    gss_release_buffer(&minor, &text);
    gss_release_name(&minor, &found);
}

void gss_lease_destroy(gss_lease *lease)
{
    OM_uint32 minor;

    if (lease == NULL)
        return;
    gss_release_cred(&minor, &lease->cred);
    gss_release_name(&minor, &lease->target);
    free(lease->target_text);
    gss_tickets_drop(lease->tickets);
    gss_users_drop(lease->users);
    free(lease);
}
