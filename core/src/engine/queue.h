/* SPDX-License-Identifier: MIT */
/* Completions that wait for whoever drains them. */
#ifndef SSPI_ASYNC_QUEUE_H
#define SSPI_ASYNC_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>

#include "call.h"
#include "handle.h"
#include "lock.h"

struct queue {
    struct handle handle;

    atomic_bool closed; /* changed under the engine lock */

    /* Engine lock. */
    struct work_list done;
    uint32_t sleepers; /* threads that wait for `arrived` */
    int fd;            /* -1 until somebody asks */
    pthread_cond_t arrived;

    /* `done` is not empty. Changed under the engine lock and watched without: away from the
     * rest, for the sake of the processors' caches. */
    unsigned char gap[CACHE_LINE];
    atomic_bool ready;
};

/* A reference, or NULL if the handle is dead. */
struct queue *queue_acquire(const sspia_queue *handle);

/* With the engine lock held. The call that names this queue waits in it for its completion to
 * be taken. False: the queue is closed, and nobody will be told. */
bool queue_post(struct queue *queue, struct call *call);

/* What sspia_hub_queue_take does, without the message of a failure. */
int32_t queue_take(const sspia_queue *handle, int32_t timeout_ms, sspia_completion *completions,
                   uint32_t most);

void queue_start(void);

#endif
