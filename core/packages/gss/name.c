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

SECURITY_STATUS gss_name_target(const char *target, gss_name_t *name, sspia_report *report)
{
    shape found = {SERVICE, NULL};
    char *account = NULL;
    SECURITY_STATUS status;

    *name = GSS_C_NO_NAME;
    if (!gss_text_given(target))
        return gss_status_report(report, SEC_E_TARGET_UNKNOWN, "target name",
                                 "Kerberos needs one");
    if (!find_shape(target, false, &found))
        return gss_status_report(report, SEC_E_INSUFFICIENT_MEMORY, "target name", NULL);
    if (found.kind == SERVICE) {
        status =
            import(found.service, GSS_C_NT_HOSTBASED_SERVICE, GSS_AT_INITIATE, name, report);
    } else if (found.kind == PRINCIPAL) {
        status = import(target, GSS_KRB5_NT_PRINCIPAL_NAME, GSS_AT_INITIATE, name, report);
    } else {
        status = gss_name_account(target, NULL, &account, report);
        if (status == SEC_E_OK)
            status = import(account, GSS_C_NT_USER_NAME, GSS_AT_INITIATE, name, report);
    }
    free(found.service);
    free(account);
    return status;
}

SECURITY_STATUS gss_name_service(const char *principal, gss_name_t *name, sspia_report *report)
{
    shape found = {SERVICE, NULL};
    SECURITY_STATUS status;

    *name = GSS_C_NO_NAME;
    if (!gss_text_given(principal))
        return SEC_E_OK;
    if (!find_shape(principal, true, &found))
        return gss_status_report(report, SEC_E_INSUFFICIENT_MEMORY, "principal", NULL);
    if (found.kind == SERVICE)
        status =
            import(found.service, GSS_C_NT_HOSTBASED_SERVICE, GSS_AT_ACQUIRE, name, report);
    else if (found.kind == PRINCIPAL)
        status = import(principal, GSS_KRB5_NT_PRINCIPAL_NAME, GSS_AT_ACQUIRE, name, report);
    else
        status = import(principal, GSS_C_NT_USER_NAME, GSS_AT_ACQUIRE, name, report);
    free(found.service);
    return status;
}

/* user@realm; an '@' in the user is escaped, as krb5_parse_name wants it. NULL if memory ran
 * out. */
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
                                 sspia_report *report)
{
    const char *backslash = strchr(user, '\\');
    const char *at = strrchr(user, '@');
    char *left = NULL;

    *text = NULL;
    if (gss_text_given(domain)) {
        *text = join_account(user, domain);
    } else if (backslash == user) {
        gss_text_copy(user + 1, text);
    } else if (backslash != NULL) {
        left = strndup(user, (size_t)(backslash - user));
        if (left != NULL)
            *text = join_account(backslash + 1, left);
    } else if (at != NULL) {
        left = strndup(user, (size_t)(at - user));
        if (left != NULL)
            *text = join_account(left, at + 1);
    } else {
        gss_text_copy(user, text);
    }
    free(left);
    return *text != NULL
               ? SEC_E_OK
               : gss_status_report(report, SEC_E_INSUFFICIENT_MEMORY, "user name", NULL);
}

SECURITY_STATUS gss_name_user(const char *text, gss_name_t *name, sspia_report *report)
{
    return import(text, GSS_C_NT_USER_NAME, GSS_AT_ACQUIRE, name, report);
}
