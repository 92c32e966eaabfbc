/* SPDX-License-Identifier: MIT */
/* One turn of OpenSSL's handshake, with what there is to read. */
#ifndef SCHANNEL_TURN_H
#define SCHANNEL_TURN_H

#include "context.h"

/* SEC_E_OK (the context is open now), SEC_I_CONTINUE_NEEDED, SEC_I_INCOMPLETE_CREDENTIALS, or
 * the failure. */
SECURITY_STATUS turn_handshake(struct context *context, sspia_report *report);

#endif
