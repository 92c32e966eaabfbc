/* SPDX-License-Identifier: MIT */
/* A lane: a list of work, and the threads that work it off. */
#ifndef SSPI_ASYNC_LANE_H
#define SSPI_ASYNC_LANE_H

#include <stdatomic.h>
#include <stdint.h>

#include "lock.h"
#include "work.h"
#include "worker.h"

/* The most light work that a thread takes at once. */
#define LANE_CHUNK 32

struct lane_state {
    const char *thread_name;
    bool naps; /* a thread without work looks again after a while: work may be deferred */

    /* As configured. */
    uint32_t limit;       /* of threads outside callbacks */
    uint32_t min_threads; /* that stay without work */
    uint32_t idle_ms;     /* after which the others leave */

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
    uint64_t admitted;
    uint64_t pushes; /* since the start */

    atomic_bool deferring; /* work waits for the end of a nap */

    /* Length of the list. Spinners read it without the lock: a cache line of its own keeps them
     * from taking away the others. */
    _Alignas(CACHE_LINE) _Atomic uint32_t waiting;
};

/* What runs work: the lock is not held when it is called and is when it returns. Told before
 * the first thread starts. */
void lane_set_runner(void (*run)(struct work_list *chunk));

/* Without the lock. */
bool lane_has_work(void *lane);
bool lane_is_deferring(const struct lane_state *lane);

/* The rest with the engine lock held. */

/* Makes sure of a thread outside callbacks. */
bool lane_have_thread(struct lane_state *lane);

void lane_push(struct lane_state *lane, struct work *work);
/* Takes back work that no thread has begun. */
void lane_withdraw(struct lane_state *lane, struct work *work);
/* Takes one piece of work, or a share of what is light, from a lane that has some. */
void lane_take(struct lane_state *lane, struct work_list *chunk);
/* Runs what was taken on this thread, which is not the lane's. Lets go of the lock. */
void lane_run_here(struct lane_state *lane, struct work_list *chunk);

/* Somebody waits for what may be deferred: the nap is ended, if work waits for that. */
void lane_hurry(struct lane_state *lane);
/* Finds a thread for what waits, where it is not light: the lane's caller goes on to something
 * else. */
void lane_see_to_the_first(struct lane_state *lane);

/* A call of the lane has ended. */
void lane_dismiss(struct lane_state *lane);
/* It was configured anew. */
void lane_reconsider(struct lane_state *lane);

/* Around a callback: the thread does not count for its lane meanwhile. Nothing happens on a
 * thread that is no lane's. */
void lane_begin_callback(void);
void lane_end_callback(void);

/* In the child: no thread, no work, and the forking thread is no lane's. */
void lane_after_fork(struct lane_state *lane);
void lane_forget_own(void);

#endif
