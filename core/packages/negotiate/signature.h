/* SPDX-License-Identifier: MIT */
/* mechListMIC: the list of mechanisms under a signature of the one that was chosen (RFC 4178 5,
 * MS-SPNG 3.3.5.1). */
#ifndef NEGOTIATE_SIGNATURE_H
#define NEGOTIATE_SIGNATURE_H

#include "context.h"

/* Whether both sides have to sign: the mechanism must be over, and protect messages. */
bool neg_signature_needed(const neg_context *context);

/* Signs into memory to be freed with free; notes that it was sent. */
SECURITY_STATUS neg_signature_make(neg_context *context, sspia_bytes *mic,
                                   sspia_report *report);

/* Checks the peer's; notes that it was received. */
SECURITY_STATUS neg_signature_check(neg_context *context, neg_bytes mic, sspia_report *report);

/* After the last of them: the mechanism may have to begin its ciphers anew. */
SECURITY_STATUS neg_signature_end(neg_context *context, sspia_report *report);

#endif
