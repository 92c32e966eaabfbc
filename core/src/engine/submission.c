/* SPDX-License-Identifier: MIT */
#include "submission.h"

#include "async_context.h"
#include "deadline.h"
#include "drain.h"
#include "fate.h"
#include "inline.h"
#include "lock.h"
#include "message.h"
#include "pool.h"
#include "probe.h"
#include "queue.h"
#include "run.h"

static void exchange(struct call *call, struct async_destination *destination)
{
    const struct async_destination former = {call->queue, call->data,
                                             call_attach(call, destination->attachment)};

    call->queue = destination->queue;
    call->data = destination->data;
    *destination = former;
}

/* The context's call, if it may be submitted now: then it is BUSY. */
static struct call *seize_idle(const SspiAsyncContext *pointer, SECURITY_STATUS *status,
                               const char **why)
{
    struct call *call = async_find(pointer), *changeable;
    uint64_t was;

    *status = SEC_E_INVALID_HANDLE;
    *why = "the async context is not alive";
    if (call == NULL)
        return NULL;
    *status = SEC_E_INVALID_PARAMETER;
    was = fate_seize(call->async);
    if (fate_state(was) != ASYNC_IDLE) {
        *why = fate_state(was) == ASYNC_COMPLETE ? "the async context was not reinitialised"
                                                 : "a call is pending on the async context";
        fate_release(call->async, was);
        return NULL;
    }
    *status = SEC_E_INSUFFICIENT_MEMORY;
    *why = NULL;
    changeable = async_changeable(call, was);
    if (changeable == NULL)
        fate_release(call->async, was);
    return changeable;
}

static void give_back(struct call *call)
{
    if (call->async.slot == 0)
        call_free(call);
    else
        fate_move(call->async, ASYNC_IDLE, SEC_E_NO_CONTEXT, false);
}

/* Makes a job the call of a context, admitted and PENDING; it is still to be started. Engine
 * lock held. NULL: refused. */
static struct call *admit_job(const SspiAsyncContext *pointer, const struct job *job,
                              struct async_destination *destination, SECURITY_STATUS *status,
                              const char **why)
{
    struct call *call;

    *status = SEC_E_INSUFFICIENT_MEMORY;
    *why = NULL;
    if (pointer == NULL && destination != NULL)
        call = call_new();
    else
        call = seize_idle(pointer, status, why);
    if (call == NULL)
        return NULL;
    *status = pool_admit(job->lane);
    if (*status == SEC_E_OK && !deadline_arm(call, job->operation->is_end)) {
        pool_dismiss(job->lane, 1);
        *status = SEC_E_INSUFFICIENT_MEMORY;
    }
    if (*status != SEC_E_OK) {
        *why = "the bound on queued calls is reached, or no thread can be started";
        give_back(call);
        return NULL;
    }
    if (destination != NULL)
        exchange(call, destination);
    call->job = *job;
    PROBE_SUBMIT(call->async, job->operation);
    if (call->async.slot != 0)
        fate_move(call->async, ASYNC_PENDING, SEC_I_ASYNC_CALL_PENDING, false);
    return call;
}

SECURITY_STATUS async_submit_to(SspiAsyncContext *pointer, struct job *job,
                                struct async_destination *destination)
{
    SECURITY_STATUS status;
    const char *why;
    struct call *call;

    engine_lock();
    call = admit_job(pointer, job, destination, &status, &why);
    if (call != NULL) {
        if (job->operation->claim != NULL)
            job->operation->claim(&call->job);
        run_start(call);
    }
    engine_unlock();
    if (call == NULL) {
        message_fail(job->operation->name, status, why);
        job_discard(job);
    }
    return status;
}

SECURITY_STATUS async_submit(SspiAsyncContext *pointer, struct job *job)
{
    return async_submit_to(pointer, job, NULL);
}

/* ---- Light calls, without the engine lock --------------------------------------------------
 */

/* Hands over a call, which is its async context's from before: the context is PENDING. */
static void put(struct call *call)
{
    /* The call may have ended, and its queue gone, when pool_put returns. */
    const bool has_queue = call->queue != NULL;
    const struct handle queue = has_queue ? queue_handle(call->queue) : (struct handle){0, 0};

    if (pool_put(&call->work) &&
        !(has_queue && (drain_is_under_way(queue) || queue_hint(queue))))
        pool_wake();
}

/* Is the call of a BUSY context free, and would it be light? */
static bool can_be_light(const struct call *call, const struct async_destination *destination)
{
    const struct queue *queue = destination != NULL ? destination->queue : call->queue;

    return work_place(&call->work) == WORK_NOWHERE &&
           (queue != NULL || call_callback(call) == NULL) && !deadline_is_set(call);
}

/* What is left to do before the call is put. */
static void make_ready(struct call *call)
{
    call->work.kind = KIND_CALL;
    call->work.lane = LANE_QUICK;
    call->work.quiet = true;
    call->work.light = true;
    call->work.urgent = call->queue != NULL;
    work_set_place(&call->work, WORK_IN_INBOX);
}

/* An end that needs no turn, as the job of a call. */
static bool claim_alone(struct call *call, const struct operation *operation,
                        struct handle target)
{
    call->job = (struct job){.operation = operation, .lane = LANE_QUICK};
    return operation->claim_alone(&call->job, target);
}

/* A call without an async context: only its memory is had under the lock. NULL: the way by the
 * lock is open. */
static struct call *call_alone(void)
{
    struct call *call;

    if (!pool_is_open())
        return NULL;
    engine_lock();
    call = call_new();
    engine_unlock();
    return call;
}

static bool submit_alone(const struct operation *operation, struct handle target,
                         struct async_destination *destination)
{
    struct call *call = call_alone();
    bool claimed;

    if (call == NULL)
        return false;
    claimed = claim_alone(call, operation, target);
    if (claimed) {
        exchange(call, destination);
        make_ready(call);
        put(call);
    } else {
        engine_lock();
        call_free(call);
        engine_unlock();
    }
    return claimed;
}

/* False: nothing was done; the way by the lock is open. */
static bool submit_light(const SspiAsyncContext *pointer, const struct operation *operation,
                         struct handle target, struct async_destination *destination)
{
    struct handle_view view;
    struct call *call;

    if (!pool_is_open() || !fate_look(pointer, &view) || !fate_begin(&view))
        return false;
    call = view.object;
    if (!can_be_light(call, destination) || !claim_alone(call, operation, target)) {
        fate_back(&view);
        return false;
    }
    if (destination != NULL)
        exchange(call, destination);
    make_ready(call);
    PROBE_SUBMIT(call->async, operation);
    fate_submit(&view);
    put(call);
    return true;
}

static ENGINE_SLOW SECURITY_STATUS submit_by_lock(SspiAsyncContext *pointer,
                                                  const struct operation *operation,
                                                  struct handle target,
                                                  struct async_destination *destination)
{
    struct job job = {.operation = operation, .target = target, .lane = LANE_QUICK};

    return async_submit_to(pointer, &job, destination);
}

SECURITY_STATUS async_submit_end(SspiAsyncContext *pointer, const struct operation *operation,
                                 struct handle target, struct async_destination *destination)
{
    if (pointer != NULL ? submit_light(pointer, operation, target, destination)
                        : destination != NULL && submit_alone(operation, target, destination))
        return SEC_E_OK;
    return submit_by_lock(pointer, operation, target, destination);
}

/* ---- Batches -------------------------------------------------------------------------------
 */

/* Contexts that are worth a thread of their own. */
#define LARGE_BATCH 1024

/* The call of a batch, PENDING and in no list, as if it ran already; or NULL. *put_it: it is to
 * be put, and not started. */
static struct call *begin_batch(const SspiAsyncContext *pointer, const struct job *job,
                                struct async_destination *destination, bool *put_it,
                                SECURITY_STATUS *status, const char **why)
{
    struct handle_view view;
    struct call *call = pointer == NULL && destination != NULL ? call_alone() : NULL;

    *put_it = call != NULL;
    if (*put_it) {
        exchange(call, destination);
        call->job = *job;
        return call;
    }
    *put_it = pool_is_open() && fate_look(pointer, &view) && fate_begin(&view);
    if (*put_it) {
        call = view.object;
        if (can_be_light(call, destination)) {
            if (destination != NULL)
                exchange(call, destination);
            call->job = *job;
            fate_submit(&view);
            return call;
        }
        fate_back(&view);
        *put_it = false;
    }
    engine_lock();
    call = admit_job(pointer, job, destination, status, why);
    engine_unlock();
    return call;
}

/* So many slots are fetched at a time, which takes hardly longer than one. */
#define LOT 16

/* Without the lock: there may be a million of them. */
static void close_batch(struct handle_chain *batch, enum handle_kind kind,
                        bool (*handle_at)(const void *handles, uint32_t index,
                                          struct handle *handle),
                        const void *handles, uint32_t count)
{
    struct handle lot[LOT];

    while (count > 0) { /* from the end: the first of them will be the first to go */
        const uint32_t size = count < LOT ? count : LOT;

        for (uint32_t i = 0; i < size; i++) {
            if (!handle_at(handles, --count, &lot[i]))
                lot[i] = (struct handle){0, 0};
            handle_prefetch(lot[i]);
        }
        for (uint32_t i = 0; i < size; i++)
            handle_chain_close(batch, kind, lot[i]);
    }
}

SECURITY_STATUS async_submit_batch(
    SspiAsyncContext *pointer, const struct operation *operation, enum handle_kind kind,
    bool (*handle_at)(const void *handles, uint32_t index, struct handle *handle),
    const void *handles, uint32_t count, struct async_destination *destination)
{
    const struct job job = {.operation = operation, .lane = LANE_QUICK};
    struct handle_chain batch = {.first = 0};
    SECURITY_STATUS status = SEC_E_OK;
    const char *why;
    struct call *call;
    bool put_it;

    call = begin_batch(pointer, &job, destination, &put_it, &status, &why);
    if (call == NULL)
        return message_fail(operation->name, status, why);
    close_batch(&batch, kind, handle_at, handles, count);
    call->job.batch = batch;
    if (put_it) {
        make_ready(call);
        call->work.urgent = call->work.urgent || count > LARGE_BATCH;
        put(call);
        return SEC_E_OK;
    }
    engine_lock();
    run_start(call);
    engine_unlock();
    return SEC_E_OK;
}
