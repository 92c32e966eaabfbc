/* SPDX-License-Identifier: MIT */
/* Whom an acceptor lets in: whom the host program knows, or a domain, or the accounts of a user
 * file, or one account alone. */
#include "verifier.h"
#include "message.h"
#include "status.h"
#include "upper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A domain controller that is not there costs winbindd about half of it. */
#define PATIENCE 30000u

void ntlm_verifier_init(ntlm_verifier *verifier)
{
    memset(verifier, 0, sizeof *verifier);
    verifier->patience = PATIENCE;
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

SECURITY_STATUS ntlm_verifier_name_helper(ntlm_verifier *verifier, const char *path,
                                          sspia_report *report)
{
    if (path[0] != '/')
        return ntlm_report(report, SEC_E_INVALID_PARAMETER, "ntlm_helper",
                           "the path must be absolute, as in /usr/bin/ntlm_auth");
    verifier->helpers = ntlm_helpers_of(path);
    return verifier->helpers != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

SECURITY_STATUS ntlm_verifier_ready(ntlm_verifier *verifier, sspia_report *report)
{
    ntlm_users *users = NULL;
    char reason[128];
    SECURITY_STATUS status;

    if (verifier->program.ask != NULL)
        return SEC_E_OK;
    if (verifier->helpers != NULL)
        return access(ntlm_helpers_path(verifier->helpers), X_OK) == 0
                   ? SEC_E_OK
                   : ntlm_report(report, SEC_E_NO_CREDENTIALS,
                                 ntlm_helpers_path(verifier->helpers),
                                 strerror_r(errno, reason, sizeof reason));
    status = take_users(verifier, &users, report);
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

static SECURITY_STATUS deny(sspia_report *report)
{
    return ntlm_report(report, SEC_E_LOGON_DENIED, "unknown user or wrong password", NULL);
}

/* Whether the response is one of this hash; known false: it is nobody's, which takes as long.
 * The user is upper-cased. */
static SECURITY_STATUS prove(const ntlm_question *question, ntlm_bytes user,
                             const unsigned char hash[NTLM_HASH_SIZE], bool known,
                             unsigned char base_key[NTLM_KEY_SIZE], sspia_report *report)
{
    unsigned char key[NTLM_KEY_SIZE];
    unsigned char proof[NTLM_PROOF_SIZE];
    const ntlm_bytes rest = {question->response.data + NTLM_PROOF_SIZE,
                             question->response.size - NTLM_PROOF_SIZE};
    SECURITY_STATUS status = SEC_E_OK;

    if (!ntlm_response_key(hash, user, question->domain, key) ||
        !ntlm_response_prove(key, question->challenge, rest, proof, base_key))
        status = ntlm_report_crypto(report);
    else if (!ntlm_crypto_equal(proof, question->response.data, sizeof proof) || !known)
        status = deny(report);
    ntlm_crypto_wipe(key, sizeof key);
    ntlm_crypto_wipe(proof, sizeof proof);
    return status;
}

/* One of the question's names, upper-cased, in a place of 2 * NTLM_NAME_MAX bytes. */
static ntlm_bytes fold(ntlm_bytes name, unsigned char *folded)
{
    if (name.size > 0)
        memcpy(folded, name.data, name.size);
    ntlm_upper(folded, name.size);
    return (ntlm_bytes){folded, name.size};
}

static SECURITY_STATUS ask_users(ntlm_verifier *verifier, const ntlm_question *question,
                                 unsigned char base_key[NTLM_KEY_SIZE], sspia_report *report)
{
    unsigned char user[2 * NTLM_NAME_MAX];
    unsigned char domain[2 * NTLM_NAME_MAX];
    unsigned char hash[NTLM_HASH_SIZE];
    ntlm_users *users = NULL;
    SECURITY_STATUS status = take_users(verifier, &users, report);
    bool known;

    if (status != SEC_E_OK)
        return status;
    known = find(users, fold(question->user, user), fold(question->domain, domain), hash);
    status =
        prove(question, (ntlm_bytes){user, question->user.size}, hash, known, base_key, report);
    ntlm_crypto_wipe(hash, sizeof hash);
    ntlm_users_drop(users);
    return status;
}

static SECURITY_STATUS ask_program(ntlm_verifier *verifier, const ntlm_question *question,
                                   ntlm_pending *pending, sspia_wait *wait,
                                   unsigned char base_key[NTLM_KEY_SIZE], sspia_report *report)
{
    unsigned char user[2 * NTLM_NAME_MAX];
    unsigned char secret[NTLM_KEY_SIZE];
    uint32_t answer = SSPIA_NTLM_UNABLE;
    SECURITY_STATUS status =
        ntlm_consultation_go_on(&pending->consultation, &verifier->program, question,
                                verifier->patience, wait, &answer, secret, report);

    if (status != SEC_E_OK)
        return status;
    if (answer == SSPIA_NTLM_KEY) {
        memcpy(base_key, secret, NTLM_KEY_SIZE);
    } else if (answer == SSPIA_NTLM_UNABLE) {
        status = ntlm_report(report, SEC_E_NO_AUTHENTICATING_AUTHORITY, "ntlm_verifier",
                             "the program's function could not tell");
    } else if (answer == SSPIA_NTLM_NO && !ntlm_crypto_random(secret, sizeof secret)) {
        status = ntlm_report_crypto(report);
    } else {
        status = prove(question, fold(question->user, user), secret, answer == SSPIA_NTLM_HASH,
                       base_key, report);
    }
    ntlm_crypto_wipe(secret, sizeof secret);
    return status;
}

SECURITY_STATUS ntlm_verifier_ask(ntlm_verifier *verifier, const ntlm_question *question,
                                  ntlm_pending *pending, sspia_wait *wait,
                                  unsigned char base_key[NTLM_KEY_SIZE], sspia_report *report)
{
    SECURITY_STATUS status;

    if (question->user.size > 2 * NTLM_NAME_MAX || question->domain.size > 2 * NTLM_NAME_MAX)
        return deny(report);
    if (verifier->program.ask != NULL)
        status = ask_program(verifier, question, pending, wait, base_key, report);
    else if (verifier->helpers != NULL)
        status = ntlm_inquiry_go_on(&pending->inquiry, verifier->helpers, question,
                                    verifier->patience, wait, base_key, report);
    else
        status = ask_users(verifier, question, base_key, report);
    if (status != SEC_E_OK)
        ntlm_crypto_wipe(base_key, NTLM_KEY_SIZE);
    if (status != SSPIA_WAITING)
        ntlm_verifier_forget(pending);
    return status;
}

void ntlm_verifier_forget(ntlm_pending *pending)
{
    ntlm_inquiry_end(pending->inquiry);
    ntlm_consultation_end(pending->consultation);
    memset(pending, 0, sizeof *pending);
}
