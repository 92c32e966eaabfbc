/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. A call is attached (call->async and async->call point at each other) or detached. A
 *     detached call belongs to the thread or list that has it, and is freed when that is done.
 *  2. Outputs are written only by the thread that runs the call, only while its async context
 *     is FINISHING, which it entered attached. Free and cancel wait for FINISHING to pass, so
 *     nothing is written after they have returned.
 *  3. A completion is delivered once: the call is put into its queue or lane, or its callback
 *     is started right here, in the same hold of the lock that makes the status final. A call
 *     that was detached while pending never gets there.
 *  4. The turn passes on before the callback starts, and the job's references are gone: a
 *     callback may delete what the call used and see it destroyed.
 */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "async_context.h"
#include "engine.h"
#include "pool.h"
#include "queue.h"

/* Runs a callback that pool_begin_callback was called for. */
static void notify(const sspia_completion *completion)
{
    if (!engine_closing())
        completion->callback(completion->async, completion->data);
    engine_lock();
    pool_end_callback();
    engine_unlock();
}

/* A completion that was handed to the pool: of a call that was cancelled. */
static void run_notification(struct work *work)
{
    struct call *call = (struct call *)work;
    sspia_completion completion;

    engine_lock();
    completion = call->completion;
    call_retire(call);
    pool_begin_callback();
    engine_unlock();
    notify(&completion);
}

/* Copies the outcome to whoever wants it. False: nobody does. Engine lock held, and let go of
 * for the copying. */
static bool finish(struct call *call, SECURITY_STATUS status, char *message)
{
    struct async_context *async = call->async;

    if (async == NULL) {
        job_abandon(&call->job);
        free(message);
        return false;
    }
    async_start_finishing(async);
    engine_unlock();
    job_publish(&call->job, status);
    engine_lock();
    async_finish(async, status, message);
    return true;
}

static void run(struct work *work)
{
    struct call *call = (struct call *)work;
    sspia_report report = {.text = ""};
    sspia_completion completion = {.callback = NULL};
    struct queue *queue = NULL;
    char *text = NULL;
    struct job job;
    SECURITY_STATUS status = job_run(&call->job, &report);

    if (status < 0) {
        struct message message;

        message_format(&message, job_package(&call->job), job_operation_name(&call->job),
                       status, &report);
        text = strdup(message.text);
    }
    engine_lock();
    call->completion.status = status;
    job = call->job;
    if (!finish(call, status, text)) {
        queue = call->queue;
        call->queue = NULL;
        call->completion.callback = NULL;
    }
    if (call->has_turn)
        security_context_yield(job.context);
    pool_dismiss(job.lane);
    if (call->queue != NULL) {
        queue_post(call->queue, call, &queue);
    } else {
        completion = call->completion;
        call_retire(call);
        if (completion.callback != NULL)
            pool_begin_callback();
    }
    engine_unlock();
    job_discard(&job);
    if (queue != NULL)
        handle_release(queue->handle);
    if (completion.callback != NULL)
        notify(&completion);
}

void call_start(struct call *call)
{
    struct security_context *context = call->job.context;

    call->work.run = run;
    call->work.lane = call->job.lane;
    call->has_turn = context != NULL && security_context_queue(context, &call->work);
    if (context != NULL && call->job.operation == JOB_DELETE_CONTEXT)
        context->closing = true;
    if (call->has_turn)
        return;
    if (context != NULL)
        job_lose_context(&call->job);
    pool_push(&call->work);
}

bool call_withdraw(struct call *call)
{
    if (call->work.place == WORK_NOWHERE)
        return false;
    if (call->work.place == WORK_WAITING) {
        work_remove(&call->job.context->waiting, &call->work);
    } else {
        pool_withdraw(&call->work);
        if (call->has_turn)
            security_context_yield(call->job.context);
    }
    pool_dismiss(call->job.lane);
    return true;
}

bool call_deliver(struct call *call, struct queue **release)
{
    *release = NULL;
    if (call->queue != NULL) {
        queue_post(call->queue, call, release);
        return true;
    }
    if (call->completion.callback == NULL) {
        call_retire(call);
        return true;
    }
    call->work.run = run_notification;
    if (!pool_push_notification(&call->work))
        return false;
    call->async = NULL; /* the thread's alone from here on, also between taking and running */
    return true;
}

void call_retire(struct call *call)
{
    call->queue = NULL;
    if (call->async == NULL)
        free(call);
}
