/* SPDX-License-Identifier: MIT */
/* Completions that wait for whoever drains them. */
#ifndef SSPI_ASYNC_QUEUE_H
#define SSPI_ASYNC_QUEUE_H

#include <pthread.h>

#include "call.h"
#include "handle.h"

struct queue {
    struct handle handle;

    /* Engine lock. */
    struct work_list done;
    bool closed;
    int fd; /* -1 until somebody asks */
    pthread_cond_t arrived;
};

/* A reference, or NULL if the handle is dead. */
struct queue *queue_acquire(const sspia_queue *handle);

/* With the engine lock held. Takes over the call and its reference to the queue. If the queue
 * is closed nobody will be told: the call is retired and *release receives the reference. */
void queue_post(struct queue *queue, struct call *call, struct queue **release);

bool queue_destroy(void *object);
void queue_after_fork(void *object);

#endif
