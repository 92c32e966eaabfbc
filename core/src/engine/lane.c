/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. A lane with work has a thread that will look at the list: one that looks (spinning,
 *     starting, or wakes, which were promised to a sleeper), one that naps and looks when the
 *     nap ends, or as many threads outside callbacks as its limit allows, all at work. (If the
 *     system refuses a thread while all are inside callbacks, work waits for one of them.)
 *     For work in an inbox `watch` says so: whoever puts it there reads `watch` afterwards;
 *     whoever goes to sleep, into a callback or away writes `watch` and then sweeps. Both are
 *     sequentially consistent, so at least one sees the other.
 *  2. Whoever appends to the list, or takes from it, sweeps first: work is done in the order in
 *     which it was handed over.
 */
#include "lane.h"

#include <string.h>

#include "gate.h"

static const uint64_t backlog_ns = 100000; /* of light work: worth one more wake */
static const uint64_t cold_ns = 10000;     /* what code and data cost that are in no cache */
static const uint64_t cheap_ns = 500;  /* a light call that costs no more is for one thread */
static const uint64_t dear_ns = 10000; /* a light call that costs more is not for a loop */

bool lane_is_surplus(const struct lane_state *lane)
{
    uint32_t needed = lane->min_threads;

    if (needed == 0 && lane->admitted > lane->away)
        needed = 1;
    return lane->threads - lane->in_callback > needed;
}

uint32_t lane_waiting(const struct lane_state *lane)
{
    return atomic_load_explicit(&lane->waiting, memory_order_relaxed);
}

void lane_count(struct lane_state *lane, int change)
{
    atomic_store_explicit(&lane->waiting, lane_waiting(lane) + (uint32_t)change,
                          memory_order_relaxed);
}

static bool inboxes_are_empty(const struct lane_state *lane)
{
    for (int i = 0; i < LANE_INBOXES; i++) {
        if (!inbox_is_empty(&lane->inboxes[i]))
            return false;
    }
    return true;
}

bool lane_has_work(void *object)
{
    struct lane_state *lane = object;

    return lane_waiting(lane) > 0 || !inboxes_are_empty(lane);
}

bool lane_is_deferring(const struct lane_state *lane)
{
    return atomic_load_explicit(&lane->deferral, memory_order_seq_cst) != DEFERRED_NONE;
}

bool lane_leaves_work(const struct lane_state *lane)
{
    return atomic_load_explicit(&lane->deferral, memory_order_seq_cst) == DEFERRED_TO_LOOP &&
           atomic_load_explicit(&lane->watch, memory_order_seq_cst) == WATCH_NAPPER;
}

void lane_set_deferral(struct lane_state *lane, enum lane_deferral deferral)
{
    atomic_store_explicit(&lane->deferral, (uint32_t)deferral, memory_order_seq_cst);
}

void lane_defer_to_nap(struct lane_state *lane)
{
    uint32_t none = DEFERRED_NONE;

    atomic_compare_exchange_strong_explicit(&lane->deferral, &none, DEFERRED_TO_NAP,
                                            memory_order_seq_cst, memory_order_relaxed);
}

void lane_stop_deferring(struct lane_state *lane)
{
    uint32_t was = atomic_load_explicit(&lane->deferral, memory_order_relaxed);
    uint32_t none = DEFERRED_NONE;

    if (was == DEFERRED_NONE || lane_has_work(lane))
        return;
    lane_set_deferral(lane, DEFERRED_NONE);
    /* What was put there meanwhile may have said so before; or says something else by now. */
    if (lane_has_work(lane))
        atomic_compare_exchange_strong_explicit(&lane->deferral, &none, was,
                                                memory_order_seq_cst, memory_order_relaxed);
}

bool lane_leave_to_loop(struct lane_state *lane)
{
    lane_set_deferral(lane, DEFERRED_TO_LOOP);
    return lane_leaves_work(lane);
}

void lane_sweep(struct lane_state *lane)
{
    uint32_t count = 0;

    for (int i = 0; i < LANE_INBOXES; i++)
        count += inbox_empty(&lane->inboxes[i], &lane->list);
    if (count == 0)
        return;
    lane_count(lane, (int)count);
    lane->admitted += count;
    lane->submitted += count;
}

uint32_t lane_looking(const struct lane_state *lane)
{
    return lane->starting + lane->spinning + lane->wakes;
}

static enum lane_watch watch_of(const struct lane_state *lane)
{
    uint32_t outside = lane->threads - lane->in_callback;
    const uint64_t unswept = (uint64_t)LANE_INBOXES * INBOX_MAX;

    if (outside == 0 || lane->admitted + unswept > lane->most_admitted)
        return WATCH_CLOSED;
    if (lane_looking(lane) > 0 || (lane->at_light > 0 && lane->napping > 0) ||
        (lane->asleep == NULL && outside >= lane->limit))
        return WATCH_LOOKER;
    return lane->napping > 0 ? WATCH_NAPPER : WATCH_NOBODY;
}

void lane_say_watch(struct lane_state *lane)
{
    enum lane_watch now = watch_of(lane);

    if (now != atomic_load_explicit(&lane->watch, memory_order_relaxed))
        atomic_store_explicit(&lane->watch, now, memory_order_seq_cst);
}

void lane_take(struct lane_state *lane, struct work_list *chunk, uint32_t most)
{
    uint32_t count = 0;
    struct work *work;

    lane_sweep(lane);
    do {
        work = work_take(&lane->list);
        lane->heavy -= !work->light;
        work_append(chunk, work, WORK_NOWHERE);
        count++;
    } while (work->light && count < most && lane->list.first != NULL &&
             lane->list.first->light);
    lane_count(lane, -(int)count);
    lane_stop_deferring(lane);
}

void lane_withdraw(struct lane_state *lane, struct work *work)
{
    work_remove(&lane->list, work);
    lane->heavy -= !work->light;
    lane_count(lane, -1);
}

/* What a light call has cost lately, in nanoseconds. */
static uint64_t cost_of(const struct lane_state *lane)
{
    return atomic_load_explicit(&lane->cost_ns, memory_order_relaxed);
}

bool lane_is_dear(const struct lane_state *lane)
{
    return cost_of(lane) > dear_ns;
}

bool lane_is_cheap(const struct lane_state *lane)
{
    return cost_of(lane) <= cheap_ns;
}

bool lane_is_attended(const struct lane_state *lane)
{
    return lane->at_light > 0 && lane->heavy == 0 && lane_is_cheap(lane);
}

bool lane_is_worth_a_wake(const struct lane_state *lane)
{
    return !lane_is_cheap(lane) && lane_waiting(lane) * cost_of(lane) > backlog_ns;
}

void lane_note_cost(struct lane_state *lane, uint64_t ns, uint32_t count)
{
    const uint64_t each = ns > cold_ns ? (ns - cold_ns) / count : 0;
    const uint64_t both = each < lane->last_ns ? each : lane->last_ns;

    lane->last_ns = each;
    atomic_store_explicit(&lane->cost_ns, (cost_of(lane) + both) / 2, memory_order_relaxed);
}

bool lane_is_open(const struct lane_state *lane)
{
    return atomic_load_explicit(&lane->watch, memory_order_relaxed) != WATCH_CLOSED &&
           !gate_is_closing();
}

bool lane_wants_help(struct lane_state *lane, bool from_loop)
{
    bool all_are_busy = lane->asleep == NULL && lane_looking(lane) == 0 &&
                        lane->at_light == 0 && lane->threads - lane->in_callback >= lane->limit;

    lane_sweep(lane);
    return lane->list.first != NULL && lane->list.first->light && !all_are_busy &&
           (!from_loop || !lane_is_dear(lane));
}

void lane_after_fork(struct lane_state *lane)
{
    const struct lane_state old = *lane;

    memset(lane, 0, sizeof(*lane)); /* the list too: its calls are void */
    lane->thread_name = old.thread_name;
    lane->naps = old.naps;
    lane->limit = old.limit;
    lane->min_threads = old.min_threads;
    lane->idle_ms = old.idle_ms;
    lane->most_admitted = old.most_admitted;
    lane->submitted = lane->completed = old.submitted;
}
