/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. admitted > 0 implies threads >= 1: who admits a call makes sure of a thread or refuses,
 *     and the last thread does not leave while a call is admitted. So a call that was accepted
 *     never fails for want of a thread.
 *  2. A lane with work has a thread that will look at the list: one that looks (spinning,
 *     starting, or wakes, which were promised to a sleeper), one that naps and looks when the
 *     nap ends, or as many threads outside callbacks as its limit allows, all at work. (If the
 *     system refuses a thread while all are inside callbacks, work waits for one of them.)
 *     For work in an inbox `watch` says so: whoever puts it there reads `watch` afterwards;
 *     whoever goes to sleep, into a callback or away writes `watch` and then sweeps. Both are
 *     sequentially consistent, so at least one sees the other.
 *  3. A wake is promised to one thread by name: it leaves the list of sleepers with that, and
 *     takes the promise when it wakes up, whatever woke it. One that was promised nothing goes
 *     back to sleep. Each has a condition of its own, so the C library has no choice to make of
 *     whom to wake (glibc before 2.41 can lose that signal: its bug 25847).
 *  4. Threads inside callbacks (in_callback) do not count against the limit: a callback
 *     that blocks, for a call of the same lane even, delays nobody.
 *  5. A thread without work spins for a moment if it did something that took its time. One of a
 *     lane that naps, naps for a while. Then it sleeps without a timeout, unless it may leave
 *     when that has passed: an idle process has no wake-ups once the surplus threads are gone.
 *  6. Whoever appends to the list, or takes from it, sweeps first: work is done in the order in
 *     which it was handed over.
 *
 * What a wake costs (2 to 10 us, as much as hundreds of submits) decides who is woken. Work
 * that may take its time gets a thread of its own at once. Light work waits for those who are
 * at light work anyway, as long as somebody naps who would notice if they were stuck, up to a
 * backlog that is worth a wake by what a call has cost lately. Light work that nobody waits for
 * (not urgent) waits for the end of a nap, up to a larger backlog, or until somebody asks for
 * its status. Light work with a queue is left to whoever drains that (lane_put), if it is
 * cheap. What was done is told of by the lot while more of it follows at once.
 */
#include "lane.h"

#include <string.h>
#include <time.h>

#include "gate.h"

/* A thread naps for 5 ms at a time, and later for 10, until nobody has used the lane for so
 * long. */
#define NAP_MS           5
#define LATE_NAP_MS      10
#define EARLY_NAPS_MS    100
#define NAPS_MS          200
#define DEFERRED_BACKLOG 4096

static const uint64_t backlog_ns = 100000; /* of light work: worth one more wake */
static const uint64_t dear_ns = 10000;     /* a light call that costs more is not for a loop */
static const int64_t tell_ns = 20000;      /* for so long what was done need not be told of */

static bool (*run_chunk)(struct work_list *chunk);
static void (*tell_of_chunks)(void);
static _Thread_local struct lane_state *own_lane;

void lane_set_runner(bool (*run)(struct work_list *chunk), void (*tell)(void))
{
    run_chunk = run;
    tell_of_chunks = tell;
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

    return waiting_in(lane) > 0 || !inboxes_are_empty(lane);
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

static void set_deferral(struct lane_state *lane, enum lane_deferral deferral)
{
    atomic_store_explicit(&lane->deferral, (uint32_t)deferral, memory_order_seq_cst);
}

static void defer_to_nap(struct lane_state *lane)
{
    uint32_t none = DEFERRED_NONE;

    atomic_compare_exchange_strong_explicit(&lane->deferral, &none, DEFERRED_TO_NAP,
                                            memory_order_seq_cst, memory_order_relaxed);
}

void lane_stop_deferring(struct lane_state *lane)
{
    enum lane_deferral was =
        (enum lane_deferral)atomic_load_explicit(&lane->deferral, memory_order_relaxed);

    if (was == DEFERRED_NONE || lane_has_work(lane))
        return;
    set_deferral(lane, DEFERRED_NONE);
    if (lane_has_work(lane)) /* it was put there meanwhile, and may have said so before */
        set_deferral(lane, was);
}

bool lane_leave_to_loop(struct lane_state *lane)
{
    set_deferral(lane, DEFERRED_TO_LOOP);
    return lane_leaves_work(lane);
}

void lane_sweep(struct lane_state *lane)
{
    uint32_t count = 0;

    for (int i = 0; i < LANE_INBOXES; i++)
        count += inbox_empty(&lane->inboxes[i], &lane->list);
    if (count == 0)
        return;
    count_waiting(lane, (int)count);
    lane->admitted += count;
    lane->submitted += count;
}

/* Of the threads, who will look at the list before they sleep. */
static uint32_t looking(const struct lane_state *lane)
{
    return lane->starting + lane->spinning + lane->wakes;
}

static enum lane_watch watch_of(const struct lane_state *lane)
{
    uint32_t outside = lane->threads - lane->in_callback;
    const uint64_t unswept = (uint64_t)LANE_INBOXES * INBOX_MAX;

    if (outside == 0 || lane->admitted + unswept > lane->most_admitted)
        return WATCH_CLOSED;
    if (looking(lane) > 0 || (lane->at_light > 0 && lane->napping > 0) ||
        (lane->asleep == NULL && outside >= lane->limit))
        return WATCH_LOOKER;
    return lane->napping > 0 ? WATCH_NAPPER : WATCH_NOBODY;
}

/* To be followed by a sweep where somebody stops looking. */
static void say_watch(struct lane_state *lane)
{
    enum lane_watch now = watch_of(lane);

    if (now != atomic_load_explicit(&lane->watch, memory_order_relaxed))
        atomic_store_explicit(&lane->watch, now, memory_order_seq_cst);
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void spin(struct lane_state *lane)
{
    lane->spinning++;
    say_watch(lane);
    engine_unlock();
    engine_spin(lane_has_work, lane);
    engine_lock();
    lane->spinning--;
    lane_sweep(lane);
}

/* Sleeps until woken or the deadline (NULL: there is none); false if that passed. One that was
 * woken for nothing spins: who submitted did the work, and may submit more in a moment. */
static bool sleep_until(struct worker *worker, const struct timespec *deadline)
{
    struct lane_state *lane = worker->lane;
    struct worker **link = &lane->asleep;
    bool stays = deadline == NULL;
    bool in_time = true, was_woken;

    worker->next = lane->asleep;
    lane->asleep = worker;
    lane->sleepers++;
    lane->staying += stays;
    say_watch(lane);
    lane_sweep(lane);
    if (lane->list.first == NULL) {
        in_time = engine_wait(&worker->woken, deadline);
        lane_sweep(lane);
    }
    was_woken = worker->promised;
    lane->staying -= stays;
    lane->sleepers--;
    if (was_woken) {
        worker->promised = false;
        lane->wakes--;
    } else {
        while (*link != worker)
            link = &(*link)->next;
        *link = worker->next;
    }
    if (was_woken && lane->list.first == NULL && lane->spinning == 0)
        spin(lane);
    say_watch(lane);
    return in_time;
}

/* Has the lane's sleepers look whether they may leave, or whether they sleep for too long. */
static void stir(const struct lane_state *lane)
{
    for (struct worker *worker = lane->asleep; worker != NULL; worker = worker->next)
        pthread_cond_signal(&worker->woken);
}

/* Naps until there is work, or nobody has used the lane for a while. Says for how long that
 * was. */
static uint32_t nap(struct worker *worker)
{
    struct lane_state *lane = worker->lane;
    uint64_t submitted = lane->submitted;
    int64_t since_ns = now_ns(); /* somebody used the lane */
    uint32_t idle_ms = 0;

    lane->napping++;
    while (lane->list.first == NULL && idle_ms < NAPS_MS &&
           (idle_ms < lane->idle_ms || !is_surplus(lane))) {
        struct timespec deadline =
            engine_deadline(idle_ms < EARLY_NAPS_MS ? NAP_MS : LATE_NAP_MS);

        sleep_until(worker, &deadline);
        if (lane->submitted != submitted)
            since_ns = now_ns();
        submitted = lane->submitted;
        idle_ms = (uint32_t)((now_ns() - since_ns) / 1000000);
    }
    lane->napping--;
    return idle_ms;
}

/* Does the thread find work as it is about to leave? Then it stays. */
static bool finds_work_at_the_door(struct lane_state *lane)
{
    lane->threads--;
    say_watch(lane);
    lane_sweep(lane);
    if (lane->list.first == NULL)
        return false;
    lane->threads++;
    say_watch(lane);
    return true;
}

/* Waits for work. False: it has left the lane. */
static bool wait_for_work(struct worker *worker, bool took_its_time)
{
    struct lane_state *lane = worker->lane;
    struct timespec deadline;
    uint32_t napped_ms = 0;
    bool in_time = true;

    /* One that spins, and one that naps, is enough. */
    if (took_its_time && lane->spinning == 0)
        spin(lane);
    if (lane->naps && lane->napping == 0)
        napped_ms = nap(worker);
    while (lane->list.first == NULL && in_time) {
        /* It may have been configured anew. */
        deadline = engine_deadline(lane->idle_ms > napped_ms ? lane->idle_ms - napped_ms : 0);
        in_time = sleep_until(worker, is_surplus(lane) ? &deadline : NULL);
    }
    return lane->list.first != NULL || !is_surplus(lane) || finds_work_at_the_door(lane);
}

uint32_t lane_take(struct lane_state *lane, struct work_list *chunk, uint32_t most)
{
    uint32_t count = 0;
    struct work *work;

    lane_sweep(lane);
    do {
        work = work_take(&lane->list);
        work_append(chunk, work, WORK_NOWHERE);
        count++;
    } while (work->light && count < most && lane->list.first != NULL &&
             lane->list.first->light);
    count_waiting(lane, -(int)count);
    lane_stop_deferring(lane);
    return count;
}

/* The more waits, the more a thread takes at once, so that the others have their share. */
static uint32_t share_of(struct lane_state *lane)
{
    uint32_t share = waiting_in(lane) / (2 * lane->limit);

    return share < LANE_CHUNK ? share : LANE_CHUNK;
}

static void *thread_main(void *argument);

static bool start_thread(struct lane_state *lane)
{
    if (worker_start(thread_main, lane, lane->thread_name) == NULL)
        return false;
    lane->threads++;
    lane->starting++;
    say_watch(lane);
    return true;
}

static void wake_or_start(struct lane_state *lane)
{
    struct worker *worker = lane->asleep;

    if (worker != NULL) {
        lane->asleep = worker->next;
        worker->promised = true;
        lane->wakes++;
        say_watch(lane);
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

static uint64_t cost_of(const struct lane_state *lane)
{
    return atomic_load_explicit(&lane->cost_ns, memory_order_relaxed);
}

/* Is there enough for one more thread to be worth its wake? */
static void see_to_the_backlog(struct lane_state *lane)
{
    if (looking(lane) == 0 && waiting_in(lane) * cost_of(lane) > backlog_ns)
        wake_or_start(lane);
}

/* What is still to be told of by a thread. */
struct untold {
    bool any;
    int64_t since_ns;
};

static void tell(struct untold *untold)
{
    engine_unlock();
    tell_of_chunks();
    engine_lock();
    untold->any = false;
}

/* Runs light work; the lock is held before and after. Now and then it is measured, as that
 * takes longer than a submit. Whether somebody is still to be told. */
static bool run_light(struct lane_state *lane, struct work_list *chunk, uint32_t count)
{
    bool is_measured = lane->chunks++ % 16 == 0;
    int64_t start_ns = 0;
    uint64_t cost;
    bool owes;

    lane->at_light++;
    say_watch(lane);
    lane_sweep(lane);
    see_to_the_rest(lane);
    see_to_the_backlog(lane);
    engine_unlock();
    if (own_lane == lane) /* a caller's thread may be waited for at exit */
        gate_stop_at_exit();
    if (is_measured)
        start_ns = now_ns();
    owes = run_chunk(chunk);
    if (is_measured) {
        cost = (cost_of(lane) + (uint64_t)(now_ns() - start_ns) / count) / 2;
        atomic_store_explicit(&lane->cost_ns, cost, memory_order_relaxed);
    }
    lane->at_light--;
    lane_sweep(lane);
    return owes;
}

/* The same on a thread of the lane, which leaves it untold for a moment if more of it follows.
 */
static void work_lightly(struct lane_state *lane, struct work_list *chunk, uint32_t count,
                         struct untold *untold)
{
    bool owes = run_light(lane, chunk, count);
    bool goes_on = lane->list.first != NULL && lane->list.first->light;

    if (owes && !untold->any && goes_on)
        untold->since_ns = now_ns();
    untold->any = untold->any || owes;
    if (untold->any && (!goes_on || now_ns() - untold->since_ns > tell_ns))
        tell(untold);
}

static void work_heavily(struct lane_state *lane, struct work_list *chunk)
{
    say_watch(lane);
    lane_sweep(lane);
    see_to_the_rest(lane);
    engine_unlock();
    gate_stop_at_exit();
    if (run_chunk(chunk)) {
        engine_unlock();
        tell_of_chunks();
        engine_lock();
    }
    lane_sweep(lane);
}

static void *thread_main(void *argument)
{
    struct worker *worker = argument;
    struct lane_state *lane = worker->lane;
    struct untold untold = {.any = false};
    bool took_its_time = true;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    own_lane = lane;
    engine_lock();
    lane->starting--;
    lane_sweep(lane);
    while (lane->list.first != NULL || wait_for_work(worker, took_its_time)) {
        struct work_list chunk = {NULL, NULL};
        uint32_t count;

        if (lane->list.first == NULL)
            continue;
        count = lane_take(lane, &chunk, share_of(lane));
        took_its_time = !chunk.first->light;
        if (took_its_time)
            work_heavily(lane, &chunk);
        else
            work_lightly(lane, &chunk, count, &untold);
        /* A callback forked: in the child this is no thread of the pool any more. */
        if (own_lane == NULL) {
            engine_unlock();
            return NULL;
        }
    }
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

    if (looking(lane) > (work->light ? 0 : waiting - 1))
        return;
    if (lane->napping > 0 && !work->urgent && waiting < DEFERRED_BACKLOG) {
        defer_to_nap(lane);
        return;
    }
    if (work->light && lane->napping > 0 && lane->at_light > 0 &&
        waiting * cost_of(lane) < backlog_ns)
        return;
    wake_or_start(lane);
}

void lane_push(struct lane_state *lane, struct work *work)
{
    lane_sweep(lane);
    work_append(&lane->list, work, WORK_IN_LANE);
    count_waiting(lane, 1);
    find_thread(lane, work);
}

bool lane_is_open(const struct lane_state *lane)
{
    return atomic_load_explicit(&lane->watch, memory_order_relaxed) != WATCH_CLOSED &&
           !gate_is_closing();
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
static void wake_for_inbox(struct lane_state *lane, bool is_full)
{
    engine_lock();
    if (is_full)
        lane_sweep(lane);
    if (looking(lane) == 0 && lane_has_work(lane))
        wake_or_start(lane);
    while (lane->threads == 0 && lane_has_work(lane) && !gate_is_closing()) {
        struct work_list chunk = {NULL, NULL};

        lane_run_here(lane, &chunk, lane_take(lane, &chunk, LANE_CHUNK));
        engine_lock();
    }
    engine_unlock();
}

bool lane_put(struct lane_state *lane, struct work *work)
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
        if (is_backlog || (urgent && cost_of(lane) > dear_ns))
            break;
        if (urgent)
            set_deferral(lane, DEFERRED_TO_LOOP);
        else
            defer_to_nap(lane);
        return urgent;
    case WATCH_CLOSED:
    case WATCH_NOBODY:
        break;
    }
    wake_for_inbox(lane, before >= INBOX_MAX / 2);
    return false;
}

bool lane_wants_help(struct lane_state *lane, bool from_loop)
{
    bool all_are_busy = lane->asleep == NULL && looking(lane) == 0 && lane->at_light == 0 &&
                        lane->threads - lane->in_callback >= lane->limit;

    lane_sweep(lane);
    return lane->list.first != NULL && lane->list.first->light && !all_are_busy &&
           (!from_loop || cost_of(lane) <= dear_ns);
}

bool lane_admit(struct lane_state *lane)
{
    lane_sweep(lane);
    if (lane->admitted >= lane->most_admitted || !lane_have_thread(lane))
        return false;
    lane->admitted++;
    lane->submitted++;
    return true;
}

void lane_withdraw(struct lane_state *lane, struct work *work)
{
    work_remove(&lane->list, work);
    count_waiting(lane, -1);
}

void lane_run_here(struct lane_state *lane, struct work_list *chunk, uint32_t count)
{
    bool owes;

    if (chunk->first->light) {
        owes = run_light(lane, chunk, count);
    } else {
        lane_sweep(lane);
        see_to_the_rest(lane);
        engine_unlock();
        owes = run_chunk(chunk);
    }
    say_watch(lane);
    lane_sweep(lane);
    see_to_the_rest(lane);
    engine_unlock();
    if (owes)
        tell_of_chunks();
}

void lane_see_to_the_first(struct lane_state *lane)
{
    if (lane->list.first != NULL && !lane->list.first->light && looking(lane) == 0)
        wake_or_start(lane);
}

void lane_see_to_the_rest(struct lane_state *lane)
{
    lane_sweep(lane);
    if (waiting_in(lane) > 0 && looking(lane) == 0)
        wake_or_start(lane);
}

void lane_hurry(struct lane_state *lane)
{
    if (!lane_is_deferring(lane))
        return;
    set_deferral(lane, DEFERRED_NONE);
    lane_see_to_the_rest(lane);
}

void lane_dismiss(struct lane_state *lane, uint32_t count)
{
    lane->completed += count;
    lane->admitted -= count;
    /* A thread may be staying on account of these calls alone. */
    if (lane->admitted == 0 && lane->staying > 0 && is_surplus(lane))
        stir(lane);
}

void lane_reconsider(struct lane_state *lane)
{
    stir(lane);
    say_watch(lane);
    lane_sweep(lane);
    if (lane->list.first != NULL)
        find_thread(lane, lane->list.first);
}

void lane_begin_callback(void)
{
    if (own_lane == NULL)
        return;
    own_lane->in_callback++;
    say_watch(own_lane);
    lane_sweep(own_lane);
    if (waiting_in(own_lane) > looking(own_lane))
        wake_or_start(own_lane);
}

void lane_end_callback(void)
{
    if (own_lane == NULL)
        return;
    own_lane->in_callback--;
    say_watch(own_lane);
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
