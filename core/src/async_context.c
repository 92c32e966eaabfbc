/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. `state` makes only the moves of async_context.h, and `status` is changed only together
 *     with it.
 *  2. While PENDING or FINISHING the call is attached. Free and cancel of a PENDING context
 *     detach it first; they wait while it is FINISHING, which lasts as long as copying the
 *     outputs takes.
 *  3. FREED is final and nobody finds the context any more; threads that found it before
 *     hold references and see FREED when they get the lock.
 */
#include "async_context.h"

#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "message.h"
#include "outcome.h"
#include "pool.h"
#include "queue.h"

struct async_waiter {
    struct async_waiter *next;
    pthread_cond_t moved;
};

static struct async_context *acquire(const SspiAsyncContext *pointer)
{
    struct handle handle;

    if (!handle_from_pointer(HANDLE_ASYNC, pointer, &handle))
        return NULL;
    return handle_acquire(HANDLE_ASYNC, handle);
}

static void release(struct async_context *async)
{
    handle_release(async->handle);
}

static void move_to(struct async_context *async, enum async_state state, SECURITY_STATUS status)
{
    async->state = state;
    atomic_store_explicit(&async->status, status, memory_order_release);
    for (struct async_waiter *waiter = async->waiters; waiter != NULL; waiter = waiter->next)
        pthread_cond_signal(&waiter->moved);
}

/* Waits for the state to change once. False: the deadline passed. */
static bool wait_for_move(struct async_context *async, const struct timespec *deadline)
{
    struct async_waiter waiter = {.next = async->waiters};
    struct async_waiter **link = &async->waiters;
    bool in_time;

    engine_cond_init(&waiter.moved);
    async->waiters = &waiter;
    in_time = engine_wait(&waiter.moved, deadline);
    while (*link != &waiter)
        link = &(*link)->next;
    *link = waiter.next;
    pthread_cond_destroy(&waiter.moved);
    return in_time;
}

static void wait_while_finishing(struct async_context *async)
{
    while (async->state == ASYNC_FINISHING)
        wait_for_move(async, NULL);
}

static bool is_pending(const struct async_context *async)
{
    return async->state == ASYNC_PENDING || async->state == ASYNC_FINISHING;
}

SspiAsyncContext *SspiCreateAsyncContext(void)
{
    struct async_context *async = calloc(1, sizeof(*async));

    if (async == NULL)
        return NULL;
    async->call = calloc(1, sizeof(*async->call));
    atomic_init(&async->status, SEC_E_NO_CONTEXT);
    if (async->call == NULL || !handle_open(HANDLE_ASYNC, async, &async->handle)) {
        free(async->call);
        free(async);
        return NULL;
    }
    async->call->async = async;
    return handle_to_pointer(HANDLE_ASYNC, async->handle);
}

bool async_destroy(void *object)
{
    struct async_context *async = object;

    if (async->queue != NULL)
        handle_release(async->queue->handle);
    outcome_free(async->outcome);
    free(async->message);
    free(async);
    return true;
}

/* Parts the context from its call. Returns the call if nobody else will free it: it had not
 * begun and need not run, or it is at hand. */
static struct call *detach(struct async_context *async)
{
    struct call *call = async->call;

    async->call = NULL;
    if (call == NULL)
        return NULL;
    call->async = NULL;
    if (!is_pending(async))
        return call->work.place == WORK_NOWHERE ? call : NULL;
    return !job_must_run(&call->job) && call_withdraw(call) ? call : NULL;
}

static void discard_withdrawn(struct call *call)
{
    job_discard(&call->job);
    if (call->queue != NULL)
        handle_release(call->queue->handle);
    free(call);
}

void SspiFreeAsyncContext(SspiAsyncContext *pointer)
{
    struct async_context *async = NULL;
    struct call *withdrawn;
    struct handle handle;
    bool was_pending;

    if (handle_from_pointer(HANDLE_ASYNC, pointer, &handle))
        async = handle_close(HANDLE_ASYNC, handle);
    if (async == NULL)
        return;
    engine_lock();
    wait_while_finishing(async);
    was_pending = async->state == ASYNC_PENDING;
    withdrawn = detach(async);
    move_to(async, ASYNC_FREED, SEC_E_INVALID_HANDLE);
    engine_unlock();
    if (withdrawn != NULL && was_pending)
        discard_withdrawn(withdrawn);
    else
        free(withdrawn);
    release(async);
}

NTSTATUS SspiReinitAsyncContext(SspiAsyncContext *pointer)
{
    struct async_context *async = acquire(pointer);
    NTSTATUS status = STATUS_SUCCESS;

    if (async == NULL)
        return STATUS_INVALID_HANDLE;
    engine_lock();
    if (async->state == ASYNC_FREED) {
        status = STATUS_INVALID_HANDLE;
    } else if (is_pending(async)) {
        status = STATUS_DEVICE_BUSY;
    } else {
        free(async->message);
        async->message = NULL;
        move_to(async, ASYNC_IDLE, SEC_E_NO_CONTEXT);
    }
    engine_unlock();
    release(async);
    return status;
}

/* For a setting that must not change under a call. */
static SECURITY_STATUS may_change(const struct async_context *async)
{
    if (async->state == ASYNC_FREED)
        return SEC_E_INVALID_HANDLE;
    return is_pending(async) ? SEC_E_INVALID_PARAMETER : SEC_E_OK;
}

SECURITY_STATUS SspiSetAsyncNotifyCallback(SspiAsyncContext *pointer,
                                           SspiAsyncNotifyCallback callback, void *data)
{
    struct async_context *async = acquire(pointer);
    SECURITY_STATUS status;

    if (async == NULL)
        return message_fail("SspiSetAsyncNotifyCallback", SEC_E_INVALID_HANDLE, NULL);
    engine_lock();
    status = may_change(async);
    if (status == SEC_E_OK) {
        async->callback = callback;
        async->data = data;
    }
    engine_unlock();
    release(async);
    return message_fail("SspiSetAsyncNotifyCallback", status, "a call is pending");
}

SECURITY_STATUS sspia_async_set_queue(SspiAsyncContext *pointer, sspia_queue *queue_pointer)
{
    struct async_context *async = acquire(pointer);
    struct queue *queue = queue_pointer != NULL ? queue_acquire(queue_pointer) : NULL;
    struct queue *old = queue;
    SECURITY_STATUS status = SEC_E_INVALID_HANDLE;

    if (async != NULL && (queue != NULL || queue_pointer == NULL)) {
        engine_lock();
        status = may_change(async);
        if (status == SEC_E_OK) {
            old = async->queue;
            async->queue = queue;
        }
        engine_unlock();
    }
    if (old != NULL)
        handle_release(old->handle);
    if (async != NULL)
        release(async);
    return message_fail("sspia_async_set_queue", status,
                        status == SEC_E_INVALID_PARAMETER ? "a call is pending" : NULL);
}

BOOLEAN SspiAsyncContextRequiresNotify(SspiAsyncContext *pointer)
{
    struct async_context *async = acquire(pointer);
    BOOLEAN requires;

    if (async == NULL)
        return FALSE;
    engine_lock();
    requires = async->callback != NULL;
    engine_unlock();
    release(async);
    return requires;
}

SECURITY_STATUS SspiGetAsyncCallStatus(SspiAsyncContext *pointer)
{
    struct async_context *async = acquire(pointer);
    SECURITY_STATUS status;

    if (async == NULL)
        return SEC_E_INVALID_HANDLE;
    status = atomic_load_explicit(&async->status, memory_order_acquire);
    release(async);
    return status;
}

SECURITY_STATUS sspia_async_wait(SspiAsyncContext *pointer, int32_t timeout_ms)
{
    struct async_context *async = acquire(pointer);
    struct timespec deadline;
    bool in_time = timeout_ms != 0;
    SECURITY_STATUS status;

    if (async == NULL)
        return SEC_E_INVALID_HANDLE;
    if (timeout_ms > 0)
        deadline = engine_deadline((uint32_t)timeout_ms);
    engine_lock();
    while (is_pending(async) && in_time)
        in_time = wait_for_move(async, timeout_ms > 0 ? &deadline : NULL);
    status = atomic_load_explicit(&async->status, memory_order_relaxed);
    engine_unlock();
    release(async);
    return status;
}

size_t sspia_async_message(SspiAsyncContext *pointer, char *buffer, size_t size)
{
    struct async_context *async = acquire(pointer);
    SECURITY_STATUS status;
    size_t length;

    if (async == NULL) {
        message_copy("", buffer, size);
        return 0;
    }
    engine_lock();
    status = atomic_load_explicit(&async->status, memory_order_relaxed);
    if (async->message != NULL)
        length = message_copy(async->message, buffer, size);
    else if (async->state == ASYNC_COMPLETE && status < 0) /* no memory for more */
        length = message_copy(sspia_status_name(status), buffer, size);
    else
        length = message_copy("", buffer, size);
    engine_unlock();
    release(async);
    return length;
}

void async_start_finishing(struct async_context *async)
{
    move_to(async, ASYNC_FINISHING, SEC_I_ASYNC_CALL_PENDING);
}

void async_finish(struct async_context *async, SECURITY_STATUS status, char *message)
{
    async->message = message;
    move_to(async, ASYNC_COMPLETE, status);
}

/* A call for the next submit. The one at hand, unless its completion still waits to be taken:
 * then that one goes its own way. */
static bool have_call(struct async_context *async)
{
    if (async->call != NULL && async->call->work.place == WORK_NOWHERE)
        return true;
    if (async->call != NULL)
        async->call->async = NULL;
    async->call = calloc(1, sizeof(*async->call));
    if (async->call != NULL)
        async->call->async = async;
    return async->call != NULL;
}

/* Readies the attached call's completion. */
static void set_completion(struct async_context *async, SECURITY_STATUS status)
{
    struct call *call = async->call;

    call->completion = (sspia_completion){
        .async = handle_to_pointer(HANDLE_ASYNC, async->handle),
        .callback = async->callback,
        .data = async->data,
        .status = status,
    };
    call->queue = async->queue;
    if (call->queue != NULL)
        handle_retain(call->queue->handle);
}

static void exchange(struct async_context *async, struct async_destination *destination)
{
    const struct async_destination former = {async->queue, async->data, async->outcome};

    async->queue = destination->queue;
    async->data = destination->data;
    async->outcome = destination->outcome;
    *destination = former;
}

/* Engine lock held. */
static SECURITY_STATUS queue_job(struct async_context *async, struct job *job,
                                 struct async_destination *destination, const char **why)
{
    SECURITY_STATUS status;

    if (async->state == ASYNC_FREED)
        return SEC_E_INVALID_HANDLE;
    if (async->state != ASYNC_IDLE) {
        *why = is_pending(async) ? "a call is pending on the async context"
                                 : "the async context was not reinitialised";
        return SEC_E_INVALID_PARAMETER;
    }
    if (!have_call(async))
        return SEC_E_INSUFFICIENT_MEMORY;
    status = pool_admit(job->lane);
    if (status != SEC_E_OK) {
        *why = "the bound on queued calls is reached, or no thread can be started";
        return status;
    }
    job_claim(job);
    if (destination != NULL)
        exchange(async, destination);
    async->call->job = *job;
    set_completion(async, SEC_I_ASYNC_CALL_PENDING);
    move_to(async, ASYNC_PENDING, SEC_I_ASYNC_CALL_PENDING);
    call_start(async->call);
    return SEC_E_OK;
}

SECURITY_STATUS async_submit(SspiAsyncContext *pointer, struct job *job)
{
    return async_submit_to(pointer, job, NULL);
}

SECURITY_STATUS async_submit_to(SspiAsyncContext *pointer, struct job *job,
                                struct async_destination *destination)
{
    struct async_context *async = acquire(pointer);
    SECURITY_STATUS status = SEC_E_INVALID_HANDLE;
    const char *why = "the async context is not alive";

    if (async != NULL) {
        engine_lock();
        status = queue_job(async, job, destination, &why);
        engine_unlock();
        release(async);
    }
    if (status != SEC_E_OK) {
        message_fail(job_operation_name(job), status, why);
        job_discard(job);
    }
    return status;
}

bool async_take_outcome(SspiAsyncContext *pointer, SECURITY_STATUS *status,
                        struct outcome **outcome)
{
    struct async_context *async = acquire(pointer);
    bool alive;

    *outcome = NULL;
    *status = SEC_E_INVALID_HANDLE;
    if (async == NULL)
        return false;
    engine_lock();
    alive = async->state != ASYNC_FREED;
    *status = atomic_load_explicit(&async->status, memory_order_relaxed);
    if (!is_pending(async)) {
        *outcome = async->outcome;
        async->outcome = NULL;
    }
    engine_unlock();
    release(async);
    return alive;
}

static char *cancel_message(const struct call *call)
{
    sspia_report report;
    struct message message;

    message_report(&report,
                   call->work.place == WORK_NOWHERE
                       ? "cancelled by the caller while the package was at work"
                       : "cancelled by the caller before it began",
                   NULL);
    message_format(&message, job_package(&call->job), job_operation_name(&call->job),
                   SEC_E_UNFINISHED_CONTEXT_DELETED, &report);
    return strdup(message.text);
}

/* Completes a pending call with a completion of its own, and parts with the call as free
 * does. Engine lock held; what is to be undone without it is left in *withdrawn and *queue. */
static SECURITY_STATUS cancel(struct async_context *async, struct call **withdrawn,
                              struct queue **queue)
{
    struct call *call = async->call;
    struct call *bearer = calloc(1, sizeof(*bearer));
    char *message;

    if (bearer == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    message = cancel_message(call);
    bearer->async = async;
    async->call = bearer;
    set_completion(async, SEC_E_UNFINISHED_CONTEXT_DELETED);
    if (!call_deliver(bearer, queue)) {
        async->call = call;
        free(message);
        free(bearer);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    async->call = call;
    *withdrawn = detach(async);
    async->call = bearer->async != NULL ? bearer : NULL;
    async_finish(async, SEC_E_UNFINISHED_CONTEXT_DELETED, message);
    return SEC_E_OK;
}

SECURITY_STATUS sspia_async_cancel(SspiAsyncContext *pointer)
{
    struct async_context *async = acquire(pointer);
    struct call *withdrawn = NULL;
    struct queue *queue = NULL;
    SECURITY_STATUS status = SEC_E_NO_CONTEXT;

    if (async == NULL)
        return message_fail("sspia_async_cancel", SEC_E_INVALID_HANDLE, NULL);
    engine_lock();
    wait_while_finishing(async);
    if (async->state == ASYNC_FREED)
        status = SEC_E_INVALID_HANDLE;
    else if (async->state == ASYNC_PENDING)
        status = cancel(async, &withdrawn, &queue);
    engine_unlock();
    if (withdrawn != NULL)
        discard_withdrawn(withdrawn);
    if (queue != NULL)
        handle_release(queue->handle);
    release(async);
    return message_fail("sspia_async_cancel", status,
                        status == SEC_E_NO_CONTEXT ? "no call is pending" : NULL);
}

/* The parent's calls are not pending here, and nobody is told of them. What they hold in
 * memory is lost: its packages may be in the midst of it. */
void async_after_fork(void *object)
{
    struct async_context *async = object;

    async->waiters = NULL;
    if (async->call != NULL && async->call->work.place != WORK_NOWHERE)
        async->call = NULL;
    if (!is_pending(async))
        return;
    async->call = NULL;
    move_to(async, ASYNC_COMPLETE, SEC_E_SHUTDOWN_IN_PROGRESS);
}
