/* SPDX-License-Identifier: MIT */
/*
 * A worker's memory is never given back to the system: a wake is made after the lock is let go
 * of, when its thread may have woken up by itself and ended.
 */
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "lock.h"

static struct worker *workers; /* all that were ever made */
static struct worker *former;  /* of threads that have left */

void worker_retire(struct worker *worker)
{
    worker->next = former;
    former = worker;
}

static struct worker *hire(void *lane)
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

/* Signals of the host program are not for it. */
struct worker *worker_start(void *(*run)(void *worker), void *lane, const char *name)
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
    failed = pthread_create(&thread, &attributes, run, worker);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    if (failed == 0)
        pthread_setname_np(thread, name);

done:
    if (failed != 0 && worker != NULL)
        worker_retire(worker);
    return failed == 0 ? worker : NULL;
}

/* Whoever was about to wake one of them is not here to end that. */
void worker_after_fork(void)
{
    former = NULL;
    for (struct worker *worker = workers; worker != NULL; worker = worker->older) {
        engine_cond_init(&worker->woken);
        worker_retire(worker);
    }
}
