/* SPDX-License-Identifier: MIT */
/* Names of Windows and of Kerberos, to GSSAPI names. */
#include "name.h"
#include "mech.h"
#include "status.h"
#include "text.h"

#include <ctype.h>
#include <krb5.h>
#include <profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static SECURITY_STATUS import(const char *text, gss_OID type, gss_where where, gss_name_t *name,
                              sspia_report *report)
{
    OM_uint32 minor;
    OM_uint32 major;
    gss_buffer_desc buffer = {strlen(text), (void *)(uintptr_t)text};

    major = gss_import_name(&minor, &buffer, type, name);
    return gss_status(major, minor, where, report);
}

/* True if krb5.conf has a [realms] entry of this name, or it is the default realm. */
static bool realm_is_known(const char *realm)
{
    krb5_context context = NULL;
    profile_t profile = NULL;
    char *default_realm = NULL;
    char *kdc = NULL;
    bool known = false;

    if (krb5_init_context(&context) != 0)
        return false;
    if (krb5_get_default_realm(context, &default_realm) == 0)
        known = strcmp(default_realm, realm) == 0;
    if (!known && krb5_get_profile(context, &profile) == 0 &&
        profile_get_string(profile, "realms", realm, "kdc", NULL, &kdc) == 0)
        known = kdc != NULL;
    profile_release_string(kdc);
    if (profile != NULL)
        profile_release(profile);
    krb5_free_default_realm(context, default_realm);
    krb5_free_context(context);
    return known;
}

static bool looks_like_realm(const char *text)
{
    bool dot = false;

    for (const char *c = text; *c != '\0'; c++) {
        dot = dot || *c == '.';
        if (islower((unsigned char)*c))
            return realm_is_known(text);
    }
    return dot || realm_is_known(text);
}

/* What a name with or without '/', '@' and '\' is taken for. */
typedef struct shape {
    enum { ACCOUNT, PRINCIPAL, SERVICE } kind;
    char *service; /* service@host, where there is one; freed with free */
} shape;

static bool find_shape(const char *text, bool bare_is_service, shape *found)
{
    const char *slash = strchr(text, '/');
    const char *at = strrchr(text, '@');
    size_t length = at != NULL ? (size_t)(at - text) : strlen(text);

    found->kind = ACCOUNT;
    found->service = NULL;
    if (strchr(text, '\\') != NULL)
        return true;
    if (slash != NULL && (at == NULL || slash < at)) {
        found->kind = at != NULL || strchr(slash + 1, '/') != NULL ? PRINCIPAL : SERVICE;
        found->service = strndup(text, length);
        if (found->service == NULL)
            return false;
        found->service[slash - text] = '@';
        return true;
    }
    if (at != NULL ? looks_like_realm(at + 1) : !bare_is_service)
        return true;
    found->kind = SERVICE;
    return gss_text_copy(text, &found->service);
}

bool gss_name_service_of(const char *target, char **service)
{
    shape found = {SERVICE, NULL};

    *service = NULL;
    if (!gss_text_given(target))
        return true;
    if (!find_shape(target, false, &found))
        return false;
    if (found.kind == SERVICE)
        *service = found.service;
    else
        free(found.service);
    return true;
}

SECURITY_STATUS gss_name_target(const char *target, unsigned mechs, gss_name_t *name,
                                unsigned *usable, sspia_report *report)
{
    shape found = {SERVICE, NULL};
    char *account = NULL;
    char *ignored = NULL;
    SECURITY_STATUS status;

    *name = GSS_C_NO_NAME;
    *usable = mechs;
    if (!gss_text_given(target))
        *usable = mechs & GSS_MECH_NTLM;
    else if (!find_shape(target, false, &found))
        return gss_status_report(report, SEC_E_INSUFFICIENT_MEMORY, "target name", NULL);
    if (*usable == 0) {
        status = gss_status_report(report, SEC_E_TARGET_UNKNOWN, "target name",
                                   "Kerberos needs one");
        goto done;
    }
    if (*usable == GSS_MECH_NTLM) {
        /* gss-ntlmssp wants the name of a host whatever the target is. One without a service
         * makes no claim (MsvAvTargetName) to the server. */
        status = import(found.service != NULL ? found.service : "@localhost",
                        GSS_C_NT_HOSTBASED_SERVICE, GSS_AT_INITIATE, name, report);
    } else if (found.kind == SERVICE) {
        status =
            import(found.service, GSS_C_NT_HOSTBASED_SERVICE, GSS_AT_INITIATE, name, report);
    } else if (found.kind == PRINCIPAL) {
        *usable &= ~GSS_MECH_NTLM; /* it cannot import this type */
        status = import(target, GSS_KRB5_NT_PRINCIPAL_NAME, GSS_AT_INITIATE, name, report);
    } else {
        *usable &= ~GSS_MECH_NTLM;
        status = gss_name_account(target, NULL, &account, &ignored, report);
        if (status == SEC_E_OK)
            status = import(account, GSS_C_NT_USER_NAME, GSS_AT_INITIATE, name, report);
    }

done:
    free(found.service);
    free(account);
    free(ignored);
    return status;
}

/* "@host": gss-ntlmssp puts a service's name into its challenge, and its own initiators then
 * refuse every other name that the host may have; Windows sends none. */
static SECURITY_STATUS import_host(const char *service, gss_name_t *name, sspia_report *report)
{
    char text[512] = "@";

    if (service != NULL && strchr(service, '@') != NULL)
        snprintf(text, sizeof text, "%s", strchr(service, '@'));
    else
        gethostname(text + 1, sizeof text - 2);
    return import(text, GSS_C_NT_HOSTBASED_SERVICE, GSS_AT_ACQUIRE, name, report);
}

SECURITY_STATUS gss_name_service(const char *principal, unsigned mech, gss_name_t *name,
                                 sspia_report *report)
{
    shape found = {SERVICE, NULL};
    SECURITY_STATUS status = SEC_E_OK;

    *name = GSS_C_NO_NAME;
    if (gss_text_given(principal) && !find_shape(principal, true, &found))
        return gss_status_report(report, SEC_E_INSUFFICIENT_MEMORY, "principal", NULL);
    if (mech == GSS_MECH_NTLM)
        status = import_host(found.service, name, report);
    else if (!gss_text_given(principal))
        status = SEC_E_OK;
    else if (found.kind == SERVICE)
        status =
            import(found.service, GSS_C_NT_HOSTBASED_SERVICE, GSS_AT_ACQUIRE, name, report);
    else if (found.kind == PRINCIPAL)
        status = import(principal, GSS_KRB5_NT_PRINCIPAL_NAME, GSS_AT_ACQUIRE, name, report);
    else
        status = import(principal, GSS_C_NT_USER_NAME, GSS_AT_ACQUIRE, name, report);
    free(found.service);
    return status;
}

/* user@realm; an '@' in the user is escaped, which krb5_parse_name and gss-ntlmssp both
 * understand. NULL if memory ran out. */
static char *join_account(const char *user, const char *realm)
{
    size_t length = 2 * strlen(user) + strlen(realm) + 2;
    char *text = malloc(length);
    char *end = text;

    if (text == NULL)
        return NULL;
    for (const char *c = user; *c != '\0'; c++) {
        if (*c == '@')
            *end++ = '\\';
        *end++ = *c;
    }
    snprintf(end, length - (size_t)(end - text), "@%s", realm);
    if (!realm_is_known(realm)) {
        for (char *c = end; *c != '\0'; c++)
            *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    }
    return text;
}

SECURITY_STATUS gss_name_account(const char *user, const char *domain, char **text,
                                 char **ntlm_domain, sspia_report *report)
{
    const char *backslash = strchr(user, '\\');
    const char *at = strrchr(user, '@');
    char *left = NULL;

    *text = NULL;
    *ntlm_domain = NULL;
    if (gss_text_given(domain)) {
        *text = join_account(user, domain);
        gss_text_copy(domain, ntlm_domain);
    } else if (backslash != NULL) {
        *ntlm_domain = strndup(user, (size_t)(backslash - user));
        if (*ntlm_domain != NULL && backslash > user)
            *text = join_account(backslash + 1, *ntlm_domain);
        else if (*ntlm_domain != NULL)
            gss_text_copy(backslash + 1, text);
    } else if (at != NULL) {
        left = strndup(user, (size_t)(at - user));
        if (left != NULL)
            *text = join_account(left, at + 1);
        free(left);
    } else {
        gss_text_copy(user, text);
    }
    if (*text != NULL &&
        (*ntlm_domain != NULL || (!gss_text_given(domain) && backslash == NULL)))
        return SEC_E_OK;
    free(*text);
    free(*ntlm_domain);
    *text = NULL;
    *ntlm_domain = NULL;
    return gss_status_report(report, SEC_E_INSUFFICIENT_MEMORY, "user name", NULL);
}

SECURITY_STATUS gss_name_user(const char *text, gss_name_t *name, sspia_report *report)
{
    return import(text, GSS_C_NT_USER_NAME, GSS_AT_ACQUIRE, name, report);
}
