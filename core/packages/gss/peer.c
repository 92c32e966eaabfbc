/* SPDX-License-Identifier: MIT */
/*
 * Whom a ticket is for. GSSAPI's own import says it, so that the ticket is the one that it will
 * look for. Once the principal is known GSSAPI is given that, and asks no DNS in the leg.
 */
#include "peer.h"
#include "mech.h"
#include "name.h"
#include "status.h"
#include "text.h"

#include <krb5.h>
#include <profile.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What the import of a service on a host asks the DNS (krb5.conf, [libdefaults]). */
typedef struct manner {
    bool asks_dns;
    bool fallback; /* only if the KDC does not know the name as it is */
} manner;

static manner find_manner(krb5_context context)
{
    manner found = {true, false};
    profile_t profile = NULL;
    char *canonicalize = NULL;
    int lookup_realm = 0;

    if (krb5_get_profile(context, &profile) != 0)
        return found;
    profile_get_string(profile, "libdefaults", "dns_canonicalize_hostname", NULL, "true",
                       &canonicalize);
    profile_get_boolean(profile, "libdefaults", "dns_lookup_realm", NULL, 0, &lookup_realm);
    if (canonicalize != NULL) {
        int asks = 1;

        found.fallback = strcasecmp(canonicalize, "fallback") == 0;
        profile_get_boolean(profile, "libdefaults", "dns_canonicalize_hostname", NULL, 1,
                            &asks);
        found.asks_dns = lookup_realm || (!found.fallback && asks);
    }
    profile_release_string(canonicalize);
    profile_release(profile);
    return found;
}

/* With "fallback" the import leaves the realm open. It is the one of the host as it is named:
 * text is service/host@, and becomes service/host@REALM where krb5.conf says so. */
static bool add_realm(krb5_context context, char **text)
{
    const char *host = strchr(*text, '/');
    size_t length = strlen(*text);
    char **realms = NULL;
    char *name;
    char *full;

    if (host == NULL || length == 0 || (*text)[length - 1] != '@')
        return true;
    name = strndup(host + 1, length - (size_t)(host + 2 - *text));
    if (name == NULL)
        return false;
    if (krb5_get_host_realm(context, name, &realms) == 0 && realms != NULL &&
        gss_text_given(realms[0])) {
        full = malloc(length + strlen(realms[0]) + 1);
        if (full != NULL) {
            memcpy(full, *text, length);
            memcpy(full + length, realms[0], strlen(realms[0]) + 1);
            free(*text);
            *text = full;
        }
    }
    krb5_free_host_realm(context, realms);
    free(name);
    return true;
}

static SECURITY_STATUS display(const char *target, char **principal, sspia_report *report)
{
    gss_name_t imported = GSS_C_NO_NAME;
    gss_name_t canonical = GSS_C_NO_NAME;
    gss_buffer_desc text = {0, NULL};
    unsigned usable;
    OM_uint32 major;
    OM_uint32 minor;
    SECURITY_STATUS status =
        gss_name_target(target, GSS_MECH_KERBEROS, &imported, &usable, report);

    if (status != SEC_E_OK)
        return status;
    major = gss_canonicalize_name(&minor, imported, &gss_oid_kerberos, &canonical);
    if (!GSS_ERROR(major))
        major = gss_display_name(&minor, canonical, &text, NULL);
    status = gss_status(major, minor, GSS_AT_INITIATE, report);
    if (status == SEC_E_OK) {
        *principal = strndup(text.value, text.length);
        if (*principal == NULL)
            status = SEC_E_INSUFFICIENT_MEMORY;
    }
    gss_release_buffer(&minor, &text);
    gss_release_name(&minor, &canonical);
    gss_release_name(&minor, &imported);
    return status;
}

SECURITY_STATUS gss_peer_principal(const char *target, bool may_block, char **principal,
                                   sspia_report *report)
{
    bool service = gss_text_given(target) && gss_name_is_service(target);
    krb5_context context = NULL;
    manner found = {false, false};
    SECURITY_STATUS status;
    krb5_error_code code;

    *principal = NULL;
    if (service) {
        code = krb5_init_context(&context);
        if (code != 0)
            return gss_status_krb5(NULL, code, GSS_AT_INITIATE, "Kerberos configuration",
                                   report);
        found = find_manner(context);
    }
    if (found.asks_dns && !may_block)
        status = SSPIA_WAITING;
    else
        status = display(target, principal, report);
    if (status == SEC_E_OK && found.fallback && !add_realm(context, principal))
        status = SEC_E_INSUFFICIENT_MEMORY;
    if (context != NULL)
        krb5_free_context(context);
    return status;
}
