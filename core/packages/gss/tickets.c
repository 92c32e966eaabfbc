/* SPDX-License-Identifier: MIT */
/*
 * Initial tickets.
 *
 * libkrb5 is asked directly rather than gss_acquire_cred_with_password: that would do an AS
 * exchange (5 ms, one password guess for the KDC's lockout) for every gss_cred_id_t, where
 * the creds of one pool can share this ccache; and it gives the Kerberos code itself,
 * not renumbered. Invariants:
 *   1. Once they are complete, nothing here changes but the count, until the last
 *      drop. libkrb5 locks the MEMORY ccache itself, which creds reach by its name.
 *   2. The krb5_context belongs to one thread at a time until then, then to that of the last
 *      drop, never to two.
 */
#include "tickets.h"
#include "armor.h"
#include "hook.h"
#include "mech.h"
#include "status.h"
#include "text.h"

#include <errno.h>
#include <profile.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct gss_tickets {
    atomic_uint references;
    krb5_context context;
    krb5_ccache ccache;
    char *name;
    int64_t expiry;
    int64_t renewal;

    /* Until they are complete. */
    krb5_get_init_creds_opt *options;
    krb5_principal principal;
    krb5_keytab keytab;
    krb5_init_creds_context login;
    bool armor_asks;
};

/* krb5_timestamp counts seconds in 32 bits, unsigned since 1.16 (valid until 2106). */
static int64_t seconds(krb5_timestamp stamp)
{
    return (int64_t)(uint32_t)stamp;
}

krb5_error_code gss_tickets_principal(krb5_context context, krb5_keytab keytab,
                                      krb5_principal *principal)
{
    krb5_kt_cursor cursor;
    krb5_keytab_entry entry;
    krb5_error_code code = krb5_kt_start_seq_get(context, keytab, &cursor);

    if (code != 0)
        return code;
    code = krb5_kt_next_entry(context, keytab, &entry, &cursor);
    if (code == 0) {
        code = krb5_copy_principal(context, entry.principal, principal);
        krb5_free_keytab_entry_contents(context, &entry);
    }
    krb5_kt_end_seq_get(context, keytab, &cursor);
    return code;
}

/* Invariant 1 begins to hold, or the tickets go. */
static void put_tools_away(gss_tickets *tickets)
{
    krb5_context context = tickets->context;

    krb5_set_kdc_send_hook(context, NULL, NULL);
    if (tickets->login != NULL)
        krb5_init_creds_free(context, tickets->login);
    if (tickets->options != NULL)
        krb5_get_init_creds_opt_free(context, tickets->options);
    if (tickets->keytab != NULL)
        krb5_kt_close(context, tickets->keytab);
    krb5_free_principal(context, tickets->principal);
    tickets->login = NULL;
    tickets->options = NULL;
    tickets->keytab = NULL;
    tickets->principal = NULL;
}

/* What both ways of getting tickets need. */
static krb5_error_code prepare(gss_tickets *tickets, const gss_recipe *recipe)
{
    krb5_context context = tickets->context;
    krb5_error_code code = krb5_get_init_creds_opt_alloc(context, &tickets->options);

    if (code == 0 && recipe->login_keytab != NULL)
        code = krb5_kt_resolve(context, recipe->login_keytab, &tickets->keytab);
    if (code == 0 && recipe->account != NULL)
        code = krb5_parse_name(context, recipe->account, &tickets->principal);
    else if (code == 0)
        code = gss_tickets_principal(context, tickets->keytab, &tickets->principal);
    if (code == 0 && recipe->armor_cache != NULL)
        code = gss_armor_put_on(context, tickets->options, recipe->armor_cache,
                                krb5_princ_realm(context, tickets->principal),
                                &tickets->armor_asks);
    if (code == 0)
        code = krb5_cc_new_unique(context, "MEMORY", NULL, &tickets->ccache);
    if (code == 0)
        code = krb5_cc_get_full_name(context, tickets->ccache, &tickets->name);
    if (code == 0)
        code =
            krb5_get_init_creds_opt_set_out_ccache(context, tickets->options, tickets->ccache);
    return code;
}

static void set_times(gss_tickets *tickets, const krb5_ticket_times *times)
{
    int64_t life;

    tickets->expiry = seconds(times->endtime);
    life =
        tickets->expiry - seconds(times->starttime != 0 ? times->starttime : times->authtime);
    tickets->renewal = tickets->expiry - (life > 1200 ? 300 : life / 4);
}

static krb5_error_code exchange(gss_tickets *tickets, const gss_recipe *recipe)
{
    krb5_context context = tickets->context;
    krb5_creds creds;
    krb5_error_code code = prepare(tickets, recipe);

    memset(&creds, 0, sizeof creds);
    if (code == 0 && recipe->password != NULL)
        code =
            krb5_get_init_creds_password(context, &creds, tickets->principal, recipe->password,
                                         NULL, NULL, 0, NULL, tickets->options);
    else if (code == 0)
        code = krb5_get_init_creds_keytab(context, &creds, tickets->principal, tickets->keytab,
                                          0, NULL, tickets->options);
    if (code == 0)
        set_times(tickets, &creds.times);
    krb5_free_cred_contents(context, &creds);
    put_tools_away(tickets);
    return code;
}

static krb5_error_code create(gss_tickets **made)
{
    gss_tickets *tickets = calloc(1, sizeof *tickets);
    krb5_error_code code;

    *made = tickets;
    if (tickets == NULL)
        return ENOMEM;
    atomic_init(&tickets->references, 1);
    code = krb5_init_context(&tickets->context);
    if (code != 0)
        tickets->context = NULL;
    return code;
}

krb5_error_code gss_tickets_open(const gss_recipe *recipe, void *const *call,
                                 gss_tickets **made)
{
    krb5_error_code code = create(made);
    gss_tickets *tickets = *made;

    if (code == 0) {
        gss_hook_set(tickets->context, call);
        code = prepare(tickets, recipe);
    }
    if (code == 0)
        code = krb5_init_creds_init(tickets->context, tickets->principal, NULL, NULL, 0,
                                    tickets->options, &tickets->login);
    if (code == 0 && recipe->password != NULL)
        code = krb5_init_creds_set_password(tickets->context, tickets->login, recipe->password);
    else if (code == 0)
        code = krb5_init_creds_set_keytab(tickets->context, tickets->login, tickets->keytab);
    return code;
}

krb5_error_code gss_tickets_step(gss_tickets *tickets, krb5_data *reply, krb5_data *request,
                                 krb5_data *realm, bool *more)
{
    krb5_ticket_times times;
    unsigned flags = 0;
    krb5_error_code code =
        krb5_init_creds_step(tickets->context, tickets->login, reply, request, realm, &flags);

    *more = code == 0 && (flags & KRB5_INIT_CREDS_STEP_FLAG_CONTINUE);
    if (code != 0 || *more)
        return code;
    code = krb5_init_creds_get_times(tickets->context, tickets->login, &times);
    if (code == 0)
        set_times(tickets, &times);
    put_tools_away(tickets);
    return code;
}

bool gss_tickets_block(const gss_tickets *tickets)
{
    const krb5_data *realm = krb5_princ_realm(tickets->context, tickets->principal);
    char *name = gss_text_of(realm->data, realm->length);
    const char *places[][4] = {{"libdefaults", "pkinit_identities", NULL, NULL},
                               {"libdefaults", name, "pkinit_identities", NULL},
                               {"realms", name, "pkinit_identities", NULL}};
    profile_t profile;
    bool found = name == NULL || tickets->armor_asks;

    if (name != NULL && krb5_get_profile(tickets->context, &profile) == 0) {
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            char **values = NULL;

            found = profile_get_values(profile, places[i], &values) == 0 || found;
            profile_free_list(values);
        }
        profile_release(profile);
    }
    free(name);
    return found;
}

krb5_context gss_tickets_context(gss_tickets *tickets)
{
    return tickets != NULL ? tickets->context : NULL;
}

SECURITY_STATUS gss_tickets_get(const gss_recipe *recipe, void *call, gss_tickets **tickets,
                                sspia_report *report)
{
    gss_tickets *made = NULL;
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    krb5_error_code code;

    *tickets = NULL;
    code = create(&made);
    if (made == NULL)
        return status;
    if (code != 0) {
        status = gss_status_krb5(NULL, code, GSS_AT_ACQUIRE, "Kerberos configuration", report);
        goto done;
    }
    if (call != NULL)
        gss_hook_set(made->context, &call);
    code = exchange(made, recipe);
    if (code != 0) {
        status = gss_status_krb5(
            made->context, code, GSS_AT_ACQUIRE,
            recipe->account != NULL ? recipe->account : recipe->login_keytab, report);
        goto done;
    }
    *tickets = made;
    made = NULL;
    status = SEC_E_OK;

done:
    gss_tickets_drop(made);
    return status;
}

/* Of a cred that an acceptor was delegated, or a service has made for a user. */
static SECURITY_STATUS store(gss_cred_id_t cred, gss_tickets *tickets, sspia_report *report)
{
    gss_key_value_element_desc element = {"ccache", tickets->name};
    const gss_key_value_set_desc place = {1, &element};
    OM_uint32 lifetime = 0;
    OM_uint32 minor;
    OM_uint32 major = gss_store_cred_into(&minor, cred, GSS_C_INITIATE, &gss_oid_kerberos, 1, 0,
                                          &place, NULL, NULL);

    if (!GSS_ERROR(major))
        major = gss_inquire_cred(&minor, cred, NULL, &lifetime, NULL, NULL);
    tickets->expiry = lifetime == GSS_C_INDEFINITE ? INT64_MAX : (int64_t)time(NULL) + lifetime;
    tickets->renewal = tickets->expiry; /* by whoever gave them */
    return gss_status(major, minor, GSS_AT_ACQUIRE, report);
}

/* libkrb5 leaves this note where it composes such creds. */
static bool is_proxy(const gss_tickets *tickets)
{
    krb5_data service;

    if (krb5_cc_get_config(tickets->context, tickets->ccache, NULL, "proxy_impersonator",
                           &service) != 0)
        return false;
    krb5_free_data_contents(tickets->context, &service);
    return true;
}

SECURITY_STATUS gss_tickets_copy(gss_cred_id_t cred, gss_tickets **tickets, bool *proxy,
                                 sspia_report *report)
{
    gss_tickets *made = calloc(1, sizeof *made);
    krb5_error_code code;
    SECURITY_STATUS status;

    *tickets = NULL;
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    atomic_init(&made->references, 1);
    code = krb5_init_context(&made->context);
    if (code == 0)
        code = krb5_cc_new_unique(made->context, "MEMORY", NULL, &made->ccache);
    else
        made->context = NULL;
    if (code == 0)
        code = krb5_cc_get_full_name(made->context, made->ccache, &made->name);
    status = code == 0 ? store(cred, made, report)
                       : gss_status_krb5(made->context, code, GSS_AT_ACQUIRE,
                                         "delegated tickets", report);
    if (status == SEC_E_OK) {
        *proxy = is_proxy(made);
        *tickets = made;
    } else {
        gss_tickets_drop(made);
    }
    return status;
}

gss_tickets *gss_tickets_keep(gss_tickets *tickets)
{
    if (tickets != NULL)
        atomic_fetch_add_explicit(&tickets->references, 1, memory_order_relaxed);
    return tickets;
}

void gss_tickets_drop(gss_tickets *tickets)
{
    /* acq_rel: the last one destroys after everyone else's use (invariant 2). */
    if (tickets == NULL ||
        atomic_fetch_sub_explicit(&tickets->references, 1, memory_order_acq_rel) != 1)
        return;
    if (tickets->context != NULL) {
        put_tools_away(tickets);
        if (tickets->ccache != NULL)
            krb5_cc_destroy(tickets->context, tickets->ccache);
        krb5_free_string(tickets->context, tickets->name);
        krb5_free_context(tickets->context);
    }
    free(tickets);
}

const char *gss_tickets_ccache(const gss_tickets *tickets)
{
    return tickets->name;
}

int64_t gss_tickets_expiry(const gss_tickets *tickets)
{
    return tickets->expiry;
}

int64_t gss_tickets_renewal(const gss_tickets *tickets)
{
    return tickets->renewal;
}
