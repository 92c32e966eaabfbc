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

#include <stdatomic.h>
#include <stdbool.h>

#include "buffer.h"
#include "handle.h"
#include "sspi_package.h"
#include "waiting.h"

struct security_context;

struct leg {
    /* Of its memory, which it may share with what goes when the call ends: it may be parked
     * longer, or be taken earlier by another call. */
    _Atomic uint32_t holders;

    /* What was asked. */
    bool acceptor;
    char *target;
    uint64_t requested;
    uint32_t data_rep;
    struct buffer_copy input;
    const CtxtHandle *place; /* phNewContext of a first leg; compared, never followed */

    /* Of a first leg that waits: what the package has made so far. */
    const sspia_package *package;
    void *state;
    struct waiting waiting;

    /* What came of it. */
    bool answered; /* the package was asked, now or when the leg was parked */
    SECURITY_STATUS status;
    sspia_step_result result;         /* the token is ours until somebody takes it */
    struct security_context *created; /* by a first leg: with the owner's reference */
    struct handle created_handle;

    struct leg *next_parked;
};

/* Ends a leg and lets go of its memory; NULL is fine. */
void leg_free(struct leg *leg);
/* Lets go of the memory alone. */
void leg_drop(struct leg *leg);

/* Deletes what a first leg has made that came to nothing. */
void leg_delete_state(struct leg *leg);

/* Do two legs ask the same, byte for byte? */
bool leg_asks_the_same(const struct leg *a, const struct leg *b);

/* Moves the outcome of a parked leg to one that asks the same, and frees the parked one. */
void leg_take_outcome(struct leg *leg, struct leg *parked);

#endif
