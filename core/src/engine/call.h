/* SPDX-License-Identifier: MIT */
/* One accepted submit, from the queue to its final status: the memory behind an async context.
 */
#ifndef SSPI_ASYNC_CALL_H
#define SSPI_ASYNC_CALL_H

#include "handle.h"
#include "job.h"
#include "sspi_queue.h"
#include "work.h"

struct queue;
struct deadline;

/* What a submit may bring along: the head of an object that its job writes to, and that is kept
 * with the async context until somebody takes it, the next submit brings its own, or the
 * context goes. */
struct attachment {
    void (*free)(struct attachment *attachment); /* may enter a package */
};

struct call {
    struct work work; /* first: the lists hold this */
    struct job job;

    /* The async context that it is, or was, of: its completion names it. Slot 0: none. */
    struct handle async;

    /* What the completion brings, set before the submit and left alone until it is taken. An
     * async context has a callback or an attachment: by what is told of it, it is one of sspi.h
     * or one of the hub. */
    union {
        SspiAsyncNotifyCallback callback;
        struct attachment *attachment; /* if work.has_attachment */
    };
    void *data;
    struct queue *queue;       /* a reference, or NULL */
    struct deadline *deadline; /* its async context's, or NULL; a parted call has none */
};

/* All with the engine lock held. */

/* An idle call of nobody, or NULL without memory; and the way back, for a call that is in no
 * list and holds nothing. */
struct call *call_new(void);
void call_free(struct call *call);

/* Is it what its async context's handle leads to? Else it is parted, and belongs to the list
 * or thread that has it. */
bool call_is_attached(const struct call *call);

/* Its callback, or NULL. */
SspiAsyncNotifyCallback call_callback(const struct call *call);

struct attachment *call_attachment(const struct call *call);

/* Gives it an attachment, or takes the one that it has (NULL); the former one, or NULL. To take
 * that of a call whose completion waits is fine: how it is told of does not change. */
struct attachment *call_attach(struct call *call, struct attachment *attachment);
/* Gives it a callback; the former attachment, or NULL. */
struct attachment *call_set_callback(struct call *call, SspiAsyncNotifyCallback callback);

/* What its completion tells. */
sspia_completion call_completion(const struct call *call);

#endif
