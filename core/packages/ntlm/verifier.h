/* SPDX-License-Identifier: MIT */
#ifndef NTLM_VERIFIER_H
#define NTLM_VERIFIER_H

#include "users.h"

#include <pthread.h>

/* What an acceptor wants to know: does this answer to its challenge come from somebody who
 * knows the user's password? Names are UTF-16LE, as they came. */
typedef struct ntlm_question {
    ntlm_bytes user;
    ntlm_bytes domain;
    const unsigned char *challenge;
    ntlm_bytes response; /* NTLMv2 */
} ntlm_question;

/* Who knows. Any number of threads may ask one. */
typedef struct ntlm_verifier {
    char *path; /* of a user file; NULL: users stay as they are */
    pthread_mutex_t lock;
    ntlm_users *users;
} ntlm_verifier;

void ntlm_verifier_init(ntlm_verifier *verifier);
void ntlm_verifier_clear(ntlm_verifier *verifier);

/* Reads the file if it has changed. SEC_E_NO_CREDENTIALS if it cannot be read, and
 * SEC_E_NO_AUTHENTICATING_AUTHORITY if there is neither file nor account. */
SECURITY_STATUS ntlm_verifier_ready(ntlm_verifier *verifier, sspia_report *report);

/* SEC_E_OK with the session base key, or SEC_E_LOGON_DENIED, which does not tell an unknown
 * user from a wrong password, in words or in time. */
SECURITY_STATUS ntlm_verifier_ask(ntlm_verifier *verifier, const ntlm_question *question,
                                  unsigned char base_key[NTLM_KEY_SIZE], sspia_report *report);

#endif
