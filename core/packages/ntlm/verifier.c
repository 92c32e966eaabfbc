/* SPDX-License-Identifier: MIT */
/* Whom an acceptor lets in: the accounts of a user file, or one account alone. */
#include "verifier.h"
#include "message.h"
#include "status.h"
#include "upper.h"

#include <stdlib.h>
#include <string.h>

void ntlm_verifier_init(ntlm_verifier *verifier)
{
    memset(verifier, 0, sizeof *verifier);
    pthread_mutex_init(&verifier->lock, NULL);
}

void ntlm_verifier_clear(ntlm_verifier *verifier)
{
    ntlm_users_drop(verifier->users);
    free(verifier->path);
    pthread_mutex_destroy(&verifier->lock);
}

static ntlm_users *present(ntlm_verifier *verifier)
{
    ntlm_users *users;

    pthread_mutex_lock(&verifier->lock);
    users = verifier->users != NULL ? ntlm_users_keep(verifier->users) : NULL;
    pthread_mutex_unlock(&verifier->lock);
    return users;
}

/* The accounts as they are now; the caller drops them. */
static SECURITY_STATUS take_users(ntlm_verifier *verifier, ntlm_users **users,
                                  sspia_report *report)
{
    ntlm_users *old = present(verifier);
    SECURITY_STATUS status;

    *users = old;
    if (verifier->path == NULL)
        return old != NULL
                   ? SEC_E_OK
                   : ntlm_report(report, SEC_E_NO_AUTHENTICATING_AUTHORITY, "NTLM accounts",
                                 "there is no user file: name one by ntlm_user_file or "
                                 "NTLM_USER_FILE, or give the account to accept");
    if (old != NULL && ntlm_users_fresh(old, verifier->path))
        return SEC_E_OK;
    ntlm_users_drop(old);
    status = ntlm_users_load(verifier->path, users, report);
    if (status != SEC_E_OK)
        return status;
    pthread_mutex_lock(&verifier->lock);
    old = verifier->users;
    verifier->users = ntlm_users_keep(*users);
    pthread_mutex_unlock(&verifier->lock);
    ntlm_users_drop(old);
    return SEC_E_OK;
}

SECURITY_STATUS ntlm_verifier_ready(ntlm_verifier *verifier, sspia_report *report)
{
    ntlm_users *users = NULL;
    SECURITY_STATUS status = take_users(verifier, &users, report);

    ntlm_users_drop(users);
    return status;
}

/* A client that names no domain may have put it behind the user, user@domain; either reading of
 * such a name is looked up, and both always. */
static bool find(const ntlm_users *users, ntlm_bytes user, ntlm_bytes domain,
                 unsigned char hash[NTLM_HASH_SIZE])
{
    unsigned char other[NTLM_HASH_SIZE];
    size_t at = user.size;
    bool found = ntlm_users_find(users, user, domain, hash);

    while (at > 0 && !(user.data[at - 2] == '@' && user.data[at - 1] == 0))
        at -= 2;
    if (domain.size == 0 && at > 0 &&
        ntlm_users_find(users, (ntlm_bytes){user.data, at - 2},
                        (ntlm_bytes){user.data + at, user.size - at}, other) &&
        !found) {
        memcpy(hash, other, NTLM_HASH_SIZE);
        found = true;
    }
    ntlm_crypto_wipe(other, sizeof other);
    return found;
}

SECURITY_STATUS ntlm_verifier_ask(ntlm_verifier *verifier, const ntlm_question *question,
                                  unsigned char base_key[NTLM_KEY_SIZE], sspia_report *report)
{
    unsigned char user[2 * NTLM_NAME_MAX];
    unsigned char domain[2 * NTLM_NAME_MAX];
    unsigned char hash[NTLM_HASH_SIZE];
    unsigned char key[NTLM_KEY_SIZE];
    unsigned char proof[NTLM_PROOF_SIZE];
    ntlm_bytes rest = {question->response.data + NTLM_PROOF_SIZE,
                       question->response.size - NTLM_PROOF_SIZE};
    ntlm_users *users = NULL;
    SECURITY_STATUS status;
    bool known;

    if (question->user.size > sizeof user || question->domain.size > sizeof domain)
        return ntlm_report(report, SEC_E_LOGON_DENIED, "no such user, or another password",
                           NULL);
    status = take_users(verifier, &users, report);
    if (status != SEC_E_OK)
        return status;
    if (question->user.size > 0)
        memcpy(user, question->user.data, question->user.size);
    if (question->domain.size > 0)
        memcpy(domain, question->domain.data, question->domain.size);
    ntlm_upper(user, question->user.size);
    ntlm_upper(domain, question->domain.size);
    known = find(users, (ntlm_bytes){user, question->user.size},
                 (ntlm_bytes){domain, question->domain.size}, hash);
    if (!ntlm_response_key(hash, (ntlm_bytes){user, question->user.size}, question->domain,
                           key) ||
        !ntlm_response_prove(key, question->challenge, rest, proof, base_key))
        status = ntlm_report_crypto(report);
    else if (!ntlm_crypto_equal(proof, question->response.data, sizeof proof) || !known)
        status =
            ntlm_report(report, SEC_E_LOGON_DENIED, "no such user, or another password", NULL);
    if (status != SEC_E_OK)
        ntlm_crypto_wipe(base_key, NTLM_KEY_SIZE);
    ntlm_crypto_wipe(hash, sizeof hash);
    ntlm_crypto_wipe(key, sizeof key);
    ntlm_crypto_wipe(proof, sizeof proof);
    ntlm_users_drop(users);
    return status;
}
