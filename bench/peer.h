/* SPDX-License-Identifier: MIT */
/*
 * A pool of threads, ours or a peer's, behind one table. Each has as many workers as there are
 * processors: that is how many threads for calls that cannot block our pool has by default;
 * libuv's four are set to the same by UV_THREADPOOL_SIZE.
 *
 * An item of the peers is an empty function. Ours is the delete of a live Scripted context, by
 * an async context of its own; both are made in `prepare`, as the peers' items are.
 *
 * A caller is a thread that submits, 0 or 1, with items and a loop of its own. Told: the
 * completion comes to the caller's loop. Not told: the caller may look at the item later; only
 * libuv has no such submit, and tells all the same.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>

#define PEER_CALLERS 2

/* After so long without work every pool is idle: no worker spins or runs. One of ours may still
 * look for work from time to time, as its contract allows (row "idle" says when it has ceased).
 */
#define PEER_PARKED_MS 120

struct peer {
    const char *name;

    /* Room for so many items of each caller. */
    void (*start)(long most);
    void (*stop)(void);

    /* Readies items 0 to count - 1 of a caller. */
    void (*prepare)(int caller, long count, bool told);
    /* What is measured; from the caller's thread. Told or not is what `prepare` was given. */
    void (*submit)(int caller, long item);
    /* Lets the caller's loop deliver what is done, if there is a loop. */
    void (*turn)(int caller);
    /* Returns when all of the items are done, and told; checks them. */
    void (*finish)(int caller, long count, bool told);

    /* Returns when every worker is held inside an item; lets them go. */
    void (*hold)(void);
    void (*release)(void);
};

extern const struct peer peer_ours;
extern const struct peer peer_uv;    /* uv_queue_work, a loop for each caller */
extern const struct peer peer_plain; /* a mutex, a condition, a list */
extern const struct peer peer_glib;  /* GThreadPool, told by a source of a GMainContext */

/* The peers, ours left out. */
#define PEERS 3
extern const struct peer *const peers[PEERS];

/* Processors that this process may use, as they were at the first call. */
int peer_workers(void);

#endif
