/* SPDX-License-Identifier: MIT */
/*
 * What a wake costs (2 to 10 us, as much as hundreds of submits) decides who is woken. Work
 * that may take its time gets a thread of its own at once. Light work waits for those who are
 * at light work anyway, as long as somebody naps who would notice if they were stuck, up to a
 * backlog that is worth a wake by what a call has cost lately. Light work that nobody waits for
 * (not urgent) waits for the end of a nap, up to a larger backlog, or until somebody asks for
 * its status. Light work with a queue is left to whoever drains that (intake_put), if it is
 * cheap.
 */
#include "intake.h"

#include "crew.h"
#include "gate.h"
#include "inline.h"

/* Of work that nobody waits for, what is worth a wake all the same. */
#define DEFERRED_BACKLOG 4096

/* Finds a thread for work that was just added, if none comes by itself. */
static void find_thread(struct lane_state *lane, const struct work *work)
{
    uint32_t waiting = lane_waiting(lane);

    if (lane_looking(lane) > (work->light ? 0 : waiting - 1))
        return;
    if (lane->napping > 0 && !work->urgent && waiting < DEFERRED_BACKLOG) {
        lane_defer_to_nap(lane);
        return;
    }
    if (work->light && lane->napping > 0 && lane->at_light > 0 && !lane_is_worth_a_wake(lane))
        return;
    crew_wake(lane);
}

bool intake_admit(struct lane_state *lane)
{
    lane_sweep(lane);
    if (lane->admitted >= lane->most_admitted || !crew_have_thread(lane))
        return false;
    lane->admitted++;
    lane->submitted++;
    return true;
}

void intake_push(struct lane_state *lane, struct work *work)
{
    lane_sweep(lane);
    work_append(&lane->list, work, WORK_IN_LANE);
    lane->heavy += !work->light;
    lane_count(lane, 1);
    find_thread(lane, work);
}

/* Threads are told apart by the address of their own data, mixed by multiplication (Knuth's).
 */
static struct inbox *inbox_of_this_thread(struct lane_state *lane)
{
    const uint64_t mixed = (uint64_t)(uintptr_t)pthread_self() * 0x9e3779b97f4a7c15u;

    return &lane->inboxes[mixed >> 32 & (LANE_INBOXES - 1)];
}

/* Wakes somebody for what is in an inbox, unless somebody looks by now. If there is no thread
 * and none can be had, the work is done here: it is light. */
static ENGINE_SLOW void wake_for_inbox(struct lane_state *lane, bool is_full)
{
    engine_lock();
    if (is_full)
        lane_sweep(lane);
    if (lane_looking(lane) == 0 && lane_has_work(lane))
        crew_wake(lane);
    while (lane->threads == 0 && lane_has_work(lane) && !gate_is_closing()) {
        struct work_list chunk = {NULL, NULL};

        lane_take(lane, &chunk, LANE_CHUNK);
        crew_run_here(lane, &chunk);
        engine_lock();
    }
    engine_unlock();
}

bool intake_put(struct lane_state *lane, struct work *work)
{
    bool urgent = work->urgent;
    uint32_t before = inbox_push(inbox_of_this_thread(lane), work);
    bool is_backlog = before % DEFERRED_BACKLOG == DEFERRED_BACKLOG - 1;

    if (before > 0 && !urgent && !is_backlog)
        return false; /* as was found for the first of them */
    switch ((enum lane_watch)atomic_load_explicit(&lane->watch, memory_order_seq_cst)) {
    case WATCH_LOOKER:
        if (before >= INBOX_MAX / 2)
            wake_for_inbox(lane, true);
        return false;
    case WATCH_NAPPER:
        if (is_backlog || (urgent && lane_is_dear(lane)))
            break;
        if (urgent)
            lane_set_deferral(lane, DEFERRED_TO_LOOP);
        else
            lane_defer_to_nap(lane);
        return urgent;
    case WATCH_CLOSED:
    case WATCH_NOBODY:
        break;
    }
    wake_for_inbox(lane, before >= INBOX_MAX / 2);
    return false;
}

void intake_see_to_the_first(struct lane_state *lane)
{
    if (lane->list.first != NULL && !lane->list.first->light && lane_looking(lane) == 0)
        crew_wake(lane);
}

void intake_see_to_the_rest(struct lane_state *lane)
{
    lane_sweep(lane);
    if (lane_waiting(lane) > 0 && lane_looking(lane) == 0)
        crew_wake(lane);
}

void intake_hurry(struct lane_state *lane)
{
    if (!lane_is_deferring(lane))
        return;
    lane_set_deferral(lane, DEFERRED_NONE);
    intake_see_to_the_rest(lane);
}

/* A thread may be staying on account of calls that are not there any more. */
static void let_threads_leave(struct lane_state *lane)
{
    if (lane->admitted == lane->away && lane->staying > 0 && lane_is_surplus(lane))
        crew_stir(lane);
}

void intake_dismiss(struct lane_state *lane, uint32_t count)
{
    lane->completed += count;
    lane->admitted -= count;
    let_threads_leave(lane);
}

void intake_leave(struct lane_state *lane)
{
    lane->away++;
    let_threads_leave(lane);
}

bool intake_return(struct lane_state *lane, struct lane_state *from)
{
    if (!crew_have_thread(lane))
        return false;
    from->away--;
    from->admitted--;
    lane->admitted++;
    return true;
}

void intake_reconsider(struct lane_state *lane)
{
    crew_stir(lane);
    lane_say_watch(lane);
    lane_sweep(lane);
    if (lane->list.first != NULL)
        find_thread(lane, lane->list.first);
}
