/* SPDX-License-Identifier: MIT */
/* A lane: what waits there, and who watches it. Its threads are crew.h's, and how work comes to
 * one of them intake.h's. */
#ifndef SSPI_ASYNC_LANE_H
#define SSPI_ASYNC_LANE_H

#include <stdatomic.h>
#include <stdint.h>

#include "inbox.h"
#include "lock.h"
#include "work.h"

struct worker;

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
    uint32_t heavy; /* of these, those that are not light */
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
    uint64_t away; /* of the admitted calls, those that pause: no thread is there for them */
    uint64_t submitted; /* and completed: since the start */
    uint64_t completed;
    uint32_t chunks;          /* of light work, since the start */
    uint64_t last_ns;         /* what a light call cost when it was last noted */
    _Atomic uint64_t cost_ns; /* what they cost lately; written under the lock */

    _Atomic uint32_t deferral; /* enum lane_deferral */

    /* Length of the list. Spinners read it without the lock: a cache line of its own keeps them
     * from taking away the others. */
    _Alignas(CACHE_LINE) _Atomic uint32_t waiting;

    /* enum lane_watch; written under the lock when it changes, and before a look at the
     * inboxes. */
    _Alignas(CACHE_LINE) _Atomic uint32_t watch;
    struct inbox inboxes[LANE_INBOXES];
};

/* ---- Without the lock ----------------------------------------------------------------------
 */

bool lane_has_work(void *lane);
/* The length of the list. */
uint32_t lane_waiting(const struct lane_state *lane);
/* May light work be put into an inbox? It counts as admitted. */
bool lane_is_open(const struct lane_state *lane);

/* Is anything deferred? */
bool lane_is_deferring(const struct lane_state *lane);
/* Is work left to loops, and nobody is awake who would do it? */
bool lane_leaves_work(const struct lane_state *lane);
/* Leaves it to them. False: nobody naps who would see to it if none came. */
bool lane_leave_to_loop(struct lane_state *lane);
void lane_set_deferral(struct lane_state *lane, enum lane_deferral deferral);
/* To the nap, unless it is deferred already. */
void lane_defer_to_nap(struct lane_state *lane);

/* Has a light call lately cost too much for a loop, which has other things to do? */
bool lane_is_dear(const struct lane_state *lane);
/* Do light calls cost so little that two threads are no sooner done with them than one? */
bool lane_is_cheap(const struct lane_state *lane);
/* Is there enough light work for one more thread to be worth its wake? */
bool lane_is_worth_a_wake(const struct lane_state *lane);

/* ---- With the engine lock held -------------------------------------------------------------
 */

/* Moves what is in the inboxes to the list. */
void lane_sweep(struct lane_state *lane);
/* Says who watches the inboxes. To be followed by a sweep where somebody stops looking. */
void lane_say_watch(struct lane_state *lane);
/* Of the threads, those that will look at the list before they sleep. */
uint32_t lane_looking(const struct lane_state *lane);
/* Are there more threads than must stay? The last one does while a call is admitted
 * and not away. */
bool lane_is_surplus(const struct lane_state *lane);

/* Work was added to the list, or taken away. */
void lane_count(struct lane_state *lane, int change);
/* Takes one piece of work, or up to most if they are light, from a lane that has some. */
void lane_take(struct lane_state *lane, struct work_list *chunk, uint32_t most);
/* Takes back work that no thread has begun. */
void lane_withdraw(struct lane_state *lane, struct work *work);
/* Is all that waits cheap, and a thread at such work? */
bool lane_is_attended(const struct lane_state *lane);
/* Says that nothing is deferred, unless there is work after all. */
void lane_stop_deferring(struct lane_state *lane);
/* What so many light calls have just cost, or contexts of a batch. What the first of them costs
 * with cold caches is left out, and of two figures in a row the lower one counts: a thread may
 * have been interrupted. */
void lane_note_cost(struct lane_state *lane, uint64_t ns, uint32_t count);

/* Is light work next that a thread which is not the lane's should do? Not if all the lane's
 * threads are at work that takes its time: they come to it, and free what they have made
 * themselves. For a loop the work must be cheap. */
bool lane_wants_help(struct lane_state *lane, bool from_loop);

/* In the child: no thread, no work. */
void lane_after_fork(struct lane_state *lane);

#endif
