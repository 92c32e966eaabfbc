/* SPDX-License-Identifier: MIT */
/* A thread of the library: of a lane of the pool, or the reactor's. */
#ifndef SSPI_ASYNC_WORKER_H
#define SSPI_ASYNC_WORKER_H

#include <pthread.h>
#include <stdbool.h>

struct worker {
    struct worker *next;  /* in a list of sleepers, or of those that have left */
    struct worker *older; /* of all that were ever made */
    void *lane;           /* whose thread it is, or NULL */
    bool promised;        /* a wake */
    pthread_cond_t woken;
};

/* All with the engine lock held. */

/* Starts a thread that runs `run` with its worker, which is returned. NULL: there is no memory
 * or no thread to be had. */
struct worker *worker_start(void *(*run)(void *worker), void *lane, const char *name);

/* For a thread that ends. */
void worker_retire(struct worker *worker);

/* In the child there are none. */
void worker_after_fork(void);

#endif
