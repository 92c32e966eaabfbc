/* SPDX-License-Identifier: MIT */
#ifndef NTLM_ANSWER_H
#define NTLM_ANSWER_H

#include "context.h"

/* What keeps a client from being talked to: it has nothing but old or short keys, in the flags
 * of its offer as of its answer. In words for people; NULL if all is well. */
const char *ntlm_answer_weakness(uint32_t flags);

/* Checks the answer to the challenge of a context that is an acceptor's, and establishes it; or
 * SSPIA_WAITING, and is called again with the same answer. wait NULL: blocks instead. */
SECURITY_STATUS ntlm_answer_check(ntlm_context *context, ntlm_bytes token, sspia_wait *wait,
                                  sspia_report *report);

#endif
