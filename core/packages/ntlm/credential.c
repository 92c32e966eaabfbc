/* SPDX-License-Identifier: MIT */
/*
 * A credential: from the caller's identity to accounts.
 *
 * What a caller names and is not there is refused at once. The default user file, which nobody
 * named, may come to be later: a lack of it shows on the first leg (MS-docs:
 * AcquireCredentials- Handle gathers no credentials). It is found with secure_getenv: a set-uid
 * process opens no file that its caller chose.
 */
#include "credential.h"
#include "status.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define USER_FILE_VARIABLE "NTLM_USER_FILE"
#define HELPER_VARIABLE    "SSPI_ASYNC_NTLM_HELPER"

static const sspia_identity no_identity;

static bool copy_text(const char *text, char **copy)
{
    *copy = ntlm_text_given(text) ? strdup(text) : NULL;
    return !ntlm_text_given(text) || *copy != NULL;
}

static SECURITY_STATUS hash_password(const char *password, unsigned char hash[NTLM_HASH_SIZE],
                                     sspia_report *report)
{
    return ntlm_response_hash(password, hash)
               ? SEC_E_OK
               : ntlm_report(report, SEC_E_INVALID_PARAMETER, "identity",
                             "the password is not UTF-8, or longer than 256 characters");
}

/* The account of a user file; user NULL: the first one. */
static SECURITY_STATUS account_of_file(const char *path, const char *user, const char *domain,
                                       ntlm_account **account, sspia_report *report)
{
    unsigned char hash[NTLM_HASH_SIZE];
    ntlm_users *users = NULL;
    const char *name;
    const char *found_domain;
    SECURITY_STATUS status = ntlm_users_load(path, &users, report);

    if (status != SEC_E_OK)
        return status;
    if (!ntlm_users_name(users, user, domain, &name, &found_domain, hash))
        status = ntlm_report(report, SEC_E_NO_CREDENTIALS, path,
                             user != NULL ? "it has no such user" : "it has no users");
    /* The domain as the file spells it, for the response depends on its case. */
    else
        status =
            ntlm_account_make(user != NULL ? user : name,
                              found_domain[0] != '\0' || user == NULL ? found_domain : domain,
                              hash, account, report);
    ntlm_crypto_wipe(hash, sizeof hash);
    ntlm_users_drop(users);
    return status;
}

static SECURITY_STATUS plan_outbound(ntlm_credential *credential, const char *principal,
                                     const sspia_identity *identity, sspia_report *report)
{
    unsigned char hash[NTLM_HASH_SIZE] = {0};
    const bool by_principal = !ntlm_text_given(identity->user);
    const char *named = by_principal ? principal : identity->user;
    char *own = NULL;
    char *user = NULL;
    char *domain = NULL;
    ntlm_account *account = NULL;
    SECURITY_STATUS status = SEC_E_OK;

    if (identity->flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER) {
        status = ntlm_account_make(NULL, NULL, hash, &account, report);
        goto done;
    }
    if (identity->password != NULL && !ntlm_text_given(named)) {
        named = own = ntlm_account_own();
        if (own == NULL) {
            status =
                ntlm_report(report, SEC_E_INVALID_PARAMETER, "identity",
                            "a password without a user, and the process's user has no name");
            goto done;
        }
    }
    if (ntlm_text_given(named))
        status =
            ntlm_account_split(named, by_principal && own == NULL ? NULL : identity->domain,
                               &user, &domain, report);
    if (status != SEC_E_OK)
        goto done;
    if (identity->password != NULL) {
        status = hash_password(identity->password, hash, report);
        if (status == SEC_E_OK)
            status = ntlm_account_make(user, domain, hash, &account, report);
    } else if (ntlm_text_given(identity->ntlm_user_file)) {
        status = account_of_file(identity->ntlm_user_file, user, domain, &account, report);
    } else {
        credential->wanted_user = user;
        credential->wanted_domain = domain;
        user = domain = NULL;
        if (!copy_text(secure_getenv(USER_FILE_VARIABLE), &credential->user_file))
            status = SEC_E_INSUFFICIENT_MEMORY;
    }

done:
    atomic_init(&credential->account, account);
    ntlm_crypto_wipe(hash, sizeof hash);
    free(own);
    free(user);
    free(domain);
    return status;
}

static SECURITY_STATUS plan_account(ntlm_verifier *verifier, const sspia_identity *identity,
                                    sspia_report *report)
{
    unsigned char hash[NTLM_HASH_SIZE];
    char *user = NULL;
    char *domain = NULL;
    SECURITY_STATUS status;

    if (!ntlm_text_given(identity->user))
        return ntlm_report(report, SEC_E_INVALID_PARAMETER, "identity",
                           "a password was given without a user");
    status = ntlm_account_split(identity->user, identity->domain, &user, &domain, report);
    if (status == SEC_E_OK)
        status = hash_password(identity->password, hash, report);
    if (status == SEC_E_OK)
        status = ntlm_users_of_account(user, domain, hash, &verifier->users, report);
    ntlm_crypto_wipe(hash, sizeof hash);
    free(user);
    free(domain);
    return status;
}

/* What the caller names comes first; a password makes an account only where it names no place.
 */
static SECURITY_STATUS plan_inbound(ntlm_credential *credential, const char *principal,
                                    const sspia_identity *identity, sspia_report *report)
{
    ntlm_verifier *verifier = &credential->verifier;
    const bool named =
        ntlm_text_given(identity->ntlm_helper) || ntlm_text_given(identity->ntlm_user_file);
    const char *file = identity->ntlm_user_file;
    const char *helper = identity->ntlm_helper;
    SECURITY_STATUS status = SEC_E_OK;

    if (!copy_text(principal, &credential->principal))
        return SEC_E_INSUFFICIENT_MEMORY;
    if (identity->ntlm_verifier != NULL) {
        verifier->program = *identity->ntlm_verifier;
        return verifier->program.ask != NULL
                   ? SEC_E_OK
                   : ntlm_report(report, SEC_E_INVALID_PARAMETER, "ntlm_verifier",
                                 "its function is NULL");
    }
    if (!named && identity->password != NULL)
        return plan_account(verifier, identity, report);
    if (!named) {
        file = secure_getenv(USER_FILE_VARIABLE);
        helper = secure_getenv(HELPER_VARIABLE);
    }
    if (ntlm_text_given(file))
        status = copy_text(file, &verifier->path) ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    else if (ntlm_text_given(helper))
        status = ntlm_verifier_name_helper(verifier, helper, report);
    return status == SEC_E_OK && named ? ntlm_verifier_ready(verifier, report) : status;
}

SECURITY_STATUS ntlm_credential_acquire(const char *principal, uint32_t use,
                                        const void *auth_data, void **credential,
                                        int64_t *expiry, sspia_report *report)
{
    const sspia_identity *identity = auth_data != NULL ? auth_data : &no_identity;
    ntlm_credential *made;
    SECURITY_STATUS status;

    if ((use & SECPKG_CRED_BOTH) == 0 || (use & ~(uint32_t)SECPKG_CRED_BOTH) != 0)
        return ntlm_report(report, SEC_E_INVALID_PARAMETER, "fCredentialUse", NULL);
    status = ntlm_crypto_ready(report);
    if (status != SEC_E_OK)
        return status;
    made = calloc(1, sizeof *made);
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    atomic_init(&made->references, 1);
    atomic_init(&made->account, NULL);
    made->use = use;
    ntlm_verifier_init(&made->verifier);
    ntlm_machine_read(&made->host);
    if (use & SECPKG_CRED_OUTBOUND)
        status =
            plan_outbound(made, use & SECPKG_CRED_INBOUND ? NULL : principal, identity, report);
    if (status == SEC_E_OK && (use & SECPKG_CRED_INBOUND))
        status = plan_inbound(made, principal, identity, report);
    if (status == SEC_E_OK) {
        *expiry = INT64_MAX;
        *credential = made;
        made = NULL;
    }
    ntlm_credential_release(made);
    return status;
}

uint32_t ntlm_credential_may_block(void *object)
{
    const ntlm_verifier *verifier = &((ntlm_credential *)object)->verifier;

    return verifier->program.ask != NULL || verifier->helpers != NULL ? SSPIA_OP_ACCEPT : 0;
}

ntlm_credential *ntlm_credential_keep(ntlm_credential *credential)
{
    atomic_fetch_add_explicit(&credential->references, 1, memory_order_relaxed);
    return credential;
}

void ntlm_credential_release(void *object)
{
    ntlm_credential *credential = object;

    /* acq_rel: the last one frees after everyone else's use. */
    if (credential == NULL ||
        atomic_fetch_sub_explicit(&credential->references, 1, memory_order_acq_rel) != 1)
        return;
    ntlm_account_free(atomic_load_explicit(&credential->account, memory_order_relaxed));
    ntlm_verifier_clear(&credential->verifier);
    free(credential->user_file);
    free(credential->wanted_user);
    free(credential->wanted_domain);
    free(credential->principal);
    free(credential);
}

SECURITY_STATUS ntlm_credential_account(ntlm_credential *credential,
                                        const ntlm_account **account, sspia_report *report)
{
    ntlm_account *none = NULL;
    ntlm_account *read = NULL;
    SECURITY_STATUS status;

    /* acquire: pairs with the exchange below, for what the pointer leads to. */
    *account = atomic_load_explicit(&credential->account, memory_order_acquire);
    if (*account != NULL)
        return SEC_E_OK;
    if (credential->user_file == NULL)
        return ntlm_report(report, SEC_E_NO_CREDENTIALS, "NTLM account",
                           "none is set: give an identity with user and password, or name "
                           "a user file by ntlm_user_file or " USER_FILE_VARIABLE);
    status = account_of_file(credential->user_file, credential->wanted_user,
                             credential->wanted_domain, &read, report);
    if (status != SEC_E_OK)
        return status;
    if (atomic_compare_exchange_strong_explicit(&credential->account, &none, read,
                                                memory_order_acq_rel, memory_order_acquire)) {
        *account = read;
    } else {
        ntlm_account_free(read);
        *account = none;
    }
    return SEC_E_OK;
}

SECURITY_STATUS ntlm_credential_query(void *object, uint32_t attribute, void *buffer,
                                      sspia_report *report)
{
    ntlm_credential *credential = object;
    SecPkgCredentials_NamesA *names = buffer;
    const ntlm_account *account;
    SECURITY_STATUS status;

    if (attribute != SECPKG_CRED_ATTR_NAMES)
        return ntlm_report(report, SEC_E_UNSUPPORTED_FUNCTION, "attribute", NULL);
    if (credential->use & SECPKG_CRED_OUTBOUND) {
        status = ntlm_credential_account(credential, &account, report);
        if (status != SEC_E_OK)
            return status;
        names->sUserName = ntlm_account_show(account->user, account->domain);
    } else if (credential->principal == NULL) {
        return ntlm_report(report, SEC_E_UNSUPPORTED_FUNCTION, "name",
                           "the credential stands for every account that it knows");
    } else {
        names->sUserName =
            ntlm_text_hand_out(credential->principal, strlen(credential->principal));
    }
    return names->sUserName != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}
