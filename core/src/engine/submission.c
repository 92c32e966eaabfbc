/* SPDX-License-Identifier: MIT */
#include "submission.h"

#include "async_context.h"
#include "fate.h"
#include "lock.h"
#include "message.h"
#include "pool.h"
#include "run.h"

static void exchange(struct call *call, struct async_destination *destination)
{
    const struct async_destination former = {call->queue, call->data, call->attachment};

    call->queue = destination->queue;
    call->data = destination->data;
    call->attachment = destination->attachment;
    *destination = former;
}

/* The context's call, if it may be submitted now. */
static struct call *find_idle(const SspiAsyncContext *pointer, SECURITY_STATUS *status,
                              const char **why)
{
    struct call *call = async_find(pointer);

    *status = SEC_E_INVALID_HANDLE;
    *why = "the async context is not alive";
    if (call == NULL)
        return NULL;
    *status = SEC_E_INVALID_PARAMETER;
    *why = call_is_pending(call) ? "a call is pending on the async context"
                                 : "the async context was not reinitialised";
    if (call->work.state != ASYNC_IDLE)
        return NULL;
    *status = SEC_E_INSUFFICIENT_MEMORY;
    *why = NULL;
    return async_changeable(call);
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
        call = find_idle(pointer, status, why);
    if (call == NULL)
        return NULL;
    *status = pool_admit(job->lane);
    if (*status != SEC_E_OK) {
        *why = "the bound on queued calls is reached, or no thread can be started";
        if (call->async.slot == 0)
            call_free(call);
        return NULL;
    }
    if (destination != NULL)
        exchange(call, destination);
    call->job = *job;
    fate_move(call, ASYNC_PENDING, SEC_I_ASYNC_CALL_PENDING);
    return call;
}

SECURITY_STATUS async_submit(SspiAsyncContext *pointer, struct job *job)
{
    return async_submit_to(pointer, job, NULL);
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

/* The handles are closed without the lock: there may be a million of them. Meanwhile the call
 * is pending and in no list, as if it ran already. */
SECURITY_STATUS async_submit_batch(
    SspiAsyncContext *pointer, const struct operation *operation, enum handle_kind kind,
    bool (*handle_at)(const void *handles, uint32_t index, struct handle *handle),
    const void *handles, uint32_t count, struct async_destination *destination)
{
    struct job job = {.operation = operation, .lane = LANE_QUICK};
    SECURITY_STATUS status;
    struct handle handle;
    const char *why;
    struct call *call;

    engine_lock();
    call = admit_job(pointer, &job, destination, &status, &why);
    engine_unlock();
    if (call == NULL)
        return message_fail(operation->name, status, why);
    for (uint32_t i = count; i > 0; i--) { /* the first of them will be the first to go */
        if (handle_at(handles, i - 1, &handle))
            handle_chain_close(&job.batch, kind, handle);
        else
            job.batch.missed = true;
    }
    engine_lock();
    call->job = job;
    run_start(call);
    engine_unlock();
    return SEC_E_OK;
}
