/* SPDX-License-Identifier: MIT */
#ifndef NTLM_CONSULTATION_H
#define NTLM_CONSULTATION_H

#include "crypto.h"
#include "question.h"

#include "sspi_queue.h"

/* A question that was put to a function of the host program, which may answer later. It is
 * freed when both the context and the program are done with it. */
typedef struct ntlm_consultation ntlm_consultation;

/*
 * Asks where *consultation is NULL, and looks for the answer: SSPIA_WAITING until there is one.
 * Then SEC_E_OK with what the program said, an SSPIA_NTLM_ answer and its secret (of a password
 * the hash);
 * SEC_E_NO_AUTHENTICATING_AUTHORITY if it has said nothing in time. wait NULL: blocks until
 * then.
 */
SECURITY_STATUS ntlm_consultation_go_on(ntlm_consultation **consultation,
                                        const sspia_ntlm_verifier *verifier,
                                        const ntlm_question *question, uint32_t milliseconds,
                                        sspia_wait *wait, uint32_t *answer,
                                        unsigned char secret[NTLM_KEY_SIZE],
                                        sspia_report *report);

/* The context does not want to know any more. NULL is ignored. */
void ntlm_consultation_end(ntlm_consultation *consultation);

#endif
