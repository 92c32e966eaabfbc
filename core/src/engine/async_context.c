/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. The handle of an async context leads to exactly one call, its own. It is looked up,
 *     closed and led elsewhere under the lock alone, so no reference is needed.
 *  2. A call whose completion waits to be taken, or that runs on after a cancel, is not changed
 *     any more: it is parted, and the handle leads to a fresh call with the same settings.
 *  3. While PENDING or FINISHING the call is the one that was submitted. Free and cancel of a
 *     PENDING context part with it; they wait while it is FINISHING, which lasts as long as
 *     copying the outputs takes.
 */
#include "async_context.h"

#include <stdlib.h>
#include <string.h>

#include "fate.h"
#include "lock.h"
#include "message.h"
#include "pool.h"
#include "queue.h"
#include "run.h"

struct call *async_find(const SspiAsyncContext *pointer)
{
    struct handle handle;

    if (!handle_from_pointer(HANDLE_ASYNC, pointer, &handle))
        return NULL;
    return handle_find(HANDLE_ASYNC, handle);
}

/* The call of a live context, not in the midst of writing its outputs; or NULL. */
static struct call *find_at_rest(const SspiAsyncContext *pointer)
{
    struct call *call = async_find(pointer);

    while (call != NULL && call->work.state == ASYNC_FINISHING) {
        fate_wait(call->async.slot);
        call = async_find(pointer);
    }
    return call;
}

/* Leads the handle to a fresh call with the same settings and state; the one before belongs to
 * whoever runs or lists it. Only a message or outcome that is there to be taken moves along.
 * NULL without memory. */
static struct call *part(struct call *call)
{
    struct call *fresh = call_new();

    if (fresh == NULL)
        return NULL;
    fresh->work.state = call->work.state;
    fresh->job.operation = call->job.operation;
    fresh->job.status = call->job.status;
    fresh->async = call->async;
    fresh->callback = call->callback;
    fresh->data = call->data;
    fresh->queue = call->queue;
    if (fresh->queue != NULL)
        handle_retain(fresh->queue->handle);
    fresh->attachment = call->attachment;
    call->attachment = NULL;
    if (!call_is_pending(call)) {
        fresh->job.message = call->job.message;
        call->job.message = NULL;
    }
    handle_replace(HANDLE_ASYNC, call->async, fresh);
    return fresh;
}

struct call *async_changeable(struct call *call)
{
    return call->work.place == WORK_NOWHERE ? call : part(call);
}

SspiAsyncContext *SspiCreateAsyncContext(void)
{
    struct call *call;
    bool opened;

    engine_lock();
    call = call_new();
    opened = call != NULL && handle_open(HANDLE_ASYNC, call, &call->async);
    if (call != NULL && !opened)
        call_free(call);
    engine_unlock();
    return opened ? handle_to_pointer(HANDLE_ASYNC, call->async) : NULL;
}

/* The call is let go of by whoever closed the handle. */
static bool async_destroy(void *object)
{
    (void)object;
    return true;
}

/* What a call holds besides its place in a list. */
struct holdings {
    struct job job;
    bool has_job;
    char *message;
    struct attachment *attachment;
    struct queue *queue;
};

/* Not with the engine lock held. */
static void let_go(struct holdings *holdings)
{
    if (holdings->has_job)
        job_discard(&holdings->job);
    free(holdings->message);
    if (holdings->attachment != NULL)
        holdings->attachment->free(holdings->attachment);
    if (holdings->queue != NULL)
        handle_release(holdings->queue->handle);
}

/* Parts with a call for good. Frees it if nobody else will: it had not begun and need not run,
 * or it is at hand. */
static void abandon(struct call *call, struct holdings *holdings)
{
    bool was_pending = call_is_pending(call);

    holdings->attachment = call->attachment;
    call->attachment = NULL;
    if (was_pending) {
        if (call->job.operation->is_end || !run_withdraw(call))
            return;
        holdings->job = call->job;
        holdings->has_job = true;
    } else {
        holdings->message = call->job.message;
        call->job.message = NULL;
        if (call->work.place != WORK_NOWHERE)
            return;
    }
    holdings->queue = call->queue;
    call_free(call);
}

void SspiFreeAsyncContext(SspiAsyncContext *pointer)
{
    struct holdings holdings = {.has_job = false};
    struct handle handle = {0, 0};
    struct call *call;

    engine_lock();
    call = find_at_rest(pointer);
    if (call != NULL) {
        handle = call->async;
        /* A fork may come before the release, and visits closed handles too. */
        handle_replace(HANDLE_ASYNC, handle, NULL);
        handle_close(HANDLE_ASYNC, handle);
        fate_tell(handle.slot);
        abandon(call, &holdings);
    }
    engine_unlock();
    if (handle.slot == 0)
        return;
    let_go(&holdings);
    handle_release(handle);
}

NTSTATUS SspiReinitAsyncContext(SspiAsyncContext *pointer)
{
    NTSTATUS status = STATUS_SUCCESS;
    char *message = NULL;
    struct call *call;

    engine_lock();
    call = async_find(pointer);
    if (call == NULL) {
        status = STATUS_INVALID_HANDLE;
    } else if (call_is_pending(call)) {
        status = STATUS_DEVICE_BUSY;
    } else {
        message = call->job.message;
        call->job.message = NULL;
        fate_move(call, ASYNC_IDLE, SEC_E_NO_CONTEXT);
    }
    engine_unlock();
    free(message);
    return status;
}

/* For a setting that must not change under a call: the call to change. */
static SECURITY_STATUS open_settings(const SspiAsyncContext *pointer, struct call **call)
{
    *call = async_find(pointer);
    if (*call == NULL)
        return SEC_E_INVALID_HANDLE;
    if (call_is_pending(*call))
        return SEC_E_INVALID_PARAMETER;
    *call = async_changeable(*call);
    return *call != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

SECURITY_STATUS SspiSetAsyncNotifyCallback(SspiAsyncContext *pointer,
                                           SspiAsyncNotifyCallback callback, void *data)
{
    struct call *call;
    SECURITY_STATUS status;

    engine_lock();
    status = open_settings(pointer, &call);
    if (status == SEC_E_OK) {
        call->callback = callback;
        call->data = data;
    }
    engine_unlock();
    return message_fail("SspiSetAsyncNotifyCallback", status,
                        status == SEC_E_INVALID_PARAMETER ? "a call is pending" : NULL);
}

SECURITY_STATUS sspia_async_set_queue(SspiAsyncContext *pointer, sspia_queue *queue_pointer)
{
    struct queue *queue = queue_pointer != NULL ? queue_acquire(queue_pointer) : NULL;
    struct queue *old = queue;
    SECURITY_STATUS status = SEC_E_INVALID_HANDLE;
    struct call *call;

    if (queue != NULL || queue_pointer == NULL) {
        engine_lock();
        status = open_settings(pointer, &call);
        if (status == SEC_E_OK) {
            old = call->queue;
            call->queue = queue;
        }
        engine_unlock();
    }
    if (old != NULL)
        handle_release(old->handle);
    return message_fail("sspia_async_set_queue", status,
                        status == SEC_E_INVALID_PARAMETER ? "a call is pending" : NULL);
}

BOOLEAN SspiAsyncContextRequiresNotify(SspiAsyncContext *pointer)
{
    struct call *call;
    BOOLEAN requires;

    engine_lock();
    call = async_find(pointer);
    requires = call != NULL && call->callback != NULL;
    engine_unlock();
    return requires;
}

static SECURITY_STATUS read_status(const SspiAsyncContext *pointer)
{
    struct handle handle;
    SECURITY_STATUS status;

    if (!handle_from_pointer(HANDLE_ASYNC, pointer, &handle) ||
        !handle_status(HANDLE_ASYNC, handle, &status))
        return SEC_E_INVALID_HANDLE;
    return status;
}

SECURITY_STATUS SspiGetAsyncCallStatus(SspiAsyncContext *pointer)
{
    SECURITY_STATUS status = read_status(pointer);

    if (status == SEC_I_ASYNC_CALL_PENDING && pool_is_deferring()) {
        engine_lock();
        pool_hurry();
        engine_unlock();
    }
    return status;
}

static bool status_is_final(void *pointer)
{
    return read_status(pointer) != SEC_I_ASYNC_CALL_PENDING;
}

/* Does the call here that is to be waited for, if that can be. */
static void run_here(const SspiAsyncContext *pointer)
{
    struct call *call;

    engine_lock();
    call = async_find(pointer);
    if (call != NULL && call_is_pending(call))
        pool_run_here(&call->work);
    else
        engine_unlock();
}

static SECURITY_STATUS wait_until_complete(SspiAsyncContext *pointer, int32_t timeout_ms,
                                           int cancel_state)
{
    struct timespec deadline;
    bool in_time = true;
    SECURITY_STATUS status;
    struct call *call;

    if (read_status(pointer) != SEC_I_ASYNC_CALL_PENDING)
        return SspiGetAsyncCallStatus(pointer);
    if (timeout_ms > 0)
        deadline = engine_deadline((uint32_t)timeout_ms);
    run_here(pointer);
    SspiGetAsyncCallStatus(pointer); /* what it waits behind is to begin, too */
    pool_help(status_is_final, pointer);
    engine_lock();
    while (in_time && (call = async_find(pointer)) != NULL && call_is_pending(call))
        in_time =
            fate_wait_until(call->async.slot, timeout_ms > 0 ? &deadline : NULL, cancel_state);
    status = read_status(pointer); /* before another thread submits again */
    engine_unlock();
    return status;
}

SECURITY_STATUS sspia_async_wait(SspiAsyncContext *pointer, int32_t timeout_ms)
{
    SECURITY_STATUS status;
    int cancel_state;

    if (timeout_ms == 0)
        return SspiGetAsyncCallStatus(pointer);
    cancel_state = engine_disable_cancellation(true);
    status = wait_until_complete(pointer, timeout_ms, cancel_state);
    pthread_setcancelstate(cancel_state, NULL);
    return status;
}

/* Engine lock held. */
static void describe(const struct call *call, struct message *message)
{
    const char *text = "";

    if (call != NULL && call->work.state == ASYNC_COMPLETE && call->job.status < 0) {
        if (call->job.message == NULL) { /* it says no more than the status, or no memory */
            message_format(message, NULL, call->job.operation->name, call->job.status, NULL);
            return;
        }
        text = call->job.message;
    }
    message_copy(text, message->text, sizeof(message->text));
}

size_t sspia_async_message(SspiAsyncContext *pointer, char *buffer, size_t size)
{
    struct message message;

    engine_lock();
    describe(async_find(pointer), &message);
    engine_unlock();
    return message_copy(message.text, buffer, size);
}

bool async_take_attachment(SspiAsyncContext *pointer, SECURITY_STATUS *status,
                           struct attachment **attachment)
{
    struct call *call;

    *attachment = NULL;
    engine_lock();
    call = async_find(pointer);
    *status = read_status(pointer);
    if (call != NULL && !call_is_pending(call)) {
        *attachment = call->attachment;
        call->attachment = NULL;
    }
    engine_unlock();
    return call != NULL;
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
    message_format(&message, job_package(&call->job), call->job.operation->name,
                   SEC_E_UNFINISHED_CONTEXT_DELETED, &report);
    return strdup(message.text);
}

/* What brings the completion of a cancelled call to the pool, apart from the context: that may
 * be used again before a thread comes to it. */
static struct call *make_notice(const struct call *call)
{
    struct call *notice = call_new();

    if (notice == NULL)
        return NULL;
    notice->work.kind = KIND_NOTIFICATION;
    notice->job.status = SEC_E_UNFINISHED_CONTEXT_DELETED;
    notice->async = call->async;
    notice->callback = call->callback;
    notice->data = call->data;
    return notice;
}

/* Completes a pending call at once. It is taken back, or goes on out of sight. */
static SECURITY_STATUS cancel(struct call *call, struct holdings *holdings)
{
    bool calls_back = call->queue == NULL && call->callback != NULL;
    struct call *notice = calls_back ? make_notice(call) : NULL;
    char *message = cancel_message(call);

    if (calls_back && (notice == NULL || !pool_have_thread(LANE_QUICK)))
        goto no_memory;
    if (!call->job.operation->is_end && run_withdraw(call)) {
        holdings->job = call->job;
        holdings->has_job = true;
    } else {
        call = part(call);
        if (call == NULL)
            goto no_memory;
    }
    call->job.status = SEC_E_UNFINISHED_CONTEXT_DELETED;
    call->job.message = message;
    fate_complete(call);
    if (notice != NULL)
        pool_push(&notice->work);
    else if (call->queue != NULL)
        queue_post(call->queue, call);
    return SEC_E_OK;

no_memory:
    free(message);
    if (notice != NULL)
        call_free(notice);
    return SEC_E_INSUFFICIENT_MEMORY;
}

SECURITY_STATUS sspia_async_cancel(SspiAsyncContext *pointer)
{
    struct holdings holdings = {.has_job = false};
    SECURITY_STATUS status = SEC_E_INVALID_HANDLE;
    struct call *call;

    engine_lock();
    call = find_at_rest(pointer);
    if (call != NULL)
        status = call_is_pending(call) ? cancel(call, &holdings) : SEC_E_NO_CONTEXT;
    engine_unlock();
    let_go(&holdings);
    return message_fail("sspia_async_cancel", status,
                        status == SEC_E_NO_CONTEXT ? "no call is pending" : NULL);
}

/* The parent's calls are not pending here, and nobody is told of them. What they hold in
 * memory is lost: its packages may be in the midst of it. */
static void async_after_fork(void *object)
{
    struct call *call = object;

    if (call == NULL) /* closed, and not released yet */
        return;
    call->work.place = WORK_NOWHERE;
    if (!call_is_pending(call))
        return;
    call->job.message = NULL;
    call->job.status = SEC_E_SHUTDOWN_IN_PROGRESS;
    fate_complete(call);
}

void async_start(void)
{
    handle_define(HANDLE_ASYNC, async_destroy, async_after_fork);
}
