/* SPDX-License-Identifier: MIT */
/* A package's context behind a CtxtHandle, and the turns of the calls on it. */
#ifndef SSPI_ASYNC_SECURITY_CONTEXT_H
#define SSPI_ASYNC_SECURITY_CONTEXT_H

#include <stdbool.h>

#include "handle.h"
#include "leg.h"
#include "sspi_package.h"
#include "work.h"

struct security_context {
    struct handle handle;
    const sspia_package *package;
    void *state;                   /* the package's; NULL once torn down */
    struct credential *credential; /* a reference, or NULL (imported) */
    struct leg *parked;            /* a later leg whose token did not fit; owner of the turn */
    uint32_t may_block;            /* SSPIA_OP_*, of the credential of the first leg */
    bool acceptor;
    bool broken;    /* a leg was abandoned half-way; owner of the turn */
    int64_t expiry; /* as the last leg had it, seconds since 1970 UTC; owner of the turn */

    /* Engine lock. */
    bool taken;               /* somebody has the turn */
    bool closing;             /* a delete has been queued or made: nobody may queue any more */
    struct work_list waiting; /* for the turn, in the order of submit */
};

/* Takes over state, and a reference to credential if that is not NULL; on NULL (no memory)
 * both have been let go. The caller owns the handle. */
struct security_context *security_context_create(const sspia_package *package,
                                                 struct credential *credential, bool acceptor,
                                                 void *state);

/* With the engine lock held. Gives work the turn, handing it to its lane at once if the turn
 * is free. False: a delete came first. */
bool security_context_queue(struct security_context *context, struct work *work);
/* Ends a turn and gives it to the next. */
void security_context_yield(struct security_context *context);

/* The same for a caller that waits on its own thread. */
bool security_context_take_turn(struct security_context *context);
void security_context_end_turn(struct security_context *context);

/* Deletes the package's part and lets go of the credential. The caller has the turn, or the
 * last reference. False: the process is exiting, nothing was done. */
bool security_context_tear_down(struct security_context *context);

bool security_context_destroy(void *object);
void security_context_after_fork(void *object);

#endif
