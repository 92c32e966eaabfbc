/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. admitted > away implies threads >= 1: who admits a call, or has one return, makes sure of
 *     a thread or refuses, and the last thread does not leave while a call is admitted that is
 *     not away. So a call that was accepted never fails for want of a thread.
 *  2. A wake is promised to one thread by name: it leaves the list of sleepers with that, and
 *     takes the promise when it wakes up, whatever woke it. One that was promised nothing goes
 *     back to sleep. Each has a condition of its own, so the C library has no choice to make of
 *     whom to wake (glibc before 2.41 can lose that signal: its bug 25847).
 *  3. Threads inside callbacks (in_callback) do not count against the limit: a callback
 *     that blocks, for a call of the same lane even, delays nobody.
 *  4. Cheap work has one thread: what two would share, the allocator's lock above all, costs
 *     more than the work. The others sleep beside it (stand_by), and one of them naps.
 *  5. A thread without work spins for a moment if it did something that took its time. One of a
 *     lane that naps, naps for a while. Then it sleeps without a timeout, unless it may leave
 *     when that has passed: an idle process has no wake-ups once the surplus threads are gone.
 *
 * What was done is told of by the lot while more of it follows at once.
 */
#include "crew.h"

#include "gate.h"
#include "timer.h"
#include "worker.h"

/* A thread naps for 5 ms at a time, and later for 10, until nobody has used the lane for so
 * long. */
#define NAP_MS        5
#define LATE_NAP_MS   10
#define EARLY_NAPS_MS 100
#define NAPS_MS       200

static const int64_t tell_ns = 20000; /* for so long what was done need not be told of */

static bool (*run_chunk)(struct work_list *chunk);
static void (*tell_of_chunks)(void);
static _Thread_local struct lane_state *own_lane;

void crew_set_runner(bool (*run)(struct work_list *chunk), void (*tell)(void))
{
    run_chunk = run;
    tell_of_chunks = tell;
}

void crew_forget_own(void)
{
    own_lane = NULL;
}

static void spin(struct lane_state *lane)
{
    lane->spinning++;
    lane_say_watch(lane);
    engine_unlock();
    engine_spin(lane_has_work, lane);
    engine_lock();
    lane->spinning--;
    lane_sweep(lane);
}

/* Sleeps until woken or the deadline (NULL: there is none); false if that passed. If there is
 * work it does not, unless somebody else is at it. One that was woken for nothing spins: who
 * submitted did the work, and may submit more in a moment. */
static bool sleep_until(struct worker *worker, const struct timespec *deadline, bool attended)
{
    struct lane_state *lane = worker->lane;
    struct worker **link = &lane->asleep;
    bool stays = deadline == NULL;
    bool in_time = true, was_woken;

    worker->next = lane->asleep;
    lane->asleep = worker;
    lane->sleepers++;
    lane->staying += stays;
    lane_say_watch(lane);
    lane_sweep(lane);
    if (lane->list.first == NULL || attended) {
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
    lane_say_watch(lane);
    return in_time;
}

void crew_stir(const struct lane_state *lane)
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
    int64_t since_ns = timer_now(); /* somebody used the lane */
    uint32_t idle_ms = 0;

    lane->napping++;
    while (lane->list.first == NULL && idle_ms < NAPS_MS &&
           (idle_ms < lane->idle_ms || !lane_is_surplus(lane))) {
        struct timespec deadline =
            engine_deadline(idle_ms < EARLY_NAPS_MS ? NAP_MS : LATE_NAP_MS);

        sleep_until(worker, &deadline, false);
        if (lane->submitted != submitted)
            since_ns = timer_now();
        submitted = lane->submitted;
        idle_ms = (uint32_t)((timer_now() - since_ns) / 1000000);
    }
    lane->napping--;
    return idle_ms;
}

/* Sleeps beside one who is at work that is cheap. One of those who do so naps, to see whether
 * that goes on; or else it is for this one: true. */
static bool stand_by(struct worker *worker)
{
    struct lane_state *lane = worker->lane;
    bool watches = lane->napping == 0;
    uint32_t chunks;

    lane->napping += watches;
    do {
        struct timespec deadline = engine_deadline(watches ? NAP_MS : lane->idle_ms);

        chunks = lane->chunks;
        sleep_until(worker, watches || lane_is_surplus(lane) ? &deadline : NULL, true);
    } while (watches && lane_is_attended(lane) && lane->chunks != chunks);
    lane->napping -= watches;
    return watches;
}

/* Does the thread find work as it is about to leave? Then it stays. */
static bool finds_work_at_the_door(struct lane_state *lane)
{
    lane->threads--;
    lane_say_watch(lane);
    lane_sweep(lane);
    if (lane->list.first == NULL)
        return false;
    lane->threads++;
    lane_say_watch(lane);
    return true;
}

/* Waits for work, or until a lane that naps has been used without this thread: then it is to
 * wait, and to nap, anew. False: it has left the lane. */
static bool wait_for_work(struct worker *worker, bool took_its_time)
{
    struct lane_state *lane = worker->lane;
    struct timespec deadline;
    uint32_t napped_ms = 0;
    uint64_t submitted;
    bool in_time = true;

    /* One that spins, and one that naps, is enough. */
    if (took_its_time && lane->spinning == 0)
        spin(lane);
    if (lane->naps && lane->napping == 0)
        napped_ms = nap(worker);
    submitted = lane->submitted;
    while (lane->list.first == NULL && in_time) {
        if (lane->naps && lane->submitted != submitted)
            return true;
        /* It may have been configured anew. */
        deadline = engine_deadline(lane->idle_ms > napped_ms ? lane->idle_ms - napped_ms : 0);
        in_time = sleep_until(worker, lane_is_surplus(lane) ? &deadline : NULL, false);
    }
    return lane->list.first != NULL || !lane_is_surplus(lane) || finds_work_at_the_door(lane);
}

/* The more waits, the more a thread takes at once, so that the others have their share. */
static uint32_t share_of(struct lane_state *lane)
{
    uint32_t share = lane_waiting(lane) / (2 * lane->limit);

    return share < LANE_CHUNK ? share : LANE_CHUNK;
}

static void *thread_main(void *argument);

static bool start_thread(struct lane_state *lane)
{
    if (worker_start(thread_main, lane, lane->thread_name) == NULL)
        return false;
    lane->threads++;
    lane->starting++;
    lane_say_watch(lane);
    return true;
}

void crew_wake(struct lane_state *lane)
{
    struct worker *worker = lane->asleep;

    if (worker != NULL) {
        lane->asleep = worker->next;
        worker->promised = true;
        lane->wakes++;
        lane_say_watch(lane);
        engine_signal_later(&worker->woken);
    } else if (lane->threads - lane->in_callback < lane->limit) {
        start_thread(lane);
    }
}

/* Restores invariant 2 when a thread turns to what it has taken, or to a callback. */
static void see_to_the_rest(struct lane_state *lane)
{
    if (lane_waiting(lane) > 0 && lane_looking(lane) + lane->napping == 0)
        crew_wake(lane);
}

/* Is there enough for one more thread to be worth its wake? */
static void see_to_the_backlog(struct lane_state *lane)
{
    if (lane_looking(lane) == 0 && lane_is_worth_a_wake(lane))
        crew_wake(lane);
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

/* Is the work that there is another thread's? Then this one has slept meanwhile, or told. */
static bool leave_it(struct worker *worker, struct untold *untold)
{
    struct lane_state *lane = worker->lane;

    if (!lane_is_attended(lane))
        return false;
    if (untold->any) {
        tell(untold);
        return true;
    }
    return !stand_by(worker) || lane->list.first == NULL;
}

/* Runs light work; the lock is held before and after. Whether somebody is still to be told. */
static bool run_light(struct lane_state *lane, struct work_list *chunk)
{
    bool owes;

    lane->chunks++;
    lane->at_light++;
    lane_say_watch(lane);
    lane_sweep(lane);
    see_to_the_rest(lane);
    see_to_the_backlog(lane);
    engine_unlock();
    if (own_lane == lane) /* a caller's thread may be waited for at exit */
        gate_stop_at_exit();
    owes = run_chunk(chunk);
    lane->at_light--;
    lane_sweep(lane);
    return owes;
}

/* The same on a thread of the lane, which leaves it untold for a moment if more of it follows.
 */
static void work_lightly(struct lane_state *lane, struct work_list *chunk,
                         struct untold *untold)
{
    bool owes = run_light(lane, chunk);
    bool goes_on = lane->list.first != NULL && lane->list.first->light;

    if (owes && !untold->any && goes_on)
        untold->since_ns = timer_now();
    untold->any = untold->any || owes;
    if (untold->any && (!goes_on || timer_now() - untold->since_ns > tell_ns))
        tell(untold);
}

static void work_heavily(struct lane_state *lane, struct work_list *chunk)
{
    lane_say_watch(lane);
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

        if (lane->list.first == NULL || leave_it(worker, &untold))
            continue;
        lane_take(lane, &chunk, share_of(lane));
        took_its_time = !chunk.first->light;
        if (took_its_time)
            work_heavily(lane, &chunk);
        else
            work_lightly(lane, &chunk, &untold);
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

bool crew_have_thread(struct lane_state *lane)
{
    return lane->threads > lane->in_callback || start_thread(lane);
}

void crew_run_here(struct lane_state *lane, struct work_list *chunk)
{
    bool owes;

    if (chunk->first->light) {
        owes = run_light(lane, chunk);
    } else {
        lane_sweep(lane);
        see_to_the_rest(lane);
        engine_unlock();
        owes = run_chunk(chunk);
    }
    lane_say_watch(lane);
    lane_sweep(lane);
    see_to_the_rest(lane);
    engine_unlock();
    if (owes)
        tell_of_chunks();
}

void crew_begin_callback(void)
{
    if (own_lane == NULL)
        return;
    own_lane->in_callback++;
    lane_say_watch(own_lane);
    lane_sweep(own_lane);
    if (lane_waiting(own_lane) > lane_looking(own_lane))
        crew_wake(own_lane);
}

void crew_end_callback(void)
{
    if (own_lane == NULL)
        return;
    own_lane->in_callback--;
    lane_say_watch(own_lane);
}
