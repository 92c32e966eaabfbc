/* SPDX-License-Identifier: MIT */
#ifndef GSS_GREETING_H
#define GSS_GREETING_H

#include "credential.h"

/* What an acceptor of Negotiate says if it is to speak first: the mechanisms that it can use
 * now. token->data is from host->allocate. May block. */
SECURITY_STATUS gss_greeting_make(gss_credential *credential, sspia_bytes *token,
                                  sspia_report *report);

#endif
