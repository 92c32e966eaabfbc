/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. A call that pauses is at the place WORK_PAUSED: in no list, but known to its wait. It is
 *     in its lane's count of calls that are away: no thread is kept for it. It keeps its turn.
 *  2. Whoever takes it from that place has it: what it waits for comes and it goes back to a
 *     lane, or it is dropped. Nothing that comes later finds it.
 *  3. A call that was dropped belongs to whoever dropped it. Its turn passes when the package
 *     has stopped, not before: a delete may be next.
 */
#include "pause.h"

#include <stddef.h>

#include "gate.h"
#include "lock.h"
#include "message.h"
#include "pool.h"
#include "queue.h"
#include "reactor.h"
#include "turn.h"

/* Without a thread to go on with: again, so much later. */
static const int64_t retry_ns = 10000000;

static struct waiting *waiting_of(const struct call *call)
{
    const struct operation *operation = call->job.operation;

    return operation->waiting != NULL ? operation->waiting(&call->job) : NULL;
}

/* Back to a lane, unless no thread of that can be had. */
static bool go_back(struct call *call, const struct waiting *waiting)
{
    const enum lane lane =
        waiting->on_thread ? call->job.operation->thread_lane : (enum lane)call->job.lane;

    if (!pool_return((enum lane)call->work.lane, lane))
        return false;
    call->work.lane = (uint8_t)lane;
    call->work.urgent = true;
    work_set_place(&call->work, WORK_NOWHERE);
    pool_push(&call->work);
    return true;
}

/* Of a call that pauses. */
static void end_pause(struct waiting *waiting)
{
    struct call *call = waiting->call;

    waiting_disarm(waiting);
    waiting->due = NULL;
    if (go_back(call, waiting))
        return;
    waiting->due = end_pause;
    if (reactor_have())
        waiting_arm(waiting, timer_now() + retry_ns);
}

/* It waits until a moment, unless that or something else has come. */
static bool start_pause(struct call *call, struct waiting *waiting, int64_t at_ns)
{
    if (at_ns != INT64_MAX && at_ns != INT64_MIN && !reactor_have())
        return false;
    waiting->call = call;
    waiting->due = end_pause;
    work_set_place(&call->work, WORK_PAUSED);
    pool_leave((enum lane)call->work.lane);
    if (waiting->is_due || at_ns == INT64_MIN || (at_ns != INT64_MAX && at_ns <= timer_now())) {
        waiting->is_due = true;
        end_pause(waiting);
    } else if (at_ns != INT64_MAX) {
        waiting_arm(waiting, at_ns);
    }
    return true;
}

bool pause_begin(struct call *call, struct job *job, sspia_report *report)
{
    struct waiting *waiting = waiting_of(call);
    int64_t at_ns;
    bool can_wait = waiting_watch(waiting, !pool_has_work(), &at_ns);
    bool is_wanted;

    engine_lock();
    is_wanted = call_is_attached(call);
    if (can_wait && is_wanted && start_pause(call, waiting, at_ns))
        return true;
    engine_unlock();
    waiting_stop(waiting);
    message_report(report, "there is no thread, descriptor or memory to wait with", NULL);
    job->status = SEC_E_INSUFFICIENT_MEMORY;
    return false;
}

/* Whoever is at work on a call keeps its memory, also when it was parted with. */
int pause_is_wanted(void *wait_call)
{
    struct call *call;
    bool is_wanted;

    engine_lock();
    is_wanted = waiting_find_call(wait_call, &call) && (call == NULL || call_is_attached(call));
    engine_unlock();
    return is_wanted && !gate_is_closing();
}

bool pause_is_on(const struct call *call)
{
    const enum work_place place = work_place(&call->work);

    return place == WORK_PAUSED ||
           (place == WORK_IN_LANE && waiting_of(call) != NULL && waiting_of(call)->outside);
}

void pause_drop(struct call *call, struct work_list *dropped)
{
    struct waiting *waiting = waiting_of(call);

    if (work_place(&call->work) == WORK_PAUSED) {
        waiting_disarm(waiting);
        waiting->due = NULL;
        pool_forget((enum lane)call->work.lane);
    } else {
        pool_withdraw(&call->work);
        pool_dismiss((enum lane)call->work.lane, 1);
    }
    work_append(dropped, &call->work, WORK_NOWHERE);
}

/* Engine lock held. The job is all that is left of the call. */
static void hand_over(struct call *call, struct work_list *left)
{
    if (call->job.operation->abandon != NULL)
        call->job.operation->abandon(&call->job);
    if (call->job.has_turn)
        turn_yield(job_turns(&call->job));
    call_set_callback(call, NULL);
    call->work.kind = KIND_NOTIFICATION;
    call->work.lane = LANE_QUICK;
    call->work.light = false;
    if (pool_have_thread(LANE_QUICK))
        pool_push(&call->work);
    else
        work_append(left, &call->work, WORK_NOWHERE);
}

static void let_go(struct call *call)
{
    job_discard(&call->job);
    if (call->queue != NULL)
        queue_release(call->queue);
}

void pause_stop(struct work_list *dropped, struct work_list *stopped)
{
    struct work *work;

    while ((work = work_take(dropped)) != NULL) {
        waiting_stop(waiting_of((struct call *)work));
        work_append(stopped, work, WORK_NOWHERE);
    }
}

/* So many are handed over in one hold of the lock. */
#define LOT 32

void pause_hand_over(struct work_list *stopped)
{
    struct work_list left = {NULL, NULL};
    struct work *work;

    while (stopped->first != NULL) {
        engine_lock();
        for (int i = 0; i < LOT && (work = work_take(stopped)) != NULL; i++)
            hand_over((struct call *)work, &left);
        engine_unlock();
    }
    if (left.first == NULL)
        return;
    for (work = left.first; work != NULL; work = work->next)
        let_go((struct call *)work);
    engine_lock();
    while ((work = work_take(&left)) != NULL)
        call_free((struct call *)work);
    engine_unlock();
}

void pause_settle(struct work_list *dropped)
{
    struct work_list stopped = {NULL, NULL};

    pause_stop(dropped, &stopped);
    pause_hand_over(&stopped);
}
