/* SPDX-License-Identifier: MIT */
/*
 * GSSAPI and Kerberos error codes to SECURITY_STATUS, and to text.
 *
 * Minor codes belong to a mechanism. Where two mechanisms use one number, the mechanism glue
 * (krb5 util_errmap.c) hands out a made-up one from 100001 on for the second. The table is
 * the process's: a program that also uses SPNEGO of the system, which passes on what Kerberos
 * said, can make a dead KDC 100001 or so here.
 * The table of made-up numbers is not public, but gss_display_status reads it: the text of
 * a made-up code is, at that moment and on that thread, exactly the text of the code behind
 * it, in any language. So the codes we know are tried (true_minor).
 */
#include "status.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define AT(where) (1u << (where))
#define ANYWHERE                                                                               \
    (AT(GSS_AT_ACQUIRE) | AT(GSS_AT_INITIATE) | AT(GSS_AT_ACCEPT) | AT(GSS_AT_MESSAGE))
#define CLIENT (AT(GSS_AT_ACQUIRE) | AT(GSS_AT_INITIATE))

/* First match counts. */
static const struct rule {
    int64_t minor;
    unsigned where;
    SECURITY_STATUS status;
} rules[] = {
    {KRB5_KDC_UNREACH, ANYWHERE, SEC_E_NO_AUTHENTICATING_AUTHORITY},
    {KRB5_REALM_UNKNOWN, ANYWHERE, SEC_E_NO_AUTHENTICATING_AUTHORITY},
    {KRB5_REALM_CANT_RESOLVE, ANYWHERE, SEC_E_NO_AUTHENTICATING_AUTHORITY},
    {KRB5KDC_ERR_SVC_UNAVAILABLE, ANYWHERE, SEC_E_NO_AUTHENTICATING_AUTHORITY},
    {KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, ANYWHERE, SEC_E_TARGET_UNKNOWN},
    {KRB5_ERR_HOST_REALM_UNKNOWN, ANYWHERE, SEC_E_TARGET_UNKNOWN},
    {KRB5_ERR_BAD_HOSTNAME, ANYWHERE, SEC_E_TARGET_UNKNOWN},
    {KRB5KRB_AP_ERR_SKEW, ANYWHERE, SEC_E_TIME_SKEW},
    {KRB5_KDCREP_SKEW, ANYWHERE, SEC_E_TIME_SKEW},
    {KRB5KRB_AP_ERR_TKT_NYV, ANYWHERE, SEC_E_TIME_SKEW},
    {KRB5KDC_ERR_PREAUTH_FAILED, ANYWHERE, SEC_E_LOGON_DENIED},
    {KRB5_PREAUTH_FAILED, ANYWHERE, SEC_E_LOGON_DENIED},
    {KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, ANYWHERE, SEC_E_LOGON_DENIED},
    {KRB5KDC_ERR_CLIENT_REVOKED, ANYWHERE, SEC_E_LOGON_DENIED},
    {KRB5KDC_ERR_NAME_EXP, ANYWHERE, SEC_E_LOGON_DENIED},
    {KRB5KDC_ERR_KEY_EXP, ANYWHERE, SEC_E_LOGON_DENIED},
    {KRB5KDC_ERR_POLICY, ANYWHERE, SEC_E_LOGON_DENIED},
    {KRB5KDC_ERR_PADATA_TYPE_NOSUPP, ANYWHERE, SEC_E_UNSUPPORTED_PREAUTH},
    {KRB5_ERR_FAST_REQUIRED, ANYWHERE, SEC_E_UNSUPPORTED_PREAUTH},
    {KRB5KDC_ERR_ETYPE_NOSUPP, ANYWHERE, SEC_E_KDC_UNKNOWN_ETYPE},
    /* A service may not act for its client towards this target (S4U2Proxy). */
    {KRB5KDC_ERR_BADOPTION, AT(GSS_AT_INITIATE), SEC_E_DELEGATION_POLICY},
    {KRB5KDC_ERR_MUST_USE_USER2USER, ANYWHERE, SEC_E_NO_TGT_REPLY},
    {KRB5_MUTUAL_FAILED, ANYWHERE, SEC_E_MUTUAL_AUTH_FAILED},
    /* A password that does not fit the KDC's answer; a service whose key is another one than
     * the KDC's; a token that was changed on its way, or a stale keytab. */
    {KRB5KRB_AP_ERR_BAD_INTEGRITY, AT(GSS_AT_ACQUIRE), SEC_E_LOGON_DENIED},
    {KRB5KRB_AP_ERR_BAD_INTEGRITY, AT(GSS_AT_INITIATE), SEC_E_WRONG_PRINCIPAL},
    {KRB5KRB_AP_ERR_BAD_INTEGRITY, ANYWHERE, SEC_E_MESSAGE_ALTERED},
    {KRB5KRB_AP_ERR_MODIFIED, AT(GSS_AT_INITIATE), SEC_E_WRONG_PRINCIPAL},
    {KRB5KRB_AP_ERR_MODIFIED, ANYWHERE, SEC_E_MESSAGE_ALTERED},
    {KRB5KRB_AP_ERR_NOT_US, ANYWHERE, SEC_E_WRONG_PRINCIPAL},
    {KRB5KRB_AP_WRONG_PRINC, ANYWHERE, SEC_E_WRONG_PRINCIPAL},
    {KRB5KRB_AP_ERR_BADKEYVER, ANYWHERE, SEC_E_WRONG_PRINCIPAL},
    {KRB5KRB_AP_ERR_NOKEY, ANYWHERE, SEC_E_WRONG_PRINCIPAL},
    {KRB5_KT_KVNONOTFOUND, AT(GSS_AT_ACCEPT), SEC_E_WRONG_PRINCIPAL},
    {KRB5_KT_NOTFOUND, AT(GSS_AT_ACCEPT), SEC_E_WRONG_PRINCIPAL},
    {KRB5KRB_AP_ERR_TKT_EXPIRED, CLIENT, SEC_E_NO_CREDENTIALS},
    {KRB5KRB_AP_ERR_TKT_EXPIRED, ANYWHERE, SEC_E_CONTEXT_EXPIRED},
    {KRB5KRB_AP_ERR_REPEAT, ANYWHERE, SEC_E_OUT_OF_SEQUENCE},
    {KRB5_FCC_NOFILE, ANYWHERE, SEC_E_NO_CREDENTIALS},
    {KRB5_FCC_PERM, ANYWHERE, SEC_E_NO_CREDENTIALS},
    {KRB5_FCC_INTERNAL, ANYWHERE, SEC_E_NO_CREDENTIALS},
    {KRB5_CC_NOTFOUND, ANYWHERE, SEC_E_NO_CREDENTIALS},
    {KRB5_CC_FORMAT, ANYWHERE, SEC_E_NO_CREDENTIALS},
    {KRB5_CC_UNKNOWN_TYPE, ANYWHERE, SEC_E_INVALID_PARAMETER},
    {KRB5_CC_BADNAME, ANYWHERE, SEC_E_INVALID_PARAMETER},
    {KRB5_KT_UNKNOWN_TYPE, ANYWHERE, SEC_E_INVALID_PARAMETER},
    {KRB5_KT_BADNAME, ANYWHERE, SEC_E_INVALID_PARAMETER},
    {KRB5_NO_TKT_SUPPLIED, ANYWHERE, SEC_E_NO_CREDENTIALS},
    {KRB5_KT_NOTFOUND, ANYWHERE, SEC_E_NO_CREDENTIALS},
    {KRB5_CONFIG_NODEFREALM, ANYWHERE, SEC_E_UNKNOWN_CREDENTIALS},
    {KRB5_PARSE_MALFORMED, AT(GSS_AT_ACQUIRE), SEC_E_UNKNOWN_CREDENTIALS},
    {KRB5_PARSE_MALFORMED, AT(GSS_AT_INITIATE), SEC_E_TARGET_UNKNOWN},
    {ENOMEM, ANYWHERE, SEC_E_INSUFFICIENT_MEMORY},
    /* The system's own, of a file that was named: a keytab, a ticket cache, a replay cache. */
    {ENOENT, ANYWHERE, SEC_E_NO_CREDENTIALS},
    {ENOTDIR, ANYWHERE, SEC_E_NO_CREDENTIALS},
    {EACCES, ANYWHERE, SEC_E_NO_CREDENTIALS},
};

static bool same_code(OM_uint32 minor, int64_t known)
{
    return minor == (OM_uint32)known;
}

/* Appends the text of a code to a line of size bytes; several texts are joined. */
static void append_text(char *line, size_t size, OM_uint32 code, int type)
{
    OM_uint32 more = 0;
    OM_uint32 minor;
    gss_buffer_desc text;

    do {
        size_t used = strlen(line);

        if (GSS_ERROR(gss_display_status(&minor, code, type, GSS_C_NO_OID, &more, &text)))
            return;
        snprintf(line + used, size - used, "%s%.*s", used > 0 ? "; " : "",
                 (int)(text.length > 400 ? 400 : text.length), (const char *)text.value);
        gss_release_buffer(&minor, &text);
    } while (more != 0);
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ')
            *c = ' ';
    }
}

static OM_uint32 true_minor(OM_uint32 minor)
{
    char text[SSPIA_REPORT_SIZE] = "";
    char known[SSPIA_REPORT_SIZE];

    if (minor <= 100000 || minor > 200000)
        return minor;
    append_text(text, sizeof text, minor, GSS_C_MECH_CODE);
    for (size_t i = 0; text[0] != '\0' && i < sizeof rules / sizeof rules[0]; i++) {
        known[0] = '\0';
        append_text(known, sizeof known, (OM_uint32)rules[i].minor, GSS_C_MECH_CODE);
        if (strcmp(text, known) == 0)
            return (OM_uint32)rules[i].minor;
    }
    return minor;
}

static SECURITY_STATUS of_minor(OM_uint32 minor, gss_where where)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (same_code(minor, rules[i].minor) && (rules[i].where & AT(where)))
            return rules[i].status;
    }
    return SEC_E_OK;
}

static SECURITY_STATUS of_major(OM_uint32 major, gss_where where)
{
    switch (GSS_ROUTINE_ERROR(major)) {
    case GSS_S_BAD_BINDINGS:
        return SEC_E_BAD_BINDINGS;
    case GSS_S_BAD_MIC:
        return SEC_E_MESSAGE_ALTERED;
    case GSS_S_BAD_QOP:
        return SEC_E_QOP_NOT_SUPPORTED;
    case GSS_S_CONTEXT_EXPIRED:
        return SEC_E_CONTEXT_EXPIRED;
    case GSS_S_CREDENTIALS_EXPIRED:
        return where == GSS_AT_ACCEPT ? SEC_E_LOGON_DENIED : SEC_E_NO_CREDENTIALS;
    case GSS_S_NO_CRED:
    case GSS_S_DEFECTIVE_CREDENTIAL:
        return SEC_E_NO_CREDENTIALS;
    case GSS_S_NO_CONTEXT:
        return where == GSS_AT_MESSAGE ? SEC_E_INVALID_HANDLE : SEC_E_INVALID_TOKEN;
    case GSS_S_DEFECTIVE_TOKEN:
    case GSS_S_BAD_MECH:
        return SEC_E_INVALID_TOKEN;
    case GSS_S_BAD_NAME:
    case GSS_S_BAD_NAMETYPE:
        return where == GSS_AT_INITIATE ? SEC_E_TARGET_UNKNOWN : SEC_E_UNKNOWN_CREDENTIALS;
    case GSS_S_UNAUTHORIZED:
        return SEC_E_LOGON_DENIED;
    case GSS_S_UNAVAILABLE:
        return SEC_E_UNSUPPORTED_FUNCTION;
    case GSS_S_DUPLICATE_ELEMENT:
    case GSS_S_NAME_NOT_MN:
    default:
        return SEC_E_INTERNAL_ERROR;
    }
}

/* What to do about it, where the library's text does not say; or NULL. */
static const char *hint_of(OM_uint32 minor)
{
    if (same_code(true_minor(minor), KRB5_CONFIG_NODEFREALM))
        return "write user@REALM, or set default_realm under [libdefaults] in /etc/krb5.conf";
    return NULL;
}

SECURITY_STATUS gss_status(OM_uint32 major, OM_uint32 minor, gss_where where,
                           sspia_report *report)
{
    char major_text[SSPIA_REPORT_SIZE] = "";
    char minor_text[SSPIA_REPORT_SIZE] = "";
    SECURITY_STATUS status = SEC_E_OK;

    if (!GSS_ERROR(major)) {
        if ((major & (GSS_S_DUPLICATE_TOKEN | GSS_S_OLD_TOKEN | GSS_S_UNSEQ_TOKEN |
                      GSS_S_GAP_TOKEN)) == 0)
            return SEC_E_OK;
        append_text(major_text, sizeof major_text, major, GSS_C_GSS_CODE);
        return gss_status_report(report, SEC_E_OUT_OF_SEQUENCE, "order of messages",
                                 major_text);
    }
    append_text(major_text, sizeof major_text, major, GSS_C_GSS_CODE);
    if (minor != 0) /* of 0 it would say "Unknown error" */
        append_text(minor_text, sizeof minor_text, minor, GSS_C_MECH_CODE);
    switch (GSS_ROUTINE_ERROR(major)) {
    case GSS_S_BAD_BINDINGS:
    case GSS_S_BAD_MIC:
    case GSS_S_BAD_QOP:
        break; /* says it all; the minor code is incidental */
    case GSS_S_DEFECTIVE_TOKEN:
        /* A small number is the system's, and has little to do with the token. */
        minor = true_minor(minor);
        if (minor > 200)
            status = of_minor(minor, where);
        break;
    default:
        status = of_minor(true_minor(minor), where);
        break;
    }
    if (status == SEC_E_OK)
        status = of_major(major, where);
    if (GSS_ROUTINE_ERROR(major) == GSS_S_FAILURE) /* its text says that there is none */
        return gss_status_report(report, status,
                                 minor_text[0] != '\0' ? minor_text : "GSSAPI gives no reason",
                                 hint_of(minor));
    if (minor_text[0] != '\0')
        return gss_status_report(report, status, minor_text, major_text);
    return gss_status_report(report, status, major_text, NULL);
}

/* In the space that the loader keeps for the threads' variables of libraries: what a thread
 * gets for a library that comes later is unknown to LeakSanitizer, which then crashes. */
static _Thread_local uint32_t hints __attribute__((tls_model("initial-exec")));

uint32_t gss_status_take_hints(void)
{
    const uint32_t taken = hints;

    hints = 0;
    return taken;
}

SECURITY_STATUS gss_status_krb5(krb5_context context, krb5_error_code code, gss_where where,
                                const char *what, sspia_report *report)
{
    const char *hint = hint_of((OM_uint32)code);
    char line[SSPIA_REPORT_SIZE];
    const char *text;
    SECURITY_STATUS status;

    if (code == 0)
        return SEC_E_OK;
    status = of_minor((OM_uint32)code, where);
    if (where == GSS_AT_ACQUIRE && code == KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN)
        hints = SSPIA_HINT_LOGON | SSPIA_HINT_UNKNOWN;
    else if (where == GSS_AT_ACQUIRE && status == SEC_E_NO_AUTHENTICATING_AUTHORITY)
        hints = SSPIA_HINT_LOGON;
    text = krb5_get_error_message(context, code);
    snprintf(line, sizeof line, "%s%s%s", text, hint != NULL ? ": " : "",
             hint != NULL ? hint : "");
    gss_status_report(report, status == SEC_E_OK ? SEC_E_INTERNAL_ERROR : status, what, line);
    krb5_free_error_message(context, text);
    return status == SEC_E_OK ? SEC_E_INTERNAL_ERROR : status;
}

SECURITY_STATUS gss_status_initiate(krb5_context context, krb5_error_code code,
                                    sspia_report *report)
{
    SECURITY_STATUS status = of_minor((OM_uint32)code, GSS_AT_INITIATE);
    const char *text = krb5_get_error_message(context, code);

    if (status == SEC_E_OK)
        status = SEC_E_INTERNAL_ERROR;
    gss_status_report(report, status, text, hint_of((OM_uint32)code));
    krb5_free_error_message(context, text);
    return status;
}

SECURITY_STATUS gss_status_report(sspia_report *report, SECURITY_STATUS status,
                                  const char *what, const char *why)
{
    if (report == NULL)
        return status;
    if (why != NULL)
        gss_host->report(report, what, why);
    else
        snprintf(report->text, sizeof report->text, "%s", what);
    return status;
}
