/* SPDX-License-Identifier: MIT */
/* Where the questions of NTLM acceptors wait for a program that has no functions to be called:
 * it is told of them by a call, takes them, and answers. */
#ifndef SSPI_ASYNC_VERIFIER_H
#define SSPI_ASYNC_VERIFIER_H

#include "job.h"
#include "sspi_queue.h"

/* A question that somebody has taken. */
struct question;

/* A new verifier, as a pointer of HANDLE_VERIFIER; NULL without memory. */
void *verifier_create(void);

/* What an identity is given. False: no such verifier is alive. */
bool verifier_find(void *verifier, sspia_ntlm_verifier *program);

/* Kills it: questions that were not taken, and those that come later, are answered at once with
 * SSPIA_NTLM_UNABLE, and a call that waits for one ends. A dead one is ignored. */
void verifier_free(void *verifier);

/* Fills in the job of a call that is complete when there is a question. SEC_E_INVALID_HANDLE,
 * SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS verifier_prepare(struct job *job, void *verifier);

/* Takes the oldest question, NULL if there is none. SEC_E_INVALID_HANDLE. */
SECURITY_STATUS verifier_take(void *verifier, struct question **question);

/* What was asked, until it is answered. */
const sspia_ntlm_question *question_asked(const struct question *question);

/* Gives it out, as a pointer of HANDLE_QUESTION; NULL without memory. */
void *question_give_out(struct question *question);

/* Takes it back; NULL: it was answered before, or there never was such a question. */
struct question *question_take_back(void *number);

/* Answers, which is the end of it. Not with the engine lock held. */
void question_answer(struct question *question, uint32_t answer, const unsigned char *secret);

#endif
