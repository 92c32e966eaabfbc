/* SPDX-License-Identifier: MIT */
/* What tracks one call at a time: SspiAsyncContext. */
#ifndef SSPI_ASYNC_ASYNC_CONTEXT_H
#define SSPI_ASYNC_ASYNC_CONTEXT_H

#include <stdatomic.h>

#include "call.h"
#include "handle.h"

/* The moves; no other happens.
 *
 *   IDLE      -> PENDING    submit
 *   PENDING   -> FINISHING  the call's thread, to write the outputs without the lock
 *   FINISHING -> COMPLETE   the same thread
 *   PENDING   -> COMPLETE   cancel
 *   COMPLETE  -> IDLE       reinit
 *   any but FINISHING -> FREED   free
 */
enum async_state {
    ASYNC_IDLE,
    ASYNC_PENDING,
    ASYNC_FINISHING,
    ASYNC_COMPLETE,
    ASYNC_FREED,
};

struct async_waiter;
struct outcome;
struct queue;

struct async_context {
    struct handle handle;
    /* What SspiGetAsyncCallStatus says. Stored with release after the outputs, read with
     * acquire: who sees the final status sees the outputs. */
    _Atomic SECURITY_STATUS status;

    /* Engine lock. */
    enum async_state state;
    SspiAsyncNotifyCallback callback;
    void *data;
    struct queue *queue; /* a reference, or NULL */
    struct call *call;   /* attached, or NULL; at hand when it is in no list and not pending */
    struct async_waiter *waiters;
    char *message;
    struct outcome *outcome; /* of a call of the hub: where its job writes to; or NULL */
};

/* Where the completion and the outputs of one submit go. */
struct async_destination {
    struct queue *queue; /* a reference, or NULL */
    void *data;
    struct outcome *outcome;
};

/* Queues a job as the context's call. Takes the job over, also on failure. */
SECURITY_STATUS async_submit(SspiAsyncContext *handle, struct job *job);

/* The same for a context whose submits each bring their destination. It changes places with
 * the former one, in one with the move to PENDING; what is in *destination afterwards (on
 * failure, what was) is the caller's to let go. */
SECURITY_STATUS async_submit_to(SspiAsyncContext *handle, struct job *job,
                                struct async_destination *destination);

/* Tells the context's status, and moves the outcome to the caller unless a call is pending;
 * NULL if there is none. False: the context is dead. */
bool async_take_outcome(SspiAsyncContext *handle, SECURITY_STATUS *status,
                        struct outcome **outcome);

/* For the thread that runs the call; engine lock held. finish takes over message. */
void async_start_finishing(struct async_context *async);
void async_finish(struct async_context *async, SECURITY_STATUS status, char *message);

bool async_destroy(void *object);
void async_after_fork(void *object);

#endif
