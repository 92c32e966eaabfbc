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
};

/* Queues a job as the context's call. Takes the job over, also on failure. */
SECURITY_STATUS async_submit(SspiAsyncContext *handle, struct job *job);

/* For the thread that runs the call; engine lock held. finish takes over message. */
void async_start_finishing(struct async_context *async);
void async_finish(struct async_context *async, SECURITY_STATUS status, char *message);

bool async_destroy(void *object);
void async_after_fork(void *object);

#endif
