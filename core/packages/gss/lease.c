/* SPDX-License-Identifier: MIT */
/* Making one gss_cred_id_t by its recipe. */
#include "lease.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>

static void put(gss_key_value_set_desc *store, const char *key, const char *value)
{
    if (value == NULL)
        return;
    store->elements[store->count].key = key;
    store->elements[store->count].value = value;
    store->count++;
}

/* Kerberos contexts carry CONF and INTEG whether asked for or not, unless the credential has
 * this option. step.c asks for what is due. */
static void set_options(gss_lease *lease, gss_cred_usage_t usage)
{
    OM_uint32 minor;
    gss_buffer_desc empty = {0, NULL};

    if (usage == GSS_C_INITIATE)
        gss_set_cred_option(&minor, &lease->cred, (gss_OID)GSS_KRB5_CRED_NO_CI_FLAGS_X, &empty);
}

static void fill_store(const gss_recipe *recipe, const gss_lease *lease,
                       gss_key_value_set_desc *store)
{
    put(store, "ccache",
        lease->ticket != NULL    ? gss_ticket_ccache(lease->ticket)
        : lease->tickets != NULL ? gss_tickets_ccache(lease->tickets)
                                 : recipe->ccache);
    put(store, "keytab", recipe->keytab);
    if (lease->ticket == NULL)
        put(store, "client_keytab", recipe->client_keytab);
    put(store, "rcache", recipe->replay_cache);
}

/* libkrb5 says what is missing, GSSAPI loses where. */
static SECURITY_STATUS name_place(const gss_recipe *recipe, SECURITY_STATUS status,
                                  sspia_report *report)
{
    const char *place = recipe->ccache != NULL ? recipe->ccache : recipe->keytab;
    char text[SSPIA_REPORT_SIZE];

    if (place == NULL)
        return status;
    memcpy(text, report->text, sizeof text);
    text[sizeof text - 1] = '\0';
    return gss_status_report(report, status, place, text);
}

static SECURITY_STATUS acquire(const gss_recipe *recipe, gss_lease *lease, sspia_report *report)
{
    gss_key_value_element_desc elements[4];
    gss_key_value_set_desc store = {0, elements};
    gss_OID_set_desc set = {1, &gss_oid_kerberos};
    OM_uint32 major;
    OM_uint32 minor;

    fill_store(recipe, lease, &store);
    major = gss_acquire_cred_from(&minor, lease->ticket == NULL ? recipe->name : GSS_C_NO_NAME,
                                  GSS_C_INDEFINITE, &set, recipe->usage,
                                  store.count > 0 ? &store : GSS_C_NO_CRED_STORE, &lease->cred,
                                  NULL, NULL);
    if (GSS_ERROR(major))
        return name_place(recipe, gss_status(major, minor, GSS_AT_ACQUIRE, report), report);
    return SEC_E_OK;
}

/* Makes the cred the user's, for whom the service that it is asks for a ticket (S4U2Self). */
static SECURITY_STATUS impersonate(const gss_recipe *recipe, gss_lease *lease,
                                   sspia_report *report)
{
    gss_OID_set_desc set = {1, &gss_oid_kerberos};
    gss_cred_id_t made = GSS_C_NO_CREDENTIAL;
    gss_name_t user = GSS_C_NO_NAME;
    gss_buffer_desc text = {strlen(recipe->impersonate), recipe->impersonate};
    OM_uint32 major;
    OM_uint32 minor;
    OM_uint32 ignored;
    SECURITY_STATUS status;

    major = gss_import_name(&minor, &text, GSS_C_NT_USER_NAME, &user);
    if (!GSS_ERROR(major))
        major = gss_acquire_cred_impersonate_name(&minor, lease->cred, user, GSS_C_INDEFINITE,
                                                  &set, GSS_C_INITIATE, &made, NULL, NULL);
    status = gss_status(major, minor, GSS_AT_INITIATE, report);
    gss_release_name(&ignored, &user);
    gss_release_cred(&ignored, &lease->cred);
    lease->cred = made;
    return status;
}

SECURITY_STATUS gss_lease_make(const gss_recipe *recipe, gss_lease *lease, sspia_report *report)
{
    SECURITY_STATUS status = acquire(recipe, lease, report);

    if (status == SEC_E_OK && recipe->impersonate != NULL)
        status = impersonate(recipe, lease, report);
    if (status == SEC_E_OK)
        set_options(lease, recipe->usage);
    return status;
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
    gss_ticket_drop(lease->ticket);
    free(lease);
}
