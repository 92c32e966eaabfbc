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
 *  6. A call that deletes many contexts is worked off in slices. Whoever takes a slice puts the
 *     call back into its lane if there is a rest, so that other threads help and other calls
 *     have their turn; the last one to end, with no rest left, is the one that runs the job.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "fate.h"
#include "gate.h"
#include "lane.h"
#include "lock.h"
#include "message.h"
#include "pool.h"
#include "queue.h"

void run_start(struct call *call)
{
    const struct operation *operation = call->job.operation;
    struct turns *turns = call->job.turns;

    call->work.kind = KIND_CALL;
    call->work.lane = call->job.lane;
    call->work.quiet = call->queue != NULL || call->callback == NULL;
    call->work.light = call->work.quiet && operation->is_end;
    call->work.urgent =
        call->queue != NULL || call->callback != NULL || call->work.lane != LANE_QUICK;
    if (turns == NULL || call->job.alone) {
        pool_push(&call->work);
        return;
    }
    call->job.has_turn = true;
    if (!turn_queue(turns, &call->work)) {
        call->job.has_turn = false;
        operation->refuse(&call->job);
        pool_push(&call->work);
    }
    if (operation->is_end)
        turns->closed = true;
}

bool run_withdraw(struct call *call)
{
    if (call->work.place == WORK_NOWHERE)
        return false;
    if (call->work.place == WORK_WAITING) {
        turn_withdraw(call->job.turns, &call->work);
    } else {
        pool_withdraw(&call->work);
        if (call->job.has_turn)
            turn_yield(call->job.turns);
    }
    pool_dismiss(call->job.lane);
    return true;
}

/* A call that a thread has taken, and what is left of it when it is done. */
struct run {
    struct call *call;
    struct job job; /* the call's own stays as it is for those who cancel it */
    char *message;
    bool goes_on; /* elsewhere: it is not done yet */
};

/* Contexts of a batch that are deleted before other calls of the lane have their turn. */
#define SLICE 64

/* Deletes a slice of a batch. Whether that was the last. */
static bool run_slice(struct call *call)
{
    struct handle_chain *batch = &call->job.batch;
    uint32_t first = batch->first;
    uint32_t end = handle_chain_skip(first, SLICE);
    bool last;

    engine_lock();
    batch->first = end;
    batch->slices++;
    if (end != 0) {
        call->work.light = false; /* worth a thread of its own */
        pool_push(&call->work);
    }
    engine_unlock();
    handle_chain_release(first, end);
    engine_lock();
    last = --batch->slices == 0 && batch->first == 0;
    engine_unlock();
    return last;
}

static void run_job(struct run *run)
{
    sspia_report report;
    struct message message;

    run->goes_on = run->call->job.operation->is_batch && !run_slice(run->call);
    if (run->goes_on)
        return;
    report.text[0] = '\0'; /* and no more: it is long */
    run->job = run->call->job;
    run->message = NULL;
    run->job.operation->run(&run->job, &report);
    /* What the status tells by itself is put into words when somebody asks. */
    if (run->job.status >= 0 || (report.text[0] == '\0' && run->job.operation->is_end) ||
        run->call->async.slot == 0)
        return;
    message_format(&message, job_package(&run->job), run->job.operation->name, run->job.status,
                   &report);
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
        run->job.operation->publish(&run->job);
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
    bool wanted;

    if (run->goes_on)
        return; /* and may have ended meanwhile */
    /* FINISHING: free waits for this, so it is attached. No async context: only a queue. */
    wanted = call->work.state == ASYNC_FINISHING || call->async.slot == 0 ||
             (run->job.operation->is_end && call_is_attached(call));
    if (!wanted && run->job.operation->abandon != NULL)
        run->job.operation->abandon(&run->job);
    if (run->job.has_turn && run->job.turns != NULL)
        turn_yield(run->job.turns);
    pool_dismiss(run->job.lane);
    call->job.status = run->job.status;
    call->job.message = run->message;
    if (wanted)
        fate_complete(call);
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
        lane_begin_callback();
    engine_unlock();
    if (remains->job != NULL)
        job_discard(remains->job);
    for (struct work *work = remains->parted.first; work != NULL; work = work->next) {
        call = (struct call *)work;
        free(call->job.message);
        if (call->queue != NULL)
            handle_release(call->queue->handle);
    }
    if (pool_callback && !gate_is_closing())
        remains->notice.callback(remains->notice.async, remains->notice.data);
    engine_lock();
    while ((call = (struct call *)work_take(&remains->parted)) != NULL)
        call_free(call);
    if (pool_callback)
        lane_end_callback();
}

/* The completion of a call that was cancelled: nothing of it is left but that. */
static void run_notification(struct call *call)
{
    struct remains remains = {.notice = call_completion(call)};

    engine_lock();
    work_append(&remains.parted, &call->work, WORK_NOWHERE);
    clear_away(&remains);
}

void run_chunk(struct work_list *chunk)
{
    struct run runs[LANE_CHUNK];
    struct remains remains = {.job = NULL};
    uint32_t count = 0;

    if (chunk->first->kind == KIND_NOTIFICATION) {
        run_notification((struct call *)work_take(chunk));
        return;
    }
    /* All are noted first: a batch that goes on is back in its lane's list. */
    for (struct work *work = chunk->first; work != NULL; work = work->next)
        runs[count++].call = (struct call *)work;
    for (uint32_t i = 0; i < count; i++)
        run_job(&runs[i]);
    if (!runs[0].goes_on && !runs[0].job.operation->is_end) {
        publish(&runs[0]);
        remains.job = &runs[0].job;
    }
    engine_lock();
    for (uint32_t i = 0; i < count; i++)
        settle(&runs[i], &remains);
    clear_away(&remains);
}
