/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. A call is attached (its async context's handle leads to it) or parted. A parted call
 *     belongs to the thread or list that has it, and is freed when that is done.
 *  2. Outputs are written only by the thread that runs the call, only while it is FINISHING,
 *     which it entered attached. Free and cancel wait for FINISHING to pass, so nothing is
 *     written after they have returned.
 *  3. A completion is delivered once: the call is put into its queue, or its callback is
 *     started right here, in the same hold of the lock that makes the status final. A call
 *     that was parted while pending never gets there.
 *  4. The turn passes on before the callback starts, and the job's references are gone: a
 *     callback may delete what the call used and see it destroyed.
 *  5. A thread takes several calls at once only if they are light: they end handles, write
 *     nothing, and start no callback here. What they bring is told of together.
 */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "async_context.h"
#include "engine.h"
#include "pool.h"
#include "queue.h"

/* Calls are made by one thread and freed by another, the dearest way for malloc: some are
 * kept. */
#define SPARES_MAX 1024
static struct work_list spares;
static uint32_t spare_count;

struct call *call_new(void)
{
    struct call *call = (struct call *)work_take(&spares);

    if (call == NULL)
        return calloc(1, sizeof(*call));
    spare_count--;
    memset(call, 0, sizeof(*call));
    return call;
}

void call_free(struct call *call)
{
    if (spare_count == SPARES_MAX) {
        free(call);
        return;
    }
    work_append(&spares, &call->work, WORK_NOWHERE);
    spare_count++;
}

bool call_is_attached(const struct call *call)
{
    return handle_find(HANDLE_ASYNC, call->async) == call;
}

bool call_is_pending(const struct call *call)
{
    return call->work.state == ASYNC_PENDING || call->work.state == ASYNC_FINISHING;
}

sspia_completion call_completion(const struct call *call)
{
    return (sspia_completion){
        .async = call->async.slot != 0 ? handle_to_pointer(HANDLE_ASYNC, call->async) : NULL,
        .callback = call->callback,
        .data = call->data,
        .status = call->job.status,
    };
}

void call_start(struct call *call)
{
    struct security_context *context = call->job.context;

    call->work.kind = KIND_CALL;
    call->work.lane = call->job.lane;
    call->work.light =
        job_is_end(&call->job) && (call->queue != NULL || call->callback == NULL);
    call->work.urgent = !call->work.light || call->queue != NULL;
    if (context == NULL || call->job.alone) {
        pool_push(&call->work);
        return;
    }
    call->job.has_turn = true;
    if (!security_context_queue(context, &call->work)) {
        call->job.has_turn = false;
        job_lose_context(&call->job);
        pool_push(&call->work);
    }
    if (job_is_end(&call->job))
        context->closing = true;
}

bool call_withdraw(struct call *call)
{
    if (call->work.place == WORK_NOWHERE)
        return false;
    if (call->work.place == WORK_WAITING) {
        work_remove(&call->job.context->waiting, &call->work);
    } else {
        pool_withdraw(&call->work);
        if (call->job.has_turn)
            security_context_yield(call->job.context);
    }
    pool_dismiss(call->job.lane);
    return true;
}

/* A call that a thread has taken, and what is left of it when it is done. */
struct run {
    struct call *call;
    struct job job; /* the call's own stays as it is for those who cancel it */
    char *message;
    bool again;
};

static void run_job(struct run *run)
{
    sspia_report report;
    struct message message;

    report.text[0] = '\0'; /* and no more: it is long */
    run->job = run->call->job;
    run->message = NULL;
    run->again = !job_run(&run->job, &report);
    /* What the status tells by itself is put into words when somebody asks. */
    if (run->again || run->job.status >= 0 ||
        (report.text[0] == '\0' && job_is_end(&run->job)) || run->call->async.slot == 0)
        return;
    message_format(&message, job_package(&run->job), job_operation_name(&run->job),
                   run->job.status, &report);
    run->message = strdup(message.text);
}

/* Copies the outputs to whoever wants them. The lock is taken for a moment. */
static void publish(struct run *run)
{
    bool wanted;

    engine_lock();
    wanted = call_is_attached(run->call);
    if (wanted)
        run->call->work.state = ASYNC_FINISHING;
    engine_unlock();
    if (wanted)
        job_publish(&run->job);
}

/* What is to be done without the lock, when a chunk has been settled. */
struct remains {
    struct job *job;         /* of a call that is no end: arguments and references */
    struct work_list parted; /* with references to queues */
    sspia_completion notice; /* its callback, or none */
};

/* With the engine lock held. */
static void settle(struct run *run, struct remains *remains)
{
    struct call *call = run->call;
    /* FINISHING: free waits for this, so it is attached. No async context: only a queue. */
    bool wanted = call->work.state == ASYNC_FINISHING || call->async.slot == 0 ||
                  (job_is_end(&run->job) && call_is_attached(call));

    if (run->again) {
        call->job = run->job;
        pool_push(&call->work);
        return;
    }
    if (!wanted)
        job_abandon(&run->job);
    if (run->job.has_turn && run->job.context != NULL)
        security_context_yield(run->job.context);
    pool_dismiss(run->job.lane);
    call->job.status = run->job.status;
    call->job.message = run->message;
    if (wanted)
        async_finish(call);
    if (wanted && call->queue != NULL && queue_post(call->queue, call))
        return;
    if (wanted && call->queue == NULL && call->callback != NULL)
        remains->notice = call_completion(call);
    if (!call_is_attached(call))
        work_append(&remains->parted, &call->work, WORK_NOWHERE);
}

/* Takes and leaves the engine lock held; lets go of it for what is not to be done under it. */
static void clear_away(struct remains *remains)
{
    bool pool_callback = remains->notice.callback != NULL;
    struct call *call;

    if (remains->job == NULL && remains->parted.first == NULL && !pool_callback)
        return;
    if (pool_callback)
        pool_begin_callback();
    engine_unlock();
    if (remains->job != NULL)
        job_discard(remains->job);
    for (struct work *work = remains->parted.first; work != NULL; work = work->next) {
        call = (struct call *)work;
        free(call->job.message);
        if (call->queue != NULL)
            handle_release(call->queue->handle);
    }
    if (pool_callback && !engine_closing())
        remains->notice.callback(remains->notice.async, remains->notice.data);
    engine_lock();
    while ((call = (struct call *)work_take(&remains->parted)) != NULL)
        call_free(call);
    if (pool_callback)
        pool_end_callback();
}

/* The completion of a call that was cancelled: nothing of it is left but that. */
static void run_notification(struct call *call)
{
    struct remains remains = {.notice = call_completion(call)};

    engine_lock();
    work_append(&remains.parted, &call->work, WORK_NOWHERE);
    clear_away(&remains);
}

void call_run(struct work_list *chunk)
{
    struct run runs[CALL_CHUNK];
    struct remains remains = {.job = NULL};
    struct work *work = chunk->first;
    uint32_t count = 0;

    if (work->kind == KIND_NOTIFICATION) {
        run_notification((struct call *)work_take(chunk));
        return;
    }
    do {
        runs[count].call = (struct call *)work;
        run_job(&runs[count++]);
        work = work->next;
    } while (work != NULL);
    if (!job_is_end(&runs[0].job)) {
        publish(&runs[0]);
        remains.job = &runs[0].job;
    }
    engine_lock();
    for (uint32_t i = 0; i < count; i++)
        settle(&runs[i], &remains);
    clear_away(&remains);
}
