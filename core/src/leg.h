/* SPDX-License-Identifier: MIT */
/*
 * One leg of a handshake: copied inputs and what the package made of them, nothing of the
 * caller's memory.
 *
 * A leg whose token does not fit the caller's buffer is parked, and the caller is told
 * SEC_E_BUFFER_TOO_SMALL: a first leg (there is no context to show yet) with the credential,
 * a later one with its context. The same call made again, byte for byte and for the same
 * phNewContext, takes the parked result: nothing was lost, the package is not asked twice, and
 * a Kerberos acceptor does not take the retry for a replay. The place keeps it from another
 * connection on which somebody replays the token.
 */
#ifndef SSPI_ASYNC_LEG_H
#define SSPI_ASYNC_LEG_H

#include <stdbool.h>

#include "buffer.h"
#include "sspi_package.h"

struct credential;
struct security_context;

struct leg {
    /* What was asked. */
    bool acceptor;
    char *target;
    uint64_t requested;
    uint32_t data_rep;
    struct buffer_copy input;
    const CtxtHandle *place; /* phNewContext of a first leg; compared, never followed */

    /* What came of it. */
    bool answered; /* the package was asked, now or when the leg was parked */
    SECURITY_STATUS status;
    sspia_step_result result;         /* the token is ours until somebody takes it */
    struct security_context *created; /* by a first leg: with the owner's reference */

    struct leg *next_parked;
};

void leg_free(struct leg *leg);

/* Runs the leg in the package, or takes the parked result of an equal one. On a later leg
 * the caller has the context's turn. The outcome is in the leg. */
void leg_run(struct leg *leg, struct credential *credential, struct security_context *context,
             sspia_report *report);

/* Parks the leg, which passes to the credential or context. */
void leg_park(struct leg *leg, struct credential *credential, struct security_context *context);

#endif
