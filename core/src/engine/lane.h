/* SPDX-License-Identifier: MIT */
/* A lane: a list of work, and the threads that work it off. */
#ifndef SSPI_ASYNC_LANE_H
#define SSPI_ASYNC_LANE_H

#include <stdatomic.h>
#include <stdint.h>

#include "inbox.h"
#include "lock.h"
#include "work.h"
#include "worker.h"

/* The most light work that a thread takes at once. */
#define LANE_CHUNK 32

/* Who would see that work was put into an inbox of a lane. */
enum lane_watch {
    WATCH_CLOSED, /* nobody may put any there */
    WATCH_NOBODY, /* all are asleep for good, or at work that takes its time */
    WATCH_NAPPER, /* one who naps looks when the nap ends */
    WATCH_LOOKER, /* one who is awake looks before it sleeps */
};

/* What work waits for, while nobody but a thread that naps would come to it. */
enum lane_deferral {
    DEFERRED_NONE,
    DEFERRED_TO_NAP,  /* the end of the nap */
    DEFERRED_TO_LOOP, /* that, or a loop that drains its queue: it is light */
};

/* For several threads to put work there without a fight over one cache line. A power of two. */
#define LANE_INBOXES 4

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
    uint32_t staying;       /* of the sleepers, those that wait without a timeout */
    uint64_t most_admitted; /* as configured */
    uint64_t admitted;
    uint64_t submitted; /* and completed: since the start */
    uint64_t completed;
    uint32_t chunks;          /* of light work, since the start */
    _Atomic uint64_t cost_ns; /* of a light call, lately; written under the lock */

    _Atomic uint32_t deferral; /* enum lane_deferral */

    /* Length of the list. Spinners read it without the lock: a cache line of its own keeps them
     * from taking away the others. */
    _Alignas(CACHE_LINE) _Atomic uint32_t waiting;

    /* enum lane_watch; written under the lock when it changes, and before a look at the
     * inboxes. */
    _Alignas(CACHE_LINE) _Atomic uint32_t watch;
    struct inbox inboxes[LANE_INBOXES];
};

/* What runs work, told before the first thread starts. run: the lock is not held when it is
 * called and is when it returns; true: somebody is still to be told of what was done, by a
 * later call of tell on the same thread, without the lock. */
void lane_set_runner(bool (*run)(struct work_list *chunk), void (*tell)(void));

/* ---- Without the lock ----------------------------------------------------------------------
 */

bool lane_has_work(void *lane);
bool lane_is_deferring(const struct lane_state *lane);
/* Is work left to loops, and nobody is awake who would do it? */
bool lane_leaves_work(const struct lane_state *lane);
/* Leaves it to them. False: nobody naps who would see to it if none came. */
bool lane_leave_to_loop(struct lane_state *lane);
/* Says that nothing is deferred, unless there is work after all. */
void lane_stop_deferring(struct lane_state *lane);

/* May light work be put into an inbox? It counts as admitted. */
bool lane_is_open(const struct lane_state *lane);
/* Puts it there. True: nobody is woken for it, as somebody naps; whoever is to hear of it had
 * better do it. */
bool lane_put(struct lane_state *lane, struct work *work);

/* ---- With the engine lock held -------------------------------------------------------------
 */

/* One more call, unless the bound is reached or no thread can be had. */
bool lane_admit(struct lane_state *lane);

/* Makes sure of a thread outside callbacks. */
bool lane_have_thread(struct lane_state *lane);

void lane_push(struct lane_state *lane, struct work *work);
/* Takes back work that no thread has begun. */
void lane_withdraw(struct lane_state *lane, struct work *work);
/* Takes one piece of work, or up to most if they are light, from a lane that has some; says how
 * many. */
uint32_t lane_take(struct lane_state *lane, struct work_list *chunk, uint32_t most);
/* Runs what was taken, so many, on this thread, which is not the lane's. Lets go of the lock.
 */
void lane_run_here(struct lane_state *lane, struct work_list *chunk, uint32_t count);

/* Somebody waits for what may be deferred: the nap is ended, if work waits for that. */
void lane_hurry(struct lane_state *lane);
/* A thread that is not the lane's goes on to something else: finds one for what waits. */
void lane_see_to_the_rest(struct lane_state *lane);
/* The same, if the first that waits is not light. */
void lane_see_to_the_first(struct lane_state *lane);

/* Calls of the lane have ended. */
void lane_dismiss(struct lane_state *lane, uint32_t count);
/* Moves what is in the inboxes to the list. */
void lane_sweep(struct lane_state *lane);
/* Is light work next that a thread which is not the lane's should do? Not if all the lane's
 * threads are at work that takes its time: they come to it, and free what they have made
 * themselves. For a loop the work must be cheap. */
bool lane_wants_help(struct lane_state *lane, bool from_loop);
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
