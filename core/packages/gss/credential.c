/* SPDX-License-Identifier: MIT */
/*
 * Acquiring a credential: from the caller's identity to recipes (source.h), with everything
 * that GSSAPI's own rules about cred stores make necessary:
 *
 *   - `password` and `ccache` exclude each other in one store. A password is turned into
 *     tickets (tickets.h) and an NT hash (nthash.h), which do not.
 *   - SPNEGO silently uses the process's default identity unless the cred was acquired for
 *     SPNEGO itself; so source.c does that, and names the mechanisms with gss_set_neg_mechs.
 *   - One name serves both mechanisms of Negotiate: user@REALM, which gss-ntlmssp reads as
 *     user and domain; the store's ntlmssp_domain corrects the domain.
 *   - A Kerberos logon that fails for want of a KDC, a realm or the account there leaves NTLM
 *     to Negotiate, as on Windows. A password that the KDC refuses fails everything.
 */
#include "credential.h"
#include "name.h"
#include "status.h"
#include "text.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const sspia_identity no_identity;

/* The mechanisms that a PackageList leaves: "kerberos,ntlm", "!ntlm". Names of packages that
 * are not here count as named, so that a list of them alone leaves nothing. */
static unsigned listed_mechs(const char *list, unsigned mechs)
{
    unsigned named = 0;
    unsigned excluded = 0;
    bool any_named = false;

    while (gss_text_given(list)) {
        size_t length = strcspn(list, ",");
        const char *name = list;
        bool exclude;
        unsigned bits = 0;

        list += length + (list[length] == ',' ? 1 : 0);
        while (length > 0 && name[0] == ' ') {
            name++;
            length--;
        }
        while (length > 0 && name[length - 1] == ' ')
            length--;
        exclude = length > 0 && name[0] == '!';
        if (exclude) {
            name++;
            length--;
        }
        if (length == 8 && strncasecmp(name, "kerberos", length) == 0)
            bits = GSS_MECH_KERBEROS;
        else if (length == 4 && strncasecmp(name, "ntlm", length) == 0)
            bits = GSS_MECH_NTLM;
        else if (length == 9 && strncasecmp(name, "negotiate", length) == 0)
            bits = GSS_MECH_KERBEROS | GSS_MECH_NTLM;
        if (exclude)
            excluded |= bits;
        else if (length > 0) {
            any_named = true;
            named |= bits;
        }
    }
    return (any_named ? mechs & named : mechs) & ~excluded;
}

static unsigned mechs_of(gss_kind kind, const sspia_identity *identity)
{
    unsigned mechs = gss_mech_available();

    if (kind == GSS_KERBEROS)
        return mechs & GSS_MECH_KERBEROS;
    if (kind == GSS_NTLM)
        return mechs & GSS_MECH_NTLM;
    return listed_mechs(identity->package_list, mechs);
}

/* What NTLM needs of an initiator: a hash, and a domain that is not the realm. */
static SECURITY_STATUS plan_ntlm(gss_source *source, const sspia_identity *identity,
                                 const char *user, sspia_report *report)
{
    char hex[GSS_NTHASH_HEX];
    gss_user found = {NULL, NULL, ""};
    char *bare = NULL;
    SECURITY_STATUS status = SEC_E_OK;
    bool copied = true;

    if (identity->password != NULL) {
        if (!gss_nthash(identity->password, hex))
            return gss_status_report(report, SEC_E_CRYPTO_SYSTEM_INVALID, "NT hash",
                                     "the password is too long or not UTF-8, or OpenSSL's "
                                     "legacy provider is missing");
        copied = gss_text_copy(hex, &source->nt_hash);
    } else if (gss_text_given(identity->ntlm_user_file) && !gss_text_given(user)) {
        copied = gss_text_copy(identity->ntlm_user_file, &source->user_file);
    } else if (gss_text_given(identity->ntlm_user_file)) {
        const char *start = strchr(user, '\\') != NULL ? strchr(user, '\\') + 1 : user;

        bare = gss_text_given(identity->domain) ? strdup(user)
                                                : strndup(start, strcspn(start, "@"));
        if (bare == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        status =
            gss_user_find(identity->ntlm_user_file, bare, source->ntlm_domain, &found, report);
        if (status == SEC_E_OK) {
            copied = gss_text_copy(found.hash, &source->nt_hash);
            /* As the file spells it: the response depends on the domain's case, and an
             * acceptor of gss-ntlmssp takes it from its own file. */
            if (found.domain != NULL) {
                free(source->ntlm_domain);
                copied = gss_text_copy(found.domain, &source->ntlm_domain) && copied;
            }
        }
    }
    OPENSSL_cleanse(hex, sizeof hex);
    gss_user_wipe(&found);
    free(bare);
    return copied ? status : SEC_E_INSUFFICIENT_MEMORY;
}

/* What Kerberos needs: a ccache that exists, or the means to get tickets. */
static SECURITY_STATUS plan_kerberos(gss_source *source, const sspia_identity *identity,
                                     sspia_report *report)
{
    bool copied = true;

    if (gss_text_given(identity->credential_cache)) {
        if (identity->password != NULL && source->mechs == GSS_MECH_KERBEROS)
            return gss_status_report(report, SEC_E_INVALID_PARAMETER, "identity",
                                     "a password and a ticket cache exclude each other");
        copied = gss_text_copy(identity->credential_cache, &source->ccache) &&
                 gss_text_copy(identity->client_keytab, &source->client_keytab);
    } else if (identity->password != NULL) {
        copied = gss_text_copy(identity->password, &source->password);
    } else if (gss_text_given(identity->client_keytab)) {
        copied = gss_text_copy(identity->client_keytab, &source->login_keytab);
    }
    return copied ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static SECURITY_STATUS plan_outbound(gss_credential *credential, const char *principal,
                                     const sspia_identity *identity, sspia_report *report)
{
    gss_source *source = &credential->outbound;
    const char *user = gss_text_given(identity->user) ? identity->user : principal;
    SECURITY_STATUS status = SEC_E_OK;

    source->usage = GSS_C_INITIATE;
    source->negotiate = credential->kind == GSS_NEGOTIATE;
    if (identity->password != NULL && !gss_text_given(user))
        return gss_status_report(report, SEC_E_INVALID_PARAMETER, "identity",
                                 "a password without a user");
    if (gss_text_given(user)) {
        status = gss_name_account(user, user == identity->user ? identity->domain : NULL,
                                  &source->account, &source->ntlm_domain, report);
        if (status == SEC_E_OK)
            status = gss_name_user(source->account, &source->name, report);
    }
    if (status == SEC_E_OK && (source->mechs & GSS_MECH_KERBEROS))
        status = plan_kerberos(source, identity, report);
    if (status != SEC_E_OK)
        return status;
    if (source->mechs & GSS_MECH_NTLM) {
        status = plan_ntlm(source, identity, user, report);
        if (status != SEC_E_OK && source->mechs == GSS_MECH_NTLM)
            return status;
        if (status != SEC_E_OK)
            source->mechs &= ~GSS_MECH_NTLM;
    }
    status = gss_source_prepare(source, report);
    /* An account that the KDC does not know may be one of NTLM's alone. */
    if (status != SEC_E_OK && source->mechs == (GSS_MECH_KERBEROS | GSS_MECH_NTLM) &&
        (status != SEC_E_LOGON_DENIED ||
         source->login_code == KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN)) {
        source->mechs = GSS_MECH_NTLM;
        gss_text_wipe(source->password);
        source->password = NULL;
        free(source->login_keytab);
        source->login_keytab = NULL;
        status = gss_source_prepare(source, report);
    }
    return status;
}

static SECURITY_STATUS plan_inbound(gss_credential *credential, const char *principal,
                                    const sspia_identity *identity, unsigned mechs,
                                    sspia_report *report)
{
    gss_source *kerberos = &credential->kerberos_in;
    gss_source *ntlm = &credential->ntlm_in;
    SECURITY_STATUS status = SEC_E_OK;

    kerberos->usage = ntlm->usage = GSS_C_ACCEPT;
    kerberos->negotiate = ntlm->negotiate = credential->kind == GSS_NEGOTIATE;
    kerberos->mechs = mechs & GSS_MECH_KERBEROS;
    ntlm->mechs = mechs & GSS_MECH_NTLM;
    if (kerberos->mechs != 0 && identity->password != NULL && credential->outbound.mechs == 0)
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "identity",
                                 "an acceptor's keys come from a keytab, not a password");
    if (!gss_text_copy(identity->keytab, &kerberos->keytab) ||
        !gss_text_copy(identity->replay_cache, &kerberos->replay_cache) ||
        !gss_text_copy(identity->ntlm_user_file, &ntlm->user_file))
        return SEC_E_INSUFFICIENT_MEMORY;
    if (kerberos->mechs != 0)
        status = gss_name_service(principal, GSS_MECH_KERBEROS, &kerberos->name, report);
    if (status == SEC_E_OK && ntlm->mechs != 0)
        status = gss_name_service(principal, GSS_MECH_NTLM, &ntlm->name, report);
    return status;
}

/* Succeeds if one mechanism of the sources can be had; the error is the first one's, for
 * Kerberos has more to say than NTLM. */
static SECURITY_STATUS probe(gss_source *first, gss_source *second, int64_t *expiry,
                             char **name, sspia_report *report)
{
    gss_source *sources[] = {first, second};
    unsigned mechs[] = {GSS_MECH_KERBEROS, GSS_MECH_NTLM};
    sspia_report ignored;
    SECURITY_STATUS status = SEC_E_OK;
    bool found = false;

    for (int i = 0; i < 2; i++) {
        char *found_name = NULL;
        int64_t found_expiry = INT64_MAX;
        SECURITY_STATUS result;

        if (!(sources[i]->mechs & mechs[i]))
            continue;
        result = gss_source_probe(sources[i], mechs[i], &found_expiry, &found_name,
                                  status == SEC_E_OK ? report : &ignored);
        if (result != SEC_E_OK) {
            status = status == SEC_E_OK ? result : status;
            continue;
        }
        found = true;
        *expiry = found_expiry < *expiry ? found_expiry : *expiry;
        if (*name == NULL)
            *name = found_name;
        else
            free(found_name);
    }
    return found ? SEC_E_OK : status;
}

SECURITY_STATUS gss_credential_acquire(gss_kind kind, const char *principal, uint32_t use,
                                       const sspia_identity *identity, void **credential,
                                       int64_t *expiry, sspia_report *report)
{
    gss_credential *made = NULL;
    SECURITY_STATUS status = SEC_E_OK;
    uint32_t known = SECPKG_CRED_BOTH;
    unsigned mechs;

    if (identity == NULL)
        identity = &no_identity;
    if (kind == GSS_NEGOTIATE)
        known |= SECPKG_CRED_AUTOLOGON_RESTRICTED | SECPKG_CRED_PROCESS_POLICY_ONLY;
    if ((use & SECPKG_CRED_BOTH) == 0 || (use & ~known) != 0)
        return gss_status_report(report, SEC_E_INVALID_PARAMETER, "fCredentialUse", NULL);
    if ((use & SECPKG_CRED_AUTOLOGON_RESTRICTED) && identity == &no_identity)
        return gss_status_report(report, SEC_E_NO_CREDENTIALS, "fCredentialUse",
                                 "the default identity is excluded");
    mechs = mechs_of(kind, identity);
    if (mechs == 0)
        return gss_status_report(report, SEC_E_SECPKG_NOT_FOUND, "PackageList",
                                 "leaves no package that is available");
    made = calloc(1, sizeof *made);
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    atomic_init(&made->references, 1);
    made->kind = kind;
    made->use = use & SECPKG_CRED_BOTH;
    gss_source_init(&made->outbound);
    gss_source_init(&made->kerberos_in);
    gss_source_init(&made->ntlm_in);
    *expiry = INT64_MAX;
    if (use & SECPKG_CRED_OUTBOUND) {
        made->outbound.mechs = mechs;
        status =
            plan_outbound(made, use & SECPKG_CRED_INBOUND ? NULL : principal, identity, report);
        if (status == SEC_E_OK)
            status = probe(&made->outbound, &made->outbound, expiry, &made->name, report);
    }
    if (status == SEC_E_OK && (use & SECPKG_CRED_INBOUND)) {
        status = plan_inbound(made, principal, identity, mechs, report);
        if (status == SEC_E_OK)
            status = probe(&made->kerberos_in, &made->ntlm_in, expiry, &made->name, report);
        if (status == SEC_E_OK && made->name == NULL && !gss_text_copy(principal, &made->name))
            status = SEC_E_INSUFFICIENT_MEMORY;
    }
    if (status == SEC_E_OK) {
        *credential = made;
        made = NULL;
    }
    gss_credential_release(made);
    return status;
}

gss_credential *gss_credential_keep(gss_credential *credential)
{
    atomic_fetch_add_explicit(&credential->references, 1, memory_order_relaxed);
    return credential;
}

void gss_credential_release(void *object)
{
    gss_credential *credential = object;

    /* acq_rel: the last one frees after everyone else's use. */
    if (credential == NULL ||
        atomic_fetch_sub_explicit(&credential->references, 1, memory_order_acq_rel) != 1)
        return;
    gss_source_clear(&credential->outbound);
    gss_source_clear(&credential->kerberos_in);
    gss_source_clear(&credential->ntlm_in);
    free(credential->name);
    free(credential);
}

SECURITY_STATUS gss_credential_query(void *object, uint32_t attribute, void *buffer,
                                     sspia_report *report)
{
    const gss_credential *credential = object;
    SecPkgCredentials_NamesA *names = buffer;

    if (attribute != SECPKG_CRED_ATTR_NAMES)
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "attribute", NULL);
    if (credential->name == NULL)
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "name",
                                 "the credential stands for every key of a keytab");
    names->sUserName = gss_text_hand_out(credential->name, strlen(credential->name));
    return names->sUserName == NULL ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}
