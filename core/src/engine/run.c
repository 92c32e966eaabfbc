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
 *     nothing, and start no callback here. What they bring is told of together, and is run in
 *     the call itself: nobody else looks at the job of a pending end, but for its operation.
 *  6. A call that deletes many contexts is worked off in slices. Whoever takes a slice puts the
 *     call back into its lane if there is a rest, so that other threads help and other calls
 *     have their turn; the last one to end, with no rest left, is the one that runs the job.
 *  7. A job whose package waits is run again, by any thread; its call pauses in between
 *     (pause.c).
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "deadline.h"
#include "drain.h"
#include "fate.h"
#include "gate.h"
#include "lock.h"
#include "message.h"
#include "pause.h"
#include "pool.h"
#include "probe.h"
#include "queue.h"
#include "timer.h"
#include "trace.h"

/* Says what the job of a call is to the pool. */
static void classify(struct call *call)
{
    const struct operation *operation = call->job.operation;

    call->work.kind = KIND_CALL;
    call->work.lane = call->job.lane;
    call->work.quiet = call->queue != NULL || call_callback(call) == NULL;
    call->work.light = call->work.quiet && operation->is_end;
    call->work.urgent = call->queue != NULL || call_callback(call) != NULL ||
                        call->work.lane != LANE_QUICK || deadline_is_armed(call);
}

void run_start(struct call *call)
{
    const struct operation *operation = call->job.operation;
    struct turns *turns = call->job.alone ? NULL : job_turns(&call->job);

    classify(call);
    if (turns == NULL) {
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
    enum work_place place = work_place(&call->work);

    if (place == WORK_NOWHERE)
        return false;
    if (place == WORK_WAITING) {
        turn_withdraw(job_turns(&call->job), &call->work);
    } else {
        pool_withdraw(&call->work);
        if (call->job.has_turn)
            turn_yield(job_turns(&call->job));
    }
    pool_dismiss(call->job.lane, 1);
    return true;
}

/* Contexts of a batch that are deleted before other calls of the lane have their turn. */
#define SLICE 64

/* Deletes a slice of a batch. Whether that was the last. */
static bool run_slice(struct call *call)
{
    struct handle_chain *batch = &call->job.batch;
    uint32_t first = batch->first;
    uint32_t end = handle_chain_skip(first, SLICE);
    int64_t begun;
    bool last;

    engine_lock();
    batch->first = end;
    batch->slices++;
    if (end != 0) {
        /* Or it is worth a thread of its own. */
        call->work.light = call->work.quiet && pool_is_cheap();
        pool_push(&call->work);
    }
    engine_unlock();
    begun = timer_now();
    handle_chain_release(first, end);
    engine_lock();
    if (end != 0)
        pool_note_cost(timer_now() - begun, SLICE);
    last = --batch->slices == 0 && batch->first == 0;
    engine_unlock();
    return last;
}

/* What is to be done without the lock, when calls have ended. */
struct remains {
    struct work_list parted; /* with references to queues */
    struct queue *queue;     /* that the chain of completions is for */
    struct work_list chain;
    struct job *job;         /* of a call that is no end: arguments and references */
    sspia_completion notice; /* its callback, or none */
};

/* Queues that are still to be told, with references. More are told at once, under the lock. */
#define UNTOLD_MAX 8
static _Thread_local struct {
    struct queue *queues[UNTOLD_MAX];
    uint32_t count;
} untold;

static void note_untold(struct queue *queue)
{
    for (uint32_t i = 0; i < untold.count; i++) {
        if (untold.queues[i] == queue)
            return;
    }
    if (untold.count == UNTOLD_MAX) {
        queue_tell(queue);
        return;
    }
    queue_retain(queue);
    untold.queues[untold.count++] = queue;
}

void run_tell(void)
{
    uint32_t count = untold.count;

    untold.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!drain_is_taking(queue_handle(untold.queues[i])))
            queue_tell(untold.queues[i]);
        queue_release(untold.queues[i]);
    }
}

/* The rest with the engine lock held. */

static void post(struct remains *remains)
{
    if (remains->chain.first != NULL && queue_post(remains->queue, &remains->chain))
        note_untold(remains->queue);
}

static void add_to_chain(struct remains *remains, struct call *call)
{
    struct work_list *chain = &remains->chain;

    if (remains->queue != call->queue)
        post(remains);
    remains->queue = call->queue;
    call->work.next = NULL;
    if (chain->last != NULL)
        chain->last->next = &call->work;
    else
        chain->first = &call->work;
    chain->last = &call->work;
}

/* The end of a call whose job has its status. From its final status on the call is its async
 * context's: it is in its queue, or nowhere, before. A call without an async context has only
 * its queue; one that was parted is not told of. */
static void conclude(struct call *call, struct remains *remains)
{
    const bool is_attached = call_is_attached(call);
    const bool is_told = call->queue != NULL && !queue_is_closed(call->queue) &&
                         (is_attached || call->async.slot == 0);

    if (is_told) {
        call->work.parted = !is_attached;
        queue_expect(call->queue);
        add_to_chain(remains, call);
        work_set_place(&call->work, WORK_IN_QUEUE);
    } else {
        work_set_place(&call->work, WORK_NOWHERE);
        if (is_attached && call->queue == NULL && call_callback(call) != NULL)
            remains->notice = call_completion(call);
        if (!is_attached)
            work_append(&remains->parted, &call->work, WORK_NOWHERE);
    }
    deadline_disarm(call);
    if (is_attached) {
        PROBE_COMPLETE(call->async, call->job.status);
        fate_move(call->async, ASYNC_COMPLETE, call->job.status, call->job.message != NULL);
    }
}

/* Takes and leaves the engine lock held; lets go of it for what is not to be done under it. */
static void clear_away(struct remains *remains)
{
    bool pool_callback = remains->notice.callback != NULL;
    struct call *call;

    post(remains);
    if (remains->job == NULL && remains->parted.first == NULL && !pool_callback)
        return;
    if (pool_callback)
        crew_begin_callback();
    engine_unlock();
    if (remains->job != NULL)
        job_discard(remains->job);
    for (struct work *work = remains->parted.first; work != NULL; work = work->next) {
        call = (struct call *)work;
        free(call->job.message);
        if (call->queue != NULL)
            queue_release(call->queue);
    }
    if (pool_callback && !gate_is_closing())
        remains->notice.callback(remains->notice.async, remains->notice.data);
    engine_lock();
    while ((call = (struct call *)work_take(&remains->parted)) != NULL)
        call_free(call);
    if (pool_callback)
        crew_end_callback();
}

static char *message_of(const struct job *job, SECURITY_STATUS status,
                        const sspia_report *report)
{
    struct message message;

    message_format(&message, job_package(job), job->operation->name, status, report);
    return strdup(message.text);
}

/* What waits behind so many calls has left the caches. */
#define BACKLOG 8192

/* To wait for what all of them need takes hardly longer than to wait for one. */
static void fetch(struct call *const *calls, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (calls[i]->job.alone)
            __builtin_prefetch(calls[i]->job.claimed, 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct job *job = &calls[i]->job;

        if (job->alone && job->claimed != NULL && job->operation->fetch != NULL)
            job->operation->fetch(job->claimed);
    }
}

/* Chunks of light calls that this thread has run. Now and then two are measured, as that takes
 * longer than a submit. */
static _Thread_local uint32_t chunks;

static void run_light(struct work_list *chunk)
{
    struct call *calls[LANE_CHUNK];
    struct remains remains = {.queue = NULL};
    uint32_t count = 0, ended = 0;
    bool is_measured = chunks++ % 16 < 2;
    bool is_inside;
    int64_t begun_ns = 0;

    /* All are noted first: a batch that goes on is back in its lane's list. */
    for (struct work *work = chunk->first; work != NULL; work = work->next)
        calls[count++] = (struct call *)work;
    if (is_measured)
        begun_ns = timer_now();
    is_inside = gate_enter(); /* once for all; if not, each job says so by its status */
    handle_gather();
    if (pool_waiting() > BACKLOG)
        fetch(calls, count);
    for (uint32_t i = 0; i < count; i++) {
        struct job *job = &calls[i]->job;
        const int64_t begun = trace_is_on() ? trace_begin(job) : 0;
        sspia_report report;

        if (job->operation->is_batch) {
            is_measured = false; /* run_slice did */
            if (!run_slice(calls[i]))
                continue;
        }
        report.text[0] = '\0'; /* and no more: it is long */
        PROBE_BEGIN(calls[i]->async, job->operation);
        job->operation->run(job, &report);
        if (begun != 0)
            trace_end(job, job->status, begun);
        /* What the status tells by itself is put into words when somebody asks. */
        job->message = job->status < 0 && report.text[0] != '\0' && calls[i]->async.slot != 0
                           ? message_of(job, job->status, &report)
                           : NULL;
        calls[ended++] = calls[i];
    }
    handle_give_back();
    if (is_inside)
        gate_leave();
    engine_lock();
    if (is_measured)
        pool_note_cost(timer_now() - begun_ns, count);
    if (ended > 0)
        pool_dismiss(LANE_QUICK, ended);
    for (uint32_t i = 0; i < ended; i++)
        conclude(calls[i], &remains);
    clear_away(&remains);
}

/* Copies the outputs to whoever wants them. The lock is taken for a moment. Whether somebody
 * did. */
static bool publish(struct call *call, struct job *job)
{
    bool wanted;

    if (job->operation->publish == NULL)
        return false;
    engine_lock();
    wanted = call_is_attached(call);
    if (wanted)
        fate_move(call->async, ASYNC_FINISHING, SEC_I_ASYNC_CALL_PENDING, false);
    engine_unlock();
    if (wanted)
        job->operation->publish(job);
    return wanted;
}

/* A call that may take its time, or starts a callback here. */
static void run_heavy(struct call *call)
{
    const struct operation *operation = call->job.operation;
    struct job job; /* the call's own stays as it is for those who cancel it */
    struct remains remains = {.job = operation->discard != NULL ? &job : NULL};
    sspia_report report;
    char *message = NULL;
    int64_t begun;
    bool published;

    if (operation->is_batch && !run_slice(call)) {
        engine_lock();
        return;
    }
    report.text[0] = '\0';
    job = call->job;
    begun = trace_is_on() ? trace_begin(&job) : 0;
    PROBE_BEGIN(call->async, operation);
    operation->run(&job, &report);
    if (job.status == SSPIA_WAITING && pause_begin(call, &job, &report))
        return;
    if (begun != 0)
        trace_end(&job, job.status, begun);
    if (job.status < 0 && call->async.slot != 0 &&
        (report.text[0] != '\0' || !operation->is_end))
        message = message_of(&job, job.status, &report);
    published = publish(call, &job);
    engine_lock();
    if (!published && operation->abandon != NULL)
        operation->abandon(&job);
    if (job.has_turn)
        turn_yield(job_turns(&job));
    pool_dismiss((enum lane)call->work.lane, 1);
    call->job.status = job.status;
    call->job.message = message;
    conclude(call, &remains);
    clear_away(&remains);
}

/* What is left of a call that was completed before its time: its job, which nobody has begun,
 * and its completion, or one of the two. */
static void run_notification(struct call *call)
{
    struct job job = call->job;
    struct remains remains = {.job = job.operation != NULL ? &job : NULL,
                              .notice = call_completion(call)};

    call->job.message = NULL; /* it was the job's arguments */
    engine_lock();
    work_append(&remains.parted, &call->work, WORK_NOWHERE);
    clear_away(&remains);
}

bool run_chunk(struct work_list *chunk)
{
    if (chunk->first->kind == KIND_NOTIFICATION)
        run_notification((struct call *)work_take(chunk));
    else if (chunk->first->light)
        run_light(chunk);
    else
        run_heavy((struct call *)chunk->first);
    return untold.count > 0;
}

void run_post(struct call *call)
{
    struct remains remains = {.queue = NULL};

    conclude(call, &remains);
    post(&remains);
}
