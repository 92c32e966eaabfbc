/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. admitted > 0 in a lane implies threads >= 1 there: pool_admit starts the first thread
 *     or refuses, and the last thread does not leave while a call is admitted. So a call
 *     that was accepted never fails for want of a thread.
 *  2. A lane with work in its list has an idle thread that was signalled, or a busy one that
 *     will come back, or as many threads outside callbacks as its limit allows. (If the
 *     system refuses a thread while all are inside callbacks, work waits for one of them.)
 *  3. Threads inside callbacks (in_callback) do not count against the limit: a callback
 *     that blocks, for a call of the same lane even, delays nobody.
 *  4. Nobody waits with a timeout unless it may leave when that has passed: an idle process
 *     has no wake-ups once the surplus threads are gone.
 */
#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"

struct lane_state {
    struct work_list list;
    uint32_t waiting; /* length of the list */
    uint32_t threads;
    uint32_t starting; /* of the threads, those that have not looked at the list yet */
    uint32_t idle;
    uint32_t in_callback;
    uint32_t staying; /* of the idle ones, those that wait without a timeout */
    uint32_t limit;
    uint64_t admitted;
    pthread_cond_t work_or_leave;
};

static struct lane_state lanes[LANES];
static sspia_pool_config settings;
static uint64_t submitted;
static uint64_t completed;
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
}

void pool_start(void)
{
    apply(NULL);
    for (int i = 0; i < LANES; i++)
        engine_cond_init(&lanes[i].work_or_leave);
}

/* May this thread leave its lane? See invariant 1. */
static bool is_surplus(const struct lane_state *lane)
{
    uint32_t needed = settings.min_threads;

    if (needed == 0 && lane->admitted > 0)
        needed = 1;
    return lane->threads - lane->in_callback > needed;
}

/* Waits for work. False: leave. */
static bool wait_for_work(struct lane_state *lane)
{
    struct timespec deadline = engine_deadline(settings.idle_ms);
    bool in_time = true;

    lane->idle++;
    while (lane->list.first == NULL && in_time) {
        bool stays = !is_surplus(lane);

        lane->staying += stays;
        in_time = engine_wait(&lane->work_or_leave, stays ? NULL : &deadline);
        lane->staying -= stays;
    }
    lane->idle--;
    return lane->list.first != NULL || !is_surplus(lane);
}

/* Exit takes the process down around us; see engine.c, invariant 4. A thread may not even end
 * then: libraries clean up after it, with what they have just taken down. */
static void stop_at_exit(void)
{
    while (engine_closing())
        pause();
}

static void *thread_main(void *argument)
{
    struct lane_state *lane = argument;

    own_lane = lane;
    engine_lock();
    lane->starting--;
    while (lane->list.first != NULL || wait_for_work(lane)) {
        struct work *work = work_take(&lane->list);

        if (work == NULL)
            continue;
        lane->waiting--;
        engine_unlock();
        stop_at_exit();
        work->run(work);
        engine_lock();
    }
    lane->threads--;
    engine_unlock();
    stop_at_exit();
    return NULL;
}

/* Starts one more thread of the lane. Signals of the host program are not for it. */
static bool start_thread(struct lane_state *lane)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, old;
    int failed;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    failed = pthread_create(&thread, &attributes, thread_main, lane);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    if (failed != 0)
        return false;
    lane->threads++;
    lane->starting++;
    pthread_setname_np(thread, lane == &lanes[LANE_QUICK] ? "sspi-quick" : "sspi-network");
    return true;
}

/* Restores invariant 2 after work was added or a thread went into a callback. */
static void wake_or_start(struct lane_state *lane)
{
    if (lane->idle > 0)
        pthread_cond_signal(&lane->work_or_leave);
    if (lane->waiting > lane->idle + lane->starting &&
        lane->threads - lane->in_callback < lane->limit)
        start_thread(lane);
}

SECURITY_STATUS pool_admit(enum lane index)
{
    struct lane_state *lane = &lanes[index];

    if (engine_closing())
        return SEC_E_SHUTDOWN_IN_PROGRESS;
    if (lane->admitted >= settings.max_queued)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (lane->threads == lane->in_callback && !start_thread(lane))
        return SEC_E_INSUFFICIENT_MEMORY;
    lane->admitted++;
    submitted++;
    return SEC_E_OK;
}

void pool_dismiss(enum lane index)
{
    struct lane_state *lane = &lanes[index];

    completed++;
    /* A thread may be staying on account of this call alone. */
    if (--lane->admitted == 0 && lane->staying > 0 && is_surplus(lane))
        pthread_cond_broadcast(&lane->work_or_leave);
}

void pool_push(struct work *work)
{
    struct lane_state *lane;

    if (work->lane == LANE_CALLER) {
        work->run(work);
        return;
    }
    lane = &lanes[work->lane];
    work_append(&lane->list, work, WORK_IN_LANE);
    lane->waiting++;
    wake_or_start(lane);
}

void pool_withdraw(struct work *work)
{
    work_remove(&lanes[work->lane].list, work);
    lanes[work->lane].waiting--;
}

bool pool_push_notification(struct work *work)
{
    struct lane_state *lane = &lanes[LANE_QUICK];

    if (lane->threads == lane->in_callback && !start_thread(lane))
        return false;
    work->lane = LANE_QUICK;
    pool_push(work);
    return true;
}

void pool_begin_callback(void)
{
    if (own_lane == NULL)
        return;
    own_lane->in_callback++;
    if (own_lane->waiting > 0)
        wake_or_start(own_lane);
}

void pool_end_callback(void)
{
    if (own_lane != NULL)
        own_lane->in_callback--;
}

void pool_after_fork(void)
{
    own_lane = NULL; /* the forking thread may have been one of ours */
    for (int i = 0; i < LANES; i++) {
        uint32_t limit = lanes[i].limit;

        memset(&lanes[i], 0, sizeof(lanes[i]));
        lanes[i].limit = limit;
        engine_cond_init(&lanes[i].work_or_leave);
    }
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
        pthread_cond_broadcast(&lanes[i].work_or_leave);
        if (lanes[i].waiting > 0)
            wake_or_start(&lanes[i]);
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
        counts->idle += lanes[i].idle;
        counts->in_callbacks += lanes[i].in_callback;
        counts->pending += lanes[i].admitted;
    }
    counts->submitted = submitted;
    counts->completed = completed;
    engine_unlock();
    return SEC_E_OK;
}
