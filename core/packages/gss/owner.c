/* SPDX-License-Identifier: MIT */
/*
 * The owner of a credential. libkrb5 is asked directly: gss_inquire_cred would first get
 * tickets from a KDC where there is a client keytab, and the name is wanted at once.
 */
#include "owner.h"
#include "daemon.h"
#include "status.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static krb5_error_code owner_of_ccache(krb5_context context, const char *name,
                                       krb5_principal *owner)
{
    krb5_ccache ccache = NULL;
    krb5_error_code code = name != NULL ? krb5_cc_resolve(context, name, &ccache)
                                        : krb5_cc_default(context, &ccache);

    if (code == 0)
        code = krb5_cc_get_principal(context, ccache, owner);
    if (ccache != NULL)
        krb5_cc_close(context, ccache);
    return code;
}

static krb5_error_code owner_of_keytab(krb5_context context, const char *name,
                                       krb5_principal *owner)
{
    krb5_keytab keytab = NULL;
    krb5_error_code code = name != NULL ? krb5_kt_resolve(context, name, &keytab)
                                        : krb5_kt_client_default(context, &keytab);

    if (code == 0)
        code = gss_tickets_principal(context, keytab, owner);
    if (keytab != NULL)
        krb5_kt_close(context, keytab);
    return code;
}

static SECURITY_STATUS kerberos_name(const gss_recipe *recipe, char **name,
                                     sspia_report *report)
{
    const char *account = recipe->impersonate != NULL ? recipe->impersonate : recipe->account;
    const char *what = account != NULL                ? account
                       : recipe->login_keytab != NULL ? recipe->login_keytab
                       : recipe->ccache != NULL       ? recipe->ccache
                                                      : "the default ticket cache";
    krb5_context context = NULL;
    krb5_principal owner = NULL;
    char *text = NULL;
    krb5_error_code code = krb5_init_context(&context);
    SECURITY_STATUS status;

    if (code != 0)
        return gss_status_krb5(NULL, code, GSS_AT_ACQUIRE, "Kerberos configuration", report);
    if (account != NULL)
        code = krb5_parse_name(context, account, &owner);
    else if (recipe->login_keytab != NULL)
        code = owner_of_keytab(context, recipe->login_keytab, &owner);
    else
        code = owner_of_ccache(context, recipe->ccache, &owner);
    if (code == 0)
        code = krb5_unparse_name(context, owner, &text);
    status = gss_status_krb5(context, code, GSS_AT_ACQUIRE, what, report);
    /* Without tickets GSSAPI takes the first of the client keytab's principals. */
    if (code != 0 && account == NULL && recipe->login_keytab == NULL &&
        owner_of_keytab(context, recipe->client_keytab, &owner) == 0 &&
        krb5_unparse_name(context, owner, &text) == 0)
        status = SEC_E_OK;
    if (status == SEC_E_OK && !gss_text_copy(text, name))
        status = SEC_E_INSUFFICIENT_MEMORY;
    krb5_free_unparsed_name(context, text);
    krb5_free_principal(context, owner);
    krb5_free_context(context);
    return status;
}

SECURITY_STATUS gss_owner_name(gss_source *source, char **name, sspia_report *report)
{
    *name = NULL;
    return kerberos_name(&source->recipe, name, report);
}

SECURITY_STATUS gss_owner_check(const char *account, const char *ccache, const char *keytab,
                                sspia_report *report)
{
    krb5_context context = NULL;
    krb5_principal parsed = NULL;
    krb5_ccache cache = NULL;
    krb5_keytab keys = NULL;
    const char *what = account;
    krb5_error_code code;
    SECURITY_STATUS status;

    if (account == NULL && ccache == NULL && keytab == NULL)
        return SEC_E_OK;
    code = krb5_init_context(&context);
    if (code != 0)
        return gss_status_krb5(NULL, code, GSS_AT_ACQUIRE, "Kerberos configuration", report);
    if (account != NULL)
        code = krb5_parse_name(context, account, &parsed);
    if (code == 0 && ccache != NULL && !gss_daemon_keeps(ccache)) {
        what = ccache;
        code = krb5_cc_resolve(context, ccache, &cache);
    }
    if (code == 0 && keytab != NULL) {
        what = keytab;
        code = krb5_kt_resolve(context, keytab, &keys);
    }
    status = gss_status_krb5(context, code, GSS_AT_ACQUIRE, what, report);
    if (keys != NULL)
        krb5_kt_close(context, keys);
    if (cache != NULL)
        krb5_cc_close(context, cache);
    krb5_free_principal(context, parsed);
    krb5_free_context(context);
    return status;
}
