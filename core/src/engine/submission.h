/* SPDX-License-Identifier: MIT */
/* How a job becomes the call of an async context. */
#ifndef SSPI_ASYNC_SUBMISSION_H
#define SSPI_ASYNC_SUBMISSION_H

#include "call.h"

/* Where the completion and the outputs of one submit go. */
struct async_destination {
    struct queue *queue; /* a reference, or NULL */
    void *data;
    struct attachment *attachment;
};

/* Queues a job as the context's call. Takes the job over, also on failure. */
SECURITY_STATUS async_submit(SspiAsyncContext *handle, struct job *job);

/* The same for a context whose submits each bring their destination. It changes places with
 * the former one, in one with the move to PENDING; what is in *destination afterwards (on
 * failure, what was) is the caller's to let go. */
SECURITY_STATUS async_submit_to(SspiAsyncContext *handle, struct job *job,
                                struct async_destination *destination);

/* The same for the end of what a handle leads to. A target of slot 0 was never valid: the call
 * says so by its status. destination may be NULL. With one but no context (NULL) the call has
 * none: its completion on the queue is all that is heard of it. */
SECURITY_STATUS async_submit_end(SspiAsyncContext *handle, const struct operation *operation,
                                 struct handle target, struct async_destination *destination);

/* Queues one call that ends many objects of a kind: an operation that is a batch. handle_at
 * gives the handle at an index; false: what stands there cannot be one. destination may be
 * NULL.
 */
SECURITY_STATUS async_submit_batch(
    SspiAsyncContext *handle, const struct operation *operation, enum handle_kind kind,
    bool (*handle_at)(const void *handles, uint32_t index, struct handle *handle),
    const void *handles, uint32_t count, struct async_destination *destination);

#endif
