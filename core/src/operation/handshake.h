/* SPDX-License-Identifier: MIT */
/* Legs run in their package, with a credential and on a context; and parked with one of them.
 */
#ifndef SSPI_ASYNC_HANDSHAKE_H
#define SSPI_ASYNC_HANDSHAKE_H

#include "credential.h"
#include "leg.h"
#include "security_context.h"

/* Runs the leg in the package, or takes the parked result of an equal one. On a later leg
 * the caller has the context's turn. The outcome is in the leg; while that is SSPIA_WAITING the
 * same is to be called again. */
void handshake_run(struct leg *leg, struct credential *credential,
                   struct security_context *context, sspia_report *report);

/* Parks the leg, which passes to the credential or context. */
void handshake_park(struct leg *leg, struct credential *credential,
                    struct security_context *context);

#endif
