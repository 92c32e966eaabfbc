/* SPDX-License-Identifier: MIT */
/*
 * From the caller's identity to recipes (recipe.h), with everything that GSSAPI's own rules
 * about cred stores make necessary:
 *
 *   - `password` and `ccache` exclude each other in one store. A password is turned into
 *     tickets (tickets.h) and an NT hash (nthash.h), which do not.
 *   - SPNEGO silently uses the process's default identity unless the cred was acquired for
 *     SPNEGO itself; so lease.c does that, and names the mechanisms with gss_set_neg_mechs.
 *   - gss-ntlmssp reads the default user file anew for each logon, does not tell an unknown
 *     user from a changed message there, and obeys the environment of a set-uid process: an
 *     acceptor's default file is found here and goes the way of one that was named.
 *   - One name serves both mechanisms of Negotiate: user@REALM, which gss-ntlmssp reads as
 *     user and domain; the store's ntlmssp_domain corrects the domain.
 *
 * No server is contacted here: MS-docs has AcquireCredentialsHandle gather no credentials, so
 * that a lack of tickets or keys, or a wrong password, shows on the first leg. What can never
 * work is refused at once.
 */
#include "plan.h"
#include "name.h"
#include "owner.h"
#include "status.h"
#include "text.h"

#include <openssl/crypto.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define OWN_NAME_SIZE 4096

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

unsigned gss_plan_mechs(gss_kind kind, const sspia_identity *identity)
{
    unsigned mechs = gss_mech_available();

    if (kind == GSS_KERBEROS)
        return mechs & GSS_MECH_KERBEROS;
    if (kind == GSS_NTLM)
        return mechs & GSS_MECH_NTLM;
    return listed_mechs(identity->package_list, mechs);
}

/* The user without the domain that may stand with it: "TEST\\alice", "alice@TEST". */
static char *bare_name(const char *user, const char *domain)
{
    const char *start = strchr(user, '\\') != NULL ? strchr(user, '\\') + 1 : user;

    return gss_text_given(domain) ? strdup(user) : strndup(start, strcspn(start, "@"));
}

/* What NTLM needs of an initiator: a hash, and a domain that is not the realm. */
static SECURITY_STATUS plan_ntlm(gss_recipe *recipe, const sspia_identity *identity,
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
        copied = gss_text_copy(hex, &recipe->nt_hash);
    } else if (gss_text_given(identity->ntlm_user_file) && !gss_text_given(user)) {
        copied = gss_text_copy(identity->ntlm_user_file, &recipe->user_file);
    } else if (gss_text_given(identity->ntlm_user_file)) {
        bare = bare_name(user, identity->domain);
        if (bare == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        status =
            gss_user_find(identity->ntlm_user_file, bare, recipe->ntlm_domain, &found, report);
        if (status == SEC_E_OK) {
            copied = gss_text_copy(found.hash, &recipe->nt_hash);
            /* As the file spells it: the response depends on the domain's case, and an
             * acceptor of gss-ntlmssp takes it from its own file. */
            if (found.domain != NULL) {
                free(recipe->ntlm_domain);
                copied = gss_text_copy(found.domain, &recipe->ntlm_domain) && copied;
            }
        }
    }
    OPENSSL_cleanse(hex, sizeof hex);
    gss_user_wipe(&found);
    free(bare);
    return copied ? status : SEC_E_INSUFFICIENT_MEMORY;
}

/* What Kerberos needs: a ccache that exists, or the means to get tickets. */
static SECURITY_STATUS plan_kerberos(gss_recipe *recipe, const sspia_identity *identity,
                                     sspia_report *report)
{
    bool copied = true;

    if (gss_text_given(identity->credential_cache)) {
        if (identity->password != NULL && recipe->mechs == GSS_MECH_KERBEROS)
            return gss_status_report(report, SEC_E_INVALID_PARAMETER, "identity",
                                     "a password and a ticket cache exclude each other");
        copied = gss_text_copy(identity->credential_cache, &recipe->ccache) &&
                 gss_text_copy(identity->client_keytab, &recipe->client_keytab);
    } else if (identity->password != NULL) {
        copied = gss_text_copy(identity->password, &recipe->password);
    } else if (gss_text_given(identity->client_keytab)) {
        copied = gss_text_copy(identity->client_keytab, &recipe->login_keytab);
    }
    return copied ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* A service that acts for a user: by tickets alone, whatever else it may have. */
static SECURITY_STATUS plan_impersonation(gss_recipe *recipe, const sspia_identity *identity,
                                          sspia_report *report)
{
    char *ignored = NULL;
    SECURITY_STATUS status;

    if (!gss_text_given(identity->impersonate))
        return SEC_E_OK;
    recipe->s4u = true;
    recipe->mechs &= GSS_MECH_KERBEROS;
    if (recipe->mechs == 0)
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "impersonate",
                                 "Kerberos alone can do that");
    status =
        gss_name_account(identity->impersonate, NULL, &recipe->impersonate, &ignored, report);
    free(ignored);
    return status;
}

/* An acceptor that may go on as its clients has what it needs to be an initiator in the same
 * cred: GSSAPI then makes a delegated cred of a client's ticket. */
static SECURITY_STATUS plan_constrained(gss_credential *credential, sspia_report *report)
{
    const gss_recipe *outbound = &credential->outbound.recipe;
    gss_recipe *kerberos = &credential->kerberos_in.recipe;

    if (!(credential->use & SECPKG_CRED_OUTBOUND) || kerberos->mechs == 0 ||
        !(outbound->mechs & GSS_MECH_KERBEROS))
        return gss_status_report(report, SEC_E_INVALID_PARAMETER, "delegation",
                                 "constrained delegation needs SECPKG_CRED_BOTH and Kerberos");
    kerberos->usage = GSS_C_BOTH;
    if (!gss_text_copy(outbound->ccache, &kerberos->ccache) ||
        !gss_text_copy(outbound->client_keytab, &kerberos->client_keytab) ||
        !gss_text_copy(outbound->account, &kerberos->account) ||
        !gss_text_copy(outbound->password, &kerberos->password) ||
        !gss_text_copy(outbound->login_keytab, &kerberos->login_keytab))
        return SEC_E_INSUFFICIENT_MEMORY;
    return SEC_E_OK;
}

/* The name of the process's user, for a password without one: MS-docs' SEC_WINNT_AUTH_IDENTITY
 * has a flag of its own (FLAGS_NULL_USER) for "nobody", so that an absent user is the one who
 * is logged on. NULL if the system does not know the name. */
static const char *own_name(char buffer[OWN_NAME_SIZE])
{
    struct passwd entry;
    struct passwd *found = NULL;

    if (getpwuid_r(geteuid(), &entry, buffer, OWN_NAME_SIZE, &found) != 0 || found == NULL)
        return NULL;
    return found->pw_name;
}

SECURITY_STATUS gss_plan_outbound(gss_credential *credential, const char *principal,
                                  const sspia_identity *identity, sspia_report *report)
{
    gss_recipe *recipe = &credential->outbound.recipe;
    const char *user = gss_text_given(identity->user) ? identity->user : principal;
    char own[OWN_NAME_SIZE];
    SECURITY_STATUS status = SEC_E_OK;

    recipe->usage = GSS_C_INITIATE;
    recipe->negotiate = credential->kind == GSS_NEGOTIATE;
    if (identity->password != NULL && !gss_text_given(user)) {
        user = recipe->mechs & GSS_MECH_NTLM ? own_name(own) : NULL;
        if (user == NULL)
            return gss_status_report(report, SEC_E_INVALID_PARAMETER, "identity",
                                     "a password without a user");
    }
    if (gss_text_given(user)) {
        status = gss_name_account(user, user == principal ? NULL : identity->domain,
                                  &recipe->account, &recipe->ntlm_domain, report);
        if (status == SEC_E_OK)
            status = gss_name_user(recipe->account, &recipe->name, report);
    }
    if (status == SEC_E_OK)
        status = plan_impersonation(recipe, identity, report);
    if (status == SEC_E_OK && (recipe->mechs & GSS_MECH_KERBEROS))
        status = plan_kerberos(recipe, identity, report);
    if (status != SEC_E_OK)
        return status;
    /* Who names tickets or keys means that account, and no other that the process may have. */
    if (credential->kind == GSS_NEGOTIATE && identity->password == NULL &&
        !gss_text_given(identity->ntlm_user_file) &&
        (gss_text_given(identity->credential_cache) || gss_text_given(identity->client_keytab)))
        recipe->mechs &= ~GSS_MECH_NTLM;
    if (recipe->mechs == 0)
        return gss_status_report(report, SEC_E_NO_CREDENTIALS, "identity",
                                 "it says nothing for the packages that PackageList leaves");
    if (recipe->mechs & GSS_MECH_NTLM) {
        status = plan_ntlm(recipe, identity, user, report);
        /* Kerberos can do without MD4. What the caller named and is not there is an error. */
        if (status == SEC_E_CRYPTO_SYSTEM_INVALID && recipe->mechs != GSS_MECH_NTLM)
            recipe->mechs &= ~GSS_MECH_NTLM;
        else if (status != SEC_E_OK)
            return status;
    }
    if (recipe->mechs == GSS_MECH_KERBEROS)
        status = gss_owner_check(recipe->account, recipe->ccache,
                                 recipe->login_keytab != NULL ? recipe->login_keytab
                                                              : recipe->client_keytab,
                                 report);
    if (status == SEC_E_OK && (recipe->mechs & GSS_MECH_NTLM))
        status = gss_source_read_users(&credential->outbound, report);
    return status;
}

/* The one account of an acceptor that was given a password. */
static SECURITY_STATUS plan_account(gss_source *source, const sspia_identity *identity,
                                    sspia_report *report)
{
    char hex[GSS_NTHASH_HEX];
    char *account = NULL;
    char *domain = NULL;
    char *name = NULL;
    SECURITY_STATUS status;

    if (!gss_text_given(identity->user))
        return gss_status_report(report, SEC_E_INVALID_PARAMETER, "identity",
                                 "a password without a user");
    status = gss_name_account(identity->user, identity->domain, &account, &domain, report);
    name = bare_name(identity->user, identity->domain);
    if (status == SEC_E_OK && name == NULL)
        status = SEC_E_INSUFFICIENT_MEMORY;
    else if (status == SEC_E_OK && !gss_nthash(identity->password, hex))
        status = gss_status_report(report, SEC_E_CRYPTO_SYSTEM_INVALID, "NT hash",
                                   "the password is too long or not UTF-8, or OpenSSL's "
                                   "legacy provider is missing");
    else if (status == SEC_E_OK)
        status = gss_users_of_account(domain, name, hex, &source->users, report);
    OPENSSL_cleanse(hex, sizeof hex);
    free(name);
    free(account);
    free(domain);
    return status;
}

/* Who names keys or accounts means these, and no others that the system may have. */
static void exclude_defaults(gss_recipe *kerberos, gss_recipe *ntlm,
                             const sspia_identity *identity, bool password_is_account)
{
    bool keys = gss_text_given(identity->keytab);
    bool accounts = gss_text_given(identity->ntlm_user_file) || password_is_account;

    if (keys && !accounts)
        ntlm->mechs = 0;
    else if (accounts && !keys)
        kerberos->mechs = 0;
}

SECURITY_STATUS gss_plan_inbound(gss_credential *credential, const char *principal,
                                 const sspia_identity *identity, unsigned mechs,
                                 sspia_report *report)
{
    gss_recipe *kerberos = &credential->kerberos_in.recipe;
    gss_recipe *ntlm = &credential->ntlm_in.recipe;
    SECURITY_STATUS status = SEC_E_OK;

    kerberos->usage = ntlm->usage = GSS_C_ACCEPT;
    kerberos->negotiate = ntlm->negotiate = credential->kind == GSS_NEGOTIATE;
    kerberos->mechs = mechs & GSS_MECH_KERBEROS;
    ntlm->mechs = mechs & GSS_MECH_NTLM;
    if (kerberos->mechs != 0 && ntlm->mechs != 0)
        exclude_defaults(kerberos, ntlm, identity,
                         identity->password != NULL && credential->outbound.recipe.mechs == 0);
    if (ntlm->mechs == 0 && identity->password != NULL &&
        credential->outbound.recipe.mechs == 0)
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "identity",
                                 "an acceptor's keys come from a keytab, not a password");
    if (!gss_text_copy(identity->keytab, &kerberos->keytab) ||
        !gss_text_copy(identity->replay_cache, &kerberos->replay_cache) ||
        !gss_text_copy(gss_text_given(identity->ntlm_user_file) ? identity->ntlm_user_file
                       : identity->password != NULL             ? NULL
                                                    : secure_getenv("NTLM_USER_FILE"),
                       &ntlm->user_file))
        return SEC_E_INSUFFICIENT_MEMORY;
    if (ntlm->mechs != 0 && identity->password != NULL && ntlm->user_file == NULL)
        status = plan_account(&credential->ntlm_in, identity, report);
    if (status != SEC_E_OK)
        return status;
    if (kerberos->mechs != 0)
        status = gss_name_service(principal, GSS_MECH_KERBEROS, &kerberos->name, report);
    if (status == SEC_E_OK && ntlm->mechs != 0)
        status = gss_name_service(principal, GSS_MECH_NTLM, &ntlm->name, report);
    if (status == SEC_E_OK && (identity->delegation & SSPIA_DELEGATION_CONSTRAINED))
        status = plan_constrained(credential, report);
    if (status == SEC_E_OK && ntlm->mechs == 0)
        status = gss_owner_check(principal, NULL, kerberos->keytab, report);
    /* A default file that is not there shows on the first leg, like a keytab. */
    if (status == SEC_E_OK && ntlm->mechs != 0 && gss_text_given(identity->ntlm_user_file))
        status = gss_source_read_users(&credential->ntlm_in, report);
    return status;
}
