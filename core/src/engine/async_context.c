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

#include "deadline.h"
#include "fate.h"
#include "lock.h"
#include "message.h"
#include "pause.h"
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

struct call *async_find_at_rest(const SspiAsyncContext *pointer)
{
    struct call *call = async_find(pointer);

    while (call != NULL && fate_state(fate_of(call->async)) == ASYNC_FINISHING) {
        fate_wait(call->async);
        call = async_find(pointer);
    }
    return call;
}

void async_part(struct call *call, struct call *fresh, bool is_complete)
{
    fresh->job.operation = call->job.operation;
    fresh->async = call->async;
    call_set_callback(fresh, call_callback(call));
    fresh->data = call->data;
    fresh->queue = call->queue;
    if (fresh->queue != NULL)
        queue_retain(fresh->queue);
    call_attach(fresh, call_attachment(call)); /* the old call is left as its taker reads it */
    fresh->deadline = call->deadline;
    call->deadline = NULL;
    if (is_complete) {
        fresh->job.status = call->job.status;
        fresh->job.message = call->job.message;
    }
    handle_replace(HANDLE_ASYNC, call->async, fresh);
}

struct call *async_changeable(struct call *call, uint64_t was)
{
    struct call *fresh;

    if (work_place(&call->work) == WORK_NOWHERE)
        return call;
    fresh = call_new();
    if (fresh == NULL)
        return NULL;
    if (!queue_leave(call->queue, call)) {
        call_free(fresh);
        return call;
    }
    async_part(call, fresh, fate_state(was) == ASYNC_COMPLETE);
    return fresh;
}

SspiAsyncContext *SspiCreateAsyncContext(void)
{
    struct call *call;
    bool opened;

    engine_lock();
    call = call_new();
    opened = call != NULL && handle_open(HANDLE_ASYNC, call, &call->async);
    if (opened)
        fate_open(call->async);
    else if (call != NULL)
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
    struct work_list dropped;
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
        queue_release(holdings->queue);
    pause_settle(&holdings->dropped);
}

/* Parts with a call for good. Frees it if nobody else will: it had not begun and need not run,
 * or it is at hand. */
static void abandon(struct call *call, enum async_state state, struct holdings *holdings)
{
    holdings->attachment = call_attachment(call);
    deadline_drop(call);
    if (state == ASYNC_PENDING && pause_is_on(call)) {
        pause_drop(call, &holdings->dropped);
        return;
    }
    if (state == ASYNC_PENDING) {
        if (call->job.operation->is_end || !run_withdraw(call))
            return;
        holdings->job = call->job;
        holdings->has_job = true;
    } else {
        if (state == ASYNC_COMPLETE)
            holdings->message = call->job.message;
        if (work_place(&call->work) != WORK_NOWHERE && queue_leave(call->queue, call))
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
    call = async_find_at_rest(pointer);
    if (call != NULL) {
        enum async_state state = fate_state(fate_seize(call->async));

        handle = call->async;
        /* A fork may come before the release, and visits closed handles too. */
        handle_replace(HANDLE_ASYNC, handle, NULL);
        handle_close(HANDLE_ASYNC, handle);
        fate_tell(handle);
        abandon(call, state, &holdings);
    }
    engine_unlock();
    if (handle.slot == 0)
        return;
    let_go(&holdings);
    handle_release(handle);
}

/* The way by the lock: the call is pending, or there is a message to free, or somebody has the
 * context for a moment. */
static NTSTATUS reinit(const SspiAsyncContext *pointer)
{
    NTSTATUS status = STATUS_INVALID_HANDLE;
    char *message = NULL;
    struct call *call;

    engine_lock();
    call = async_find(pointer);
    if (call != NULL) {
        enum async_state state = fate_state(fate_seize(call->async));

        status = fate_is_pending(call->async) ? STATUS_DEVICE_BUSY : STATUS_SUCCESS;
        if (state == ASYNC_COMPLETE)
            message = call->job.message;
    }
    if (status == STATUS_SUCCESS) {
        fate_move(call->async, ASYNC_IDLE, SEC_E_NO_CONTEXT, false);
    }
    engine_unlock();
    free(message);
    return status;
}

NTSTATUS SspiReinitAsyncContext(SspiAsyncContext *pointer)
{
    struct handle_view view;

    if (!fate_look(pointer, &view))
        return STATUS_INVALID_HANDLE;
    return fate_reinit(&view) ? STATUS_SUCCESS : reinit(pointer);
}

/* For a setting that must not change under a call: the call to change, whose context is BUSY,
 * to be released to what it was. */
static SECURITY_STATUS open_settings(const SspiAsyncContext *pointer, struct call **call,
                                     uint64_t *was)
{
    struct call *found = async_find(pointer);

    if (found == NULL)
        return SEC_E_INVALID_HANDLE;
    *was = fate_seize(found->async);
    if (fate_is_pending(found->async))
        return SEC_E_INVALID_PARAMETER;
    *call = async_changeable(found, *was);
    if (*call != NULL)
        return SEC_E_OK;
    fate_release(found->async, *was);
    return SEC_E_INSUFFICIENT_MEMORY;
}

SECURITY_STATUS SspiSetAsyncNotifyCallback(SspiAsyncContext *pointer,
                                           SspiAsyncNotifyCallback callback, void *data)
{
    struct holdings holdings = {.has_job = false};
    struct call *call;
    SECURITY_STATUS status;
    uint64_t was;

    engine_lock();
    status = open_settings(pointer, &call, &was);
    if (status == SEC_E_OK) {
        holdings.attachment = call_set_callback(call, callback);
        call->data = data;
        fate_release(call->async, was);
    }
    engine_unlock();
    let_go(&holdings);
    return message_fail("SspiSetAsyncNotifyCallback", status,
                        status == SEC_E_INVALID_PARAMETER ? "a call is pending" : NULL);
}

SECURITY_STATUS sspia_async_set_queue(SspiAsyncContext *pointer, sspia_queue *queue_pointer)
{
    struct queue *queue = queue_pointer != NULL ? queue_acquire(queue_pointer) : NULL;
    struct queue *old = queue;
    SECURITY_STATUS status = SEC_E_INVALID_HANDLE;
    struct call *call;
    uint64_t was;

    if (queue != NULL || queue_pointer == NULL) {
        engine_lock();
        status = open_settings(pointer, &call, &was);
        if (status == SEC_E_OK) {
            old = call->queue;
            call->queue = queue;
            fate_release(call->async, was);
        }
        engine_unlock();
    }
    if (old != NULL)
        queue_release(old);
    return message_fail("sspia_async_set_queue", status,
                        status == SEC_E_INVALID_PARAMETER ? "a call is pending" : NULL);
}

static SECURITY_STATUS set_deadline(const SspiAsyncContext *pointer, enum deadline_kind kind,
                                    int64_t value)
{
    SECURITY_STATUS status;
    struct call *call;
    uint64_t was;

    engine_lock();
    status = open_settings(pointer, &call, &was);
    if (status == SEC_E_OK) {
        if (!deadline_set(call, kind, value))
            status = SEC_E_INSUFFICIENT_MEMORY;
        fate_release(call->async, was);
    }
    engine_unlock();
    return message_fail("sspia_async_set_deadline", status,
                        status == SEC_E_INVALID_PARAMETER ? "a call is pending" : NULL);
}

SECURITY_STATUS sspia_async_set_deadline(SspiAsyncContext *pointer, uint32_t milliseconds)
{
    if (milliseconds == SSPIA_DEADLINE_DEFAULT)
        return set_deadline(pointer, DEADLINE_DEFAULT, 0);
    if (milliseconds == 0)
        return set_deadline(pointer, DEADLINE_NONE, 0);
    return set_deadline(pointer, DEADLINE_AFTER, milliseconds);
}

SECURITY_STATUS sspia_async_set_deadline_at(SspiAsyncContext *pointer, int64_t monotonic_ns)
{
    if (monotonic_ns <= 0)
        return message_fail("sspia_async_set_deadline_at", SEC_E_INVALID_PARAMETER,
                            "the moment is not one of CLOCK_MONOTONIC");
    return set_deadline(pointer, DEADLINE_AT, monotonic_ns);
}

BOOLEAN SspiAsyncContextRequiresNotify(SspiAsyncContext *pointer)
{
    struct call *call;
    BOOLEAN requires;

    engine_lock();
    call = async_find(pointer);
    requires = false;
    if (call != NULL) {
        uint64_t was = fate_seize(call->async);

        requires = call_callback(call) != NULL;
        fate_release(call->async, was);
    }
    engine_unlock();
    return requires;
}

static SECURITY_STATUS read_status(const SspiAsyncContext *pointer)
{
    struct handle_view view;

    return fate_look(pointer, &view) ? fate_status(view.value) : SEC_E_INVALID_HANDLE;
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

/* Does the call here that is to be waited for, if that can be. Without a timeout the wait may
 * last as long as a call that blocks; a deadline ends the wait, but could not end it here. */
static void run_here(const SspiAsyncContext *pointer, bool may_block)
{
    struct call *call;

    engine_lock();
    call = async_find(pointer);
    if (call != NULL && fate_is_pending(call->async))
        pool_run_here(&call->work, may_block && !deadline_is_armed(call));
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
    pool_help(status_is_final, pointer);
    run_here(pointer, timeout_ms < 0);
    SspiGetAsyncCallStatus(pointer); /* what it waits behind is to begin, too */
    engine_spin(status_is_final, pointer);
    engine_lock();
    while (in_time && (call = async_find(pointer)) != NULL && fate_is_pending(call->async))
        in_time = fate_wait_until(call->async, timeout_ms > 0 ? &deadline : NULL, cancel_state);
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

/* Of a call that is complete, and whose context is BUSY. */
static void describe(const struct call *call, struct message *message)
{
    if (call->job.status >= 0)
        message->text[0] = '\0';
    else if (call->job.message == NULL) /* it says no more than the status, or no memory */
        message_format(message, NULL, call->job.operation->name, call->job.status, NULL);
    else
        message_copy(call->job.message, message->text, sizeof(message->text));
}

size_t sspia_async_message(SspiAsyncContext *pointer, char *buffer, size_t size)
{
    struct message message = {.text = ""};
    struct call *call;

    engine_lock();
    call = async_find(pointer);
    if (call != NULL) {
        uint64_t was = fate_seize(call->async);

        if (fate_state(was) == ASYNC_COMPLETE)
            describe(call, &message);
        fate_release(call->async, was);
    }
    engine_unlock();
    return message_copy(message.text, buffer, size);
}

bool async_take_attachment(SspiAsyncContext *pointer, SECURITY_STATUS *status,
                           struct attachment **attachment)
{
    struct call *call;

    *attachment = NULL;
    *status = SEC_E_INVALID_HANDLE;
    engine_lock();
    call = async_find(pointer);
    if (call != NULL) {
        uint64_t was = fate_seize(call->async);

        *status = fate_status(was);
        if (!fate_is_pending(call->async)) {
            *attachment = call_attach(call, NULL);
            fate_release(call->async, was);
        }
    }
    engine_unlock();
    return call != NULL;
}

/* The parent's calls are not pending here, and nobody is told of them. What they hold in
 * memory is lost: its packages may be in the midst of it. One that is BUSY was just being
 * submitted. */
static void async_after_fork(void *object)
{
    struct call *call = object;

    if (call == NULL) /* closed, and not released yet */
        return;
    work_set_place(&call->work, WORK_NOWHERE);
    if (!fate_is_pending(call->async) && fate_state(fate_of(call->async)) != ASYNC_BUSY)
        return;
    call->job.message = NULL;
    call->job.status = SEC_E_SHUTDOWN_IN_PROGRESS;
    fate_move(call->async, ASYNC_COMPLETE, call->job.status, false);
}

void async_start(void)
{
    handle_define(HANDLE_ASYNC, async_destroy, async_after_fork);
}
