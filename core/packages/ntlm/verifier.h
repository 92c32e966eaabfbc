/* SPDX-License-Identifier: MIT */
#ifndef NTLM_VERIFIER_H
#define NTLM_VERIFIER_H

#include "consultation.h"
#include "inquiry.h"
#include "users.h"

#include <pthread.h>

/* Who knows, one of: the host program, a helper, users. Any number of threads may ask one. */
typedef struct ntlm_verifier {
    sspia_ntlm_verifier program; /* ask NULL: none */
    ntlm_helpers *helpers;
    uint32_t patience; /* milliseconds that one of these two has for an answer */
    char *path;        /* of a user file; NULL: users stay as they are */
    pthread_mutex_t lock;
    ntlm_users *users;
} ntlm_verifier;

/* A question that has no answer yet: at most one of the two. */
typedef struct ntlm_pending {
    ntlm_inquiry *inquiry;
    ntlm_consultation *consultation;
} ntlm_pending;

void ntlm_verifier_init(ntlm_verifier *verifier);
void ntlm_verifier_clear(ntlm_verifier *verifier);

/* Names a helper, by an absolute path. SEC_E_INVALID_PARAMETER if it is none. */
SECURITY_STATUS ntlm_verifier_name_helper(ntlm_verifier *verifier, const char *path,
                                          sspia_report *report);

/* Whether there is somebody to ask: reads a user file that has changed. SEC_E_NO_CREDENTIALS if
 * it cannot be read, or the helper is no program, and SEC_E_NO_AUTHENTICATING_AUTHORITY if
 * there is nobody. */
SECURITY_STATUS ntlm_verifier_ready(ntlm_verifier *verifier, sspia_report *report);

/* SEC_E_OK with the session base key, or SEC_E_LOGON_DENIED, which does not tell an unknown
 * user from a wrong password, in words or, where the answer is made here, in time. Or
 * SSPIA_WAITING: it is to be called again, with the same pending, which is zero at first. wait
 * NULL: blocks instead. */
SECURITY_STATUS ntlm_verifier_ask(ntlm_verifier *verifier, const ntlm_question *question,
                                  ntlm_pending *pending, sspia_wait *wait,
                                  unsigned char base_key[NTLM_KEY_SIZE], sspia_report *report);

/* Gives up a question that has no answer yet, and frees all that is left of any. */
void ntlm_verifier_forget(ntlm_pending *pending);

#endif
