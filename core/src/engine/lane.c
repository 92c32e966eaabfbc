/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. admitted > 0 implies threads >= 1: who admits a call makes sure of a thread or refuses,
 *     and the last thread does not leave while a call is admitted. So a call that was accepted
 *     never fails for want of a thread.
 *  2. A lane with work in its list has a thread that will look at the list: one that looks
 *     (spinning, starting, or wakes, which were promised to a sleeper), one that naps and looks
 *     when the nap ends, or as many threads outside callbacks as its limit allows, all at work.
 *     (If the system refuses a thread while all are inside callbacks, work waits for one of
 *     them.)
 *  3. A wake is promised to one thread by name: it leaves the list of sleepers with that, and
 *     takes the promise when it wakes up, whatever woke it. One that was promised nothing goes
 *     back to sleep. Each has a condition of its own, so the C library has no choice to make of
 *     whom to wake (glibc before 2.41 can lose that signal: its bug 25847).
 *  4. Threads inside callbacks (in_callback) do not count against the limit: a callback
 *     that blocks, for a call of the same lane even, delays nobody.
 *  5. A thread without work spins for a moment if it did something urgent. One of a lane that
 *     naps, naps for a while. Then it sleeps without a timeout, unless it may leave when that
 *     has passed: an idle process has no wake-ups once the surplus threads are gone.
 *
 * What a wake costs (2 to 10 us, as much as hundreds of submits) decides who is woken. Work
 * that may take its time gets a thread of its own at once. Light work waits for those who are
 * at light work anyway, up to a backlog, as long as somebody naps who would notice if they were
 * stuck. Light work that nobody waits for (not urgent) waits for the end of a nap, up to a
 * larger backlog, or until somebody asks for its status.
 */
#include "lane.h"

#include <string.h>

#include "gate.h"

#define NAP_MS           5
#define NAPS_MS          100
#define URGENT_BACKLOG   64
#define DEFERRED_BACKLOG 1024

static void (*run_chunk)(struct work_list *chunk);
static _Thread_local struct lane_state *own_lane;

void lane_set_runner(void (*run)(struct work_list *chunk))
{
    run_chunk = run;
}

void lane_forget_own(void)
{
    own_lane = NULL;
}

/* May this thread leave its lane? See invariant 1. */
static bool is_surplus(const struct lane_state *lane)
{
    uint32_t needed = lane->min_threads;

    if (needed == 0 && lane->admitted > 0)
        needed = 1;
    return lane->threads - lane->in_callback > needed;
}

static uint32_t waiting_in(struct lane_state *lane)
{
    return atomic_load_explicit(&lane->waiting, memory_order_relaxed);
}

static void count_waiting(struct lane_state *lane, int change)
{
    atomic_store_explicit(&lane->waiting, waiting_in(lane) + (uint32_t)change,
                          memory_order_relaxed);
}

bool lane_has_work(void *lane)
{
    return waiting_in(lane) > 0;
}

/* Sleeps until woken or the deadline (NULL: there is none); false if that passed. */
static bool sleep_until(struct worker *worker, const struct timespec *deadline)
{
    struct lane_state *lane = worker->lane;
    struct worker **link = &lane->asleep;
    bool stays = deadline == NULL;
    bool in_time;

    worker->next = lane->asleep;
    lane->asleep = worker;
    lane->sleepers++;
    lane->staying += stays;
    in_time = engine_wait(&worker->woken, deadline);
    lane->staying -= stays;
    lane->sleepers--;
    if (worker->promised) {
        worker->promised = false;
        lane->wakes--;
        return in_time;
    }
    while (*link != worker)
        link = &(*link)->next;
    *link = worker->next;
    return in_time;
}

/* Has the lane's sleepers look whether they may leave, or whether they sleep for too long. */
static void stir(const struct lane_state *lane)
{
    for (struct worker *worker = lane->asleep; worker != NULL; worker = worker->next)
        pthread_cond_signal(&worker->woken);
}

/* Waits for work. False: leave. */
static bool wait_for_work(struct worker *worker, bool was_urgent)
{
    struct lane_state *lane = worker->lane;
    struct timespec deadline;
    uint64_t pushes = lane->pushes;
    uint32_t napped_ms = 0; /* since somebody used the lane */
    bool in_time = true;

    /* One that spins, and one that naps, is enough. */
    if (was_urgent && lane->spinning == 0) {
        lane->spinning++;
        engine_unlock();
        engine_spin(lane_has_work, lane);
        engine_lock();
        lane->spinning--;
    }
    if (lane->naps && lane->napping == 0) {
        lane->napping++;
        while (lane->list.first == NULL && napped_ms < NAPS_MS) {
            deadline = engine_deadline(NAP_MS);
            sleep_until(worker, &deadline);
            napped_ms = lane->pushes == pushes ? napped_ms + NAP_MS : 0;
            pushes = lane->pushes;
        }
        lane->napping--;
    }
    while (lane->list.first == NULL && in_time) {
        /* It may have been configured anew. */
        deadline = engine_deadline(lane->idle_ms > napped_ms ? lane->idle_ms - napped_ms : 0);
        in_time = sleep_until(worker, is_surplus(lane) ? &deadline : NULL);
    }
    return lane->list.first != NULL || !is_surplus(lane);
}

/* Takes one piece of work, or a share of what is light at the head of the list: the more waits,
 * the more, so that the other threads have theirs. */
void lane_take(struct lane_state *lane, struct work_list *chunk)
{
    uint32_t share = waiting_in(lane) / (2 * lane->limit);
    uint32_t count = 0;
    struct work *work;

    if (share > LANE_CHUNK)
        share = LANE_CHUNK;
    do {
        work = work_take(&lane->list);
        work_append(chunk, work, WORK_NOWHERE);
        count++;
    } while (work->light && count < share && lane->list.first != NULL &&
             lane->list.first->light);
    count_waiting(lane, -(int)count);
    if (lane->list.first == NULL && lane_is_deferring(lane))
        atomic_store_explicit(&lane->deferring, false, memory_order_relaxed);
}

static void *thread_main(void *argument);

static bool start_thread(struct lane_state *lane)
{
    if (!worker_start(thread_main, lane, lane->thread_name))
        return false;
    lane->threads++;
    lane->starting++;
    return true;
}

/* Of the threads, who will look at the list before they sleep. */
static uint32_t looking(const struct lane_state *lane)
{
    return lane->starting + lane->spinning + lane->wakes;
}

static void wake_or_start(struct lane_state *lane)
{
    struct worker *worker = lane->asleep;

    if (worker != NULL) {
        lane->asleep = worker->next;
        worker->promised = true;
        lane->wakes++;
        engine_signal_later(&worker->woken);
    } else if (lane->threads - lane->in_callback < lane->limit) {
        start_thread(lane);
    }
}

/* Restores invariant 2 when a thread turns to what it has taken, or to a callback. */
static void see_to_the_rest(struct lane_state *lane)
{
    if (waiting_in(lane) > 0 && looking(lane) + lane->napping == 0)
        wake_or_start(lane);
}

static void *thread_main(void *argument)
{
    struct worker *worker = argument;
    struct lane_state *lane = worker->lane;
    bool was_urgent = true;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    own_lane = lane;
    engine_lock();
    lane->starting--;
    while (lane->list.first != NULL || wait_for_work(worker, was_urgent)) {
        struct work_list chunk = {NULL, NULL};
        bool light;

        if (lane->list.first == NULL)
            continue;
        lane_take(lane, &chunk);
        was_urgent = chunk.last->urgent;
        light = chunk.first->light;
        lane->at_light += light;
        see_to_the_rest(lane);
        engine_unlock();
        gate_stop_at_exit();
        run_chunk(&chunk);
        /* A callback forked: in the child this is no thread of the pool any more. */
        if (own_lane == NULL) {
            engine_unlock();
            return NULL;
        }
        lane->at_light -= light;
    }
    lane->threads--;
    see_to_the_rest(lane);
    worker_retire(worker);
    engine_unlock();
    gate_stop_at_exit();
    return NULL;
}

bool lane_have_thread(struct lane_state *lane)
{
    return lane->threads > lane->in_callback || start_thread(lane);
}

/* Finds a thread for work that was just added, if none comes by itself. */
static void find_thread(struct lane_state *lane, const struct work *work)
{
    uint32_t waiting = waiting_in(lane);

    if (looking(lane) > (work->light ? 0 : waiting - 1) && waiting <= URGENT_BACKLOG)
        return;
    if (lane->napping > 0 && !work->urgent && waiting < DEFERRED_BACKLOG) {
        atomic_store_explicit(&lane->deferring, true, memory_order_relaxed);
        return;
    }
    if (work->light && lane->napping > 0 && lane->at_light > 0 && waiting < URGENT_BACKLOG)
        return;
    wake_or_start(lane);
}

void lane_push(struct lane_state *lane, struct work *work)
{
    work_append(&lane->list, work, WORK_IN_LANE);
    count_waiting(lane, 1);
    lane->pushes++;
    find_thread(lane, work);
}

void lane_withdraw(struct lane_state *lane, struct work *work)
{
    work_remove(&lane->list, work);
    count_waiting(lane, -1);
}

void lane_run_here(struct lane_state *lane, struct work_list *chunk)
{
    bool light = chunk->first->light;

    lane->at_light += light;
    see_to_the_rest(lane);
    engine_unlock();
    run_chunk(chunk);
    lane->at_light -= light;
    engine_unlock();
}

bool lane_is_deferring(const struct lane_state *lane)
{
    return atomic_load_explicit(&lane->deferring, memory_order_relaxed);
}

void lane_hurry(struct lane_state *lane)
{
    if (!lane_is_deferring(lane))
        return;
    atomic_store_explicit(&lane->deferring, false, memory_order_relaxed);
    if (waiting_in(lane) > 0 && looking(lane) == 0)
        wake_or_start(lane);
}

void lane_see_to_the_first(struct lane_state *lane)
{
    if (lane->list.first != NULL && !lane->list.first->light && looking(lane) == 0)
        wake_or_start(lane);
}

void lane_dismiss(struct lane_state *lane)
{
    /* A thread may be staying on account of this call alone. */
    if (--lane->admitted == 0 && lane->staying > 0 && is_surplus(lane))
        stir(lane);
}

void lane_reconsider(struct lane_state *lane)
{
    stir(lane);
    if (lane->list.first != NULL)
        find_thread(lane, lane->list.first);
}

void lane_begin_callback(void)
{
    if (own_lane == NULL)
        return;
    own_lane->in_callback++;
    if (waiting_in(own_lane) > looking(own_lane))
        wake_or_start(own_lane);
}

void lane_end_callback(void)
{
    if (own_lane != NULL)
        own_lane->in_callback--;
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
}
