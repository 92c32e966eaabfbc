/* SPDX-License-Identifier: MIT */
/* One accepted submit, from the queue to its final status. */
#ifndef SSPI_ASYNC_CALL_H
#define SSPI_ASYNC_CALL_H

#include "handle.h"
#include "job.h"
#include "sspi_queue.h"
#include "work.h"

struct async_context;
struct queue;

struct call {
    struct work work; /* first: the lists hold this */
    struct job job;
    bool has_turn; /* has it, or waits for it */

    /* Who wants the outcome; NULL once detached. Engine lock. */
    struct async_context *async;

    /* What the completion brings, as it was at submit. */
    sspia_completion completion;
    struct queue *queue; /* a reference until the completion is delivered, or NULL */
};

/* All with the engine lock held. */

/* Puts an admitted call on its way: to its turn, or straight to its lane. */
void call_start(struct call *call);

/* Takes back a call that has not begun; the caller discards its job without the lock. False:
 * it is running. */
bool call_withdraw(struct call *call);

/* Delivers the completion of a call that nothing else will touch: to its queue, or by a
 * thread of the pool if there is a callback (the call is detached then). False: no thread can
 * be had for that. A queue in *release is to be released without the lock. */
bool call_deliver(struct call *call, struct queue **release);

/* Nothing is to be done with the call any more: it stays at hand for the next submit of its
 * async context, or is freed if it has none. */
void call_retire(struct call *call);

#endif
