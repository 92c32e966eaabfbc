/* SPDX-License-Identifier: MIT */
/* Legs: InitializeSecurityContext and AcceptSecurityContext. */
#ifndef SCHANNEL_HANDSHAKE_H
#define SCHANNEL_HANDSHAKE_H

#include "context.h"

/* initialize and accept of the package table: the credential says which. */
SECURITY_STATUS handshake_leg(void **context, const sspia_step *step, sspia_step_result *result,
                              sspia_report *report);

/* ISC_RET_* or ASC_RET_* of a connection that is open. */
uint32_t handshake_attributes(const struct context *context);

#endif
