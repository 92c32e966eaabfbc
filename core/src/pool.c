/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. admitted > 0 in a lane implies threads >= 1 there: pool_admit starts the first thread
 *     or refuses, and the last thread does not leave while a call is admitted. So a call
 *     that was accepted never fails for want of a thread.
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
 *  5. A thread without work spins for a moment if it did something urgent. One of the quick
 *     lane, where work may be deferred, naps for a while. Then it sleeps without a timeout,
 *     unless it may leave when that has passed: an idle process has no wake-ups once the
 *     surplus threads are gone.
 *  6. A worker's memory is never given back to the system: a wake is made after the lock is let
 *     go of, when its thread may have woken up by itself and ended.
 *
 * What a wake costs (2 to 10 us, as much as hundreds of submits) decides who is woken. Work
 * that may take its time gets a thread of its own at once. Light work waits for those who are
 * at light work anyway, up to a backlog, as long as somebody naps who would notice if they were
 * stuck. Light work that nobody waits for (not urgent) waits for the end of a nap, up to a
 * larger backlog, or until somebody asks for its status. A caller who waits does light work
 * itself before it sleeps.
 */
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "engine.h"

#define NAP_MS           5
#define NAPS_MS          100
#define URGENT_BACKLOG   64
#define DEFERRED_BACKLOG 1024

/* A thread of the pool, or one that was. */
struct worker {
    struct worker *next;  /* in `asleep` of its lane, or in `former` */
    struct worker *older; /* in `workers` */
    struct lane_state *lane;
    bool promised; /* a wake */
    pthread_cond_t woken;
};

struct lane_state {
    struct work_list list;
    uint32_t threads;
    uint32_t starting;     /* of the threads, those that have not looked at the list yet */
    uint32_t spinning;     /* look at it all the time */
    struct worker *asleep; /* without a promise, the last to fall asleep first */
    uint32_t sleepers;     /* with and without */
    uint32_t napping;      /* of these */
    uint32_t wakes;        /* promised to sleepers */
    uint32_t at_light;     /* at light work */
    uint32_t in_callback;
    uint32_t staying; /* of the sleepers, those that wait without a timeout */
    uint32_t limit;
    uint64_t admitted;
    uint64_t pushes; /* since the start */

    /* Length of the list. Spinners read it without the lock: a cache line of its own keeps them
     * from taking away the others. */
    _Alignas(CACHE_LINE) _Atomic uint32_t waiting;
};

static struct lane_state lanes[LANES];
static const char *const thread_names[LANES] = {"sspi-quick", "sspi-network", "sspi-acceptor"};
static sspia_pool_config settings;
static uint64_t submitted;
static uint64_t completed;
static struct pool_wakes owed; /* promised and not made yet */
static bool owing;
static atomic_bool deferring;  /* work of the quick lane waits for the end of a nap */
static struct worker *workers; /* all that were ever made */
static struct worker *former;  /* of threads that have left */
static _Thread_local struct lane_state *own_lane;

static const uint32_t most_threads = 4096;

static uint32_t processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
        return (uint32_t)CPU_COUNT(&set);
    return 1;
}

static sspia_pool_config with_defaults(const sspia_pool_config *config)
{
    sspia_pool_config result = {.size = sizeof(result)};

    if (config != NULL)
        result = *config;
    if (result.max_threads == 0)
        result.max_threads = 64;
    if (result.max_quick_threads == 0)
        result.max_quick_threads = processors();
    if (result.max_queued == 0)
        result.max_queued = 1048576;
    if (result.idle_ms == 0)
        result.idle_ms = 2000;
    return result;
}

/* Engine lock held, or before the first thread. */
static void apply(const sspia_pool_config *config)
{
    settings = with_defaults(config);
    lanes[LANE_QUICK].limit = settings.max_quick_threads;
    lanes[LANE_NETWORK].limit = settings.max_threads;
    lanes[LANE_ACCEPTOR].limit = settings.max_threads;
}

void pool_start(void)
{
    apply(NULL);
}

/* May this thread leave its lane? See invariant 1. */
static bool is_surplus(const struct lane_state *lane)
{
    uint32_t needed = settings.min_threads;

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

static bool has_work(void *lane)
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
        engine_spin(has_work, lane);
        engine_lock();
        lane->spinning--;
    }
    if (lane == &lanes[LANE_QUICK] && lane->napping == 0) {
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
        deadline =
            engine_deadline(settings.idle_ms > napped_ms ? settings.idle_ms - napped_ms : 0);
        in_time = sleep_until(worker, is_surplus(lane) ? &deadline : NULL);
    }
    return lane->list.first != NULL || !is_surplus(lane);
}

/* Exit takes the process down around us; see engine.c, invariant 4. A thread may not even end
 * then: libraries clean up after it, with what they have just taken down. */
static void stop_at_exit(void)
{
    while (engine_closing())
        pause();
}

/* Takes one piece of work, or a share of what is light at the head of the list: the more waits,
 * the more, so that the other threads have theirs. */
static void take(struct lane_state *lane, struct work_list *chunk)
{
    uint32_t share = waiting_in(lane) / (2 * lane->limit);
    uint32_t count = 0;
    struct work *work;

    if (share > CALL_CHUNK)
        share = CALL_CHUNK;
    do {
        work = work_take(&lane->list);
        work_append(chunk, work, WORK_NOWHERE);
        count++;
    } while (work->light && count < share && lane->list.first != NULL &&
             lane->list.first->light);
    count_waiting(lane, -(int)count);
    if (lane == &lanes[LANE_QUICK] && lane->list.first == NULL && pool_is_deferring())
        atomic_store_explicit(&deferring, false, memory_order_relaxed);
}

static bool start_thread(struct lane_state *lane);

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
        if (owed.count == POOL_WAKES) {
            pthread_cond_signal(&worker->woken);
            return;
        }
        owed.workers[owed.count++] = worker;
        owing = true;
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

static void retire(struct worker *worker)
{
    worker->next = former;
    former = worker;
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
        take(lane, &chunk);
        was_urgent = chunk.last->urgent;
        light = chunk.first->light;
        lane->at_light += light;
        see_to_the_rest(lane);
        engine_unlock();
        stop_at_exit();
        call_run(&chunk);
        /* A callback forked: in the child this is no thread of the pool any more. */
        if (own_lane == NULL) {
            engine_unlock();
            return NULL;
        }
        lane->at_light -= light;
    }
    lane->threads--;
    see_to_the_rest(lane);
    retire(worker);
    engine_unlock();
    stop_at_exit();
    return NULL;
}

static struct worker *hire(struct lane_state *lane)
{
    struct worker *worker = former;

    if (worker != NULL) {
        former = worker->next;
    } else {
        worker = malloc(sizeof(*worker));
        if (worker == NULL)
            return NULL;
        engine_cond_init(&worker->woken);
        worker->older = workers;
        workers = worker;
    }
    worker->lane = lane;
    worker->promised = false;
    return worker;
}

/* Starts one more thread of the lane. Signals of the host program are not for it. */
static bool start_thread(struct lane_state *lane)
{
    struct worker *worker = hire(lane);
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, old;
    int failed = ENOMEM;

    if (worker == NULL || pthread_attr_init(&attributes) != 0)
        goto done;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    failed = pthread_create(&thread, &attributes, thread_main, worker);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    if (failed == 0) {
        lane->threads++;
        lane->starting++;
        pthread_setname_np(thread, thread_names[lane - lanes]);
    }

done:
    if (failed != 0 && worker != NULL)
        retire(worker);
    return failed == 0;
}

/* Finds a thread for work that was just added, if none comes by itself. */
static void find_thread(struct lane_state *lane, const struct work *work)
{
    uint32_t waiting = waiting_in(lane);

    if (looking(lane) > (work->light ? 0 : waiting - 1) && waiting <= URGENT_BACKLOG)
        return;
    if (lane->napping > 0 && !work->urgent && waiting < DEFERRED_BACKLOG) {
        atomic_store_explicit(&deferring, true, memory_order_relaxed);
        return;
    }
    if (work->light && lane->napping > 0 && lane->at_light > 0 && waiting < URGENT_BACKLOG)
        return;
    wake_or_start(lane);
}

SECURITY_STATUS pool_admit(enum lane index)
{
    struct lane_state *lane = &lanes[index];

    if (engine_closing())
        return SEC_E_SHUTDOWN_IN_PROGRESS;
    if (lane->admitted >= settings.max_queued || !pool_have_thread(index))
        return SEC_E_INSUFFICIENT_MEMORY;
    lane->admitted++;
    submitted++;
    return SEC_E_OK;
}

bool pool_have_thread(enum lane index)
{
    struct lane_state *lane = &lanes[index];

    return lane->threads > lane->in_callback || start_thread(lane);
}

void pool_dismiss(enum lane index)
{
    struct lane_state *lane = &lanes[index];

    completed++;
    /* A thread may be staying on account of this call alone. */
    if (--lane->admitted == 0 && lane->staying > 0 && is_surplus(lane))
        stir(lane);
}

void pool_push(struct work *work)
{
    struct lane_state *lane = &lanes[work->lane];

    work_append(&lane->list, work, WORK_IN_LANE);
    count_waiting(lane, 1);
    lane->pushes++;
    find_thread(lane, work);
}

void pool_withdraw(struct work *work)
{
    work_remove(&lanes[work->lane].list, work);
    count_waiting(&lanes[work->lane], -1);
}

void pool_begin_callback(void)
{
    if (own_lane == NULL)
        return;
    own_lane->in_callback++;
    if (waiting_in(own_lane) > looking(own_lane))
        wake_or_start(own_lane);
}

void pool_end_callback(void)
{
    if (own_lane != NULL)
        own_lane->in_callback--;
}

bool pool_take_wakes(struct pool_wakes *wakes)
{
    if (!owing)
        return false;
    owing = false;
    *wakes = owed;
    owed.count = 0;
    return true;
}

void pool_wake(const struct pool_wakes *wakes)
{
    for (uint32_t i = 0; i < wakes->count; i++)
        pthread_cond_signal(&wakes->workers[i]->woken);
}

/* Runs what was taken from the lane on this thread. Engine lock held; let go of. */
static void run_chunk_here(struct lane_state *lane, struct work_list *chunk)
{
    bool light = chunk->first->light;

    lane->at_light += light;
    see_to_the_rest(lane);
    engine_unlock();
    call_run(chunk);
    lane->at_light -= light;
    engine_unlock();
}

/* What is light does not block (sspi_package.h), so this makes no wait longer than the wake-ups
 * would that it saves. */
bool pool_help(bool (*is_true)(void *argument), void *argument)
{
    struct lane_state *lane = &lanes[LANE_QUICK];

    while (!is_true(argument) && has_work(lane)) {
        struct work_list chunk = {NULL, NULL};

        engine_lock();
        if (lane->list.first == NULL || !lane->list.first->light || engine_closing()) {
            engine_unlock();
            break;
        }
        take(lane, &chunk);
        run_chunk_here(lane, &chunk);
    }
    return engine_spin(is_true, argument);
}

bool pool_run_here(struct work *work)
{
    struct lane_state *lane = &lanes[LANE_QUICK];
    struct work_list chunk = {NULL, NULL};

    if (work->place != WORK_IN_LANE || work->lane != LANE_QUICK || !work->quiet ||
        engine_closing()) {
        engine_unlock();
        return false;
    }
    pool_withdraw(work);
    work_append(&chunk, work, WORK_NOWHERE);
    /* Who waits for one call may have others that are worth running beside it. */
    if (lane->list.first != NULL && !lane->list.first->light && looking(lane) == 0)
        wake_or_start(lane);
    run_chunk_here(lane, &chunk);
    return true;
}

bool pool_is_deferring(void)
{
    return atomic_load_explicit(&deferring, memory_order_relaxed);
}

void pool_hurry(void)
{
    struct lane_state *lane = &lanes[LANE_QUICK];

    if (!pool_is_deferring())
        return;
    atomic_store_explicit(&deferring, false, memory_order_relaxed);
    if (waiting_in(lane) > 0 && looking(lane) == 0)
        wake_or_start(lane);
}

void pool_after_fork(void)
{
    own_lane = NULL; /* the forking thread may have been one of ours */
    for (int i = 0; i < LANES; i++) {
        uint32_t limit = lanes[i].limit;

        memset(&lanes[i], 0, sizeof(lanes[i])); /* the lists too: their calls are void */
        lanes[i].limit = limit;
    }
    /* Whoever was about to wake one of them is not here to end that. */
    former = NULL;
    for (struct worker *worker = workers; worker != NULL; worker = worker->older) {
        engine_cond_init(&worker->woken);
        retire(worker);
    }
    owed.count = 0;
    owing = false;
    completed = submitted;
}

SECURITY_STATUS sspia_pool_configure(const sspia_pool_config *config)
{
    if (config != NULL &&
        (config->size != sizeof(*config) || config->max_threads > most_threads ||
         config->max_quick_threads > most_threads || config->min_threads > most_threads))
        return SEC_E_INVALID_PARAMETER;
    engine_lock();
    apply(config);
    for (int i = 0; i < LANES; i++) {
        stir(&lanes[i]);
        if (lanes[i].list.first != NULL)
            find_thread(&lanes[i], lanes[i].list.first);
    }
    engine_unlock();
    return SEC_E_OK;
}

SECURITY_STATUS sspia_pool_stats(sspia_pool_counts *counts)
{
    if (counts == NULL || counts->size != sizeof(*counts))
        return SEC_E_INVALID_PARAMETER;
    *counts = (sspia_pool_counts){.size = sizeof(*counts)};
    engine_lock();
    for (int i = 0; i < LANES; i++) {
        counts->threads += lanes[i].threads;
        counts->idle += lanes[i].sleepers + lanes[i].spinning;
        counts->in_callbacks += lanes[i].in_callback;
        counts->pending += lanes[i].admitted;
    }
    counts->submitted = submitted;
    counts->completed = completed;
    engine_unlock();
    return SEC_E_OK;
}
