/* SPDX-License-Identifier: MIT */
/*
 * Three lanes, so that what blocks never delays what cannot; all under the engine lock, but for
 * light work that is put into an inbox of the quick lane.
 */
#include "pool.h"

#include <sched.h>

#include "crew.h"
#include "gate.h"
#include "inline.h"
#include "intake.h"
#include "lock.h"
#include "worker.h"

static struct lane_state lanes[LANES] = {
    [LANE_QUICK] = {.thread_name = "sspi-quick", .naps = true},
    [LANE_NETWORK] = {.thread_name = "sspi-network"},
    [LANE_ACCEPTOR] = {.thread_name = "sspi-acceptor"},
};

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
    const sspia_pool_config settings = with_defaults(config);

    for (int i = 0; i < LANES; i++) {
        lanes[i].limit = i == LANE_QUICK ? settings.max_quick_threads : settings.max_threads;
        lanes[i].min_threads = settings.min_threads;
        lanes[i].idle_ms = settings.idle_ms;
        lanes[i].most_admitted = settings.max_queued;
    }
}

void pool_start(bool (*run)(struct work_list *chunk), void (*tell)(void))
{
    crew_set_runner(run, tell);
    apply(NULL);
}

SECURITY_STATUS pool_admit(enum lane index)
{
    if (gate_is_closing())
        return SEC_E_SHUTDOWN_IN_PROGRESS;
    return intake_admit(&lanes[index]) ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

bool pool_is_open(void)
{
    return lane_is_open(&lanes[LANE_QUICK]);
}

bool pool_has_work(void)
{
    return lane_has_work(&lanes[LANE_QUICK]);
}

uint32_t pool_waiting(void)
{
    return lane_waiting(&lanes[LANE_QUICK]);
}

bool pool_put(struct work *work)
{
    return intake_put(&lanes[LANE_QUICK], work);
}

ENGINE_SLOW void pool_wake(void)
{
    engine_lock();
    pool_hurry();
    engine_unlock();
}

void pool_note_cost(int64_t ns, uint32_t count)
{
    lane_note_cost(&lanes[LANE_QUICK], (uint64_t)ns, count);
}

bool pool_is_cheap(void)
{
    return lane_is_cheap(&lanes[LANE_QUICK]);
}

bool pool_have_thread(enum lane index)
{
    return crew_have_thread(&lanes[index]);
}

void pool_dismiss(enum lane index, uint32_t count)
{
    intake_dismiss(&lanes[index], count);
}

void pool_leave(enum lane index)
{
    intake_leave(&lanes[index]);
}

bool pool_return(enum lane from, enum lane to)
{
    return intake_return(&lanes[to], &lanes[from]);
}

void pool_forget(enum lane index)
{
    lanes[index].away--;
    intake_dismiss(&lanes[index], 1);
}

void pool_push(struct work *work)
{
    intake_push(&lanes[work->lane], work);
}

void pool_withdraw(struct work *work)
{
    lane_withdraw(&lanes[work->lane], work);
}

/* Chunks that a loop does before it turns to what they brought. */
#define HELP_CHUNKS 8

/* Does a chunk of light work on this thread. False: there is none. */
static bool help(struct lane_state *lane, bool from_loop)
{
    struct work_list chunk = {NULL, NULL};

    if (!lane_has_work(lane))
        return false;
    engine_lock();
    if (gate_is_closing() || !lane_wants_help(lane, from_loop)) {
        engine_unlock();
        return false;
    }
    lane_take(lane, &chunk, LANE_CHUNK);
    crew_run_here(lane, &chunk);
    return true;
}

/* Others may have left work to this thread while it helped. */
static void leave(struct lane_state *lane)
{
    if (!lane_has_work(lane))
        return;
    engine_lock();
    intake_see_to_the_rest(lane);
    engine_unlock();
}

void pool_help_now(void)
{
    struct lane_state *lane = &lanes[LANE_QUICK];
    int chunks = 0;

    while (chunks < HELP_CHUNKS && help(lane, true))
        chunks++;
    if (lane_is_deferring(lane)) {
        engine_lock();
        lane_stop_deferring(lane);
        engine_unlock();
    }
    /* What is too much for one turn waits for the next. What it may not do is for a thread. */
    if (chunks == HELP_CHUNKS ? lane_has_work(lane) && !lane_leave_to_loop(lane)
                              : chunks > 0 || lane_leaves_work(lane))
        leave(lane);
}

/* What is light does not block (sspi_package.h), so this makes no wait longer than the wake-ups
 * would that it saves. */
void pool_help(bool (*is_true)(void *argument), void *argument)
{
    struct lane_state *lane = &lanes[LANE_QUICK];
    bool helped = false;

    while (!is_true(argument) && help(lane, false))
        helped = true;
    if (helped)
        leave(lane);
}

bool pool_run_here(struct work *work, bool may_block)
{
    struct work_list chunk = {NULL, NULL};
    struct lane_state *lane;

    lane_sweep(&lanes[LANE_QUICK]);
    /* Not in a list, it may be in the hands of whoever submits it. */
    if (work_place(work) != WORK_IN_LANE || !work->quiet ||
        (work->lane != LANE_QUICK && !may_block) || gate_is_closing()) {
        engine_unlock();
        return false;
    }
    lane = &lanes[work->lane];
    lane_withdraw(lane, work);
    work_append(&chunk, work, WORK_NOWHERE);
    /* Who waits for one call may have others that are worth running beside it. */
    intake_see_to_the_first(lane);
    crew_run_here(lane, &chunk);
    return true;
}

bool pool_is_deferring(void)
{
    return lane_is_deferring(&lanes[LANE_QUICK]);
}

bool pool_leaves_work(void)
{
    return lane_leaves_work(&lanes[LANE_QUICK]);
}

void pool_hurry(void)
{
    intake_hurry(&lanes[LANE_QUICK]);
}

void pool_after_fork(void)
{
    crew_forget_own(); /* the forking thread may have been one of ours */
    for (int i = 0; i < LANES; i++)
        lane_after_fork(&lanes[i]);
    worker_after_fork();
}

SECURITY_STATUS sspia_pool_configure(const sspia_pool_config *config)
{
    if (config != NULL &&
        (config->size != sizeof(*config) || config->max_threads > most_threads ||
         config->max_quick_threads > most_threads || config->min_threads > most_threads))
        return SEC_E_INVALID_PARAMETER;
    engine_lock();
    apply(config);
    for (int i = 0; i < LANES; i++)
        intake_reconsider(&lanes[i]);
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
        lane_sweep(&lanes[i]);
        intake_hurry(&lanes[i]); /* who asks may be waiting for the counts to change */
        counts->threads += lanes[i].threads;
        counts->idle += lanes[i].sleepers + lanes[i].spinning;
        counts->in_callbacks += lanes[i].in_callback;
        counts->pending += lanes[i].admitted;
        counts->submitted += lanes[i].submitted;
        counts->completed += lanes[i].completed;
    }
    engine_unlock();
    return SEC_E_OK;
}
