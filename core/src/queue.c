/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. The descriptor, where there is one, is raised exactly while `done` is not empty.
 *  2. A call in `done` holds a reference to the queue; taking it out passes the reference to
 *     the taker.
 *  3. Nothing joins `done` once `closed` is set, and closing empties it.
 */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>

#include "engine.h"
#include "message.h"
#include "wake.h"

struct queue *queue_acquire(const sspia_queue *pointer)
{
    struct handle handle;

    if (!handle_from_pointer(HANDLE_QUEUE, pointer, &handle))
        return NULL;
    return handle_acquire(HANDLE_QUEUE, handle);
}

sspia_queue *sspia_queue_create(void)
{
    struct queue *queue = calloc(1, sizeof(*queue));

    if (queue == NULL)
        return NULL;
    queue->fd = -1;
    engine_cond_init(&queue->arrived);
    if (!handle_open(HANDLE_QUEUE, queue, &queue->handle)) {
        pthread_cond_destroy(&queue->arrived);
        free(queue);
        return NULL;
    }
    return handle_to_pointer(HANDLE_QUEUE, queue->handle);
}

bool queue_destroy(void *object)
{
    struct queue *queue = object;

    wake_close(queue->fd);
    pthread_cond_destroy(&queue->arrived);
    free(queue);
    return true;
}

void queue_post(struct queue *queue, struct call *call, struct queue **release)
{
    *release = NULL;
    if (queue->closed) {
        *release = queue;
        call_retire(call);
        return;
    }
    if (queue->done.first == NULL)
        wake_raise(queue->fd);
    work_append(&queue->done, &call->work, WORK_IN_QUEUE);
    pthread_cond_signal(&queue->arrived);
}

/* Takes the oldest completion. Its reference to the queue is the caller's to release. */
static bool take(struct queue *queue, sspia_completion *completion)
{
    struct call *call = (struct call *)work_take(&queue->done);

    if (call == NULL)
        return false;
    if (queue->done.first == NULL)
        wake_lower(queue->fd);
    *completion = call->completion;
    call_retire(call);
    return true;
}

void sspia_queue_free(sspia_queue *pointer)
{
    struct handle handle;
    struct queue *queue = NULL;
    sspia_completion lost;
    uint32_t count = 0;

    if (handle_from_pointer(HANDLE_QUEUE, pointer, &handle))
        queue = handle_close(HANDLE_QUEUE, handle);
    if (queue == NULL)
        return;
    engine_lock();
    queue->closed = true;
    while (take(queue, &lost))
        count++;
    pthread_cond_broadcast(&queue->arrived);
    engine_unlock();
    for (; count > 0; count--)
        handle_release(handle);
    handle_release(handle);
}

int sspia_queue_fd(sspia_queue *pointer)
{
    struct queue *queue = queue_acquire(pointer);
    int fd;

    if (queue == NULL) {
        errno = EBADF;
        return -1;
    }
    engine_lock();
    if (queue->fd < 0)
        queue->fd = wake_open(queue->done.first != NULL);
    fd = queue->fd;
    engine_unlock();
    handle_release(queue->handle);
    return fd;
}

/* Waits for a completion and takes it. The engine lock is held. */
static SECURITY_STATUS next(struct queue *queue, int32_t timeout_ms,
                            sspia_completion *completion)
{
    struct timespec deadline;
    bool in_time = timeout_ms != 0;

    if (timeout_ms > 0)
        deadline = engine_deadline((uint32_t)timeout_ms);
    for (;;) {
        if (queue->closed)
            return SEC_E_INVALID_HANDLE;
        if (take(queue, completion))
            return SEC_E_OK;
        if (!in_time)
            return SEC_I_ASYNC_CALL_PENDING;
        in_time = engine_wait(&queue->arrived, timeout_ms > 0 ? &deadline : NULL);
    }
}

SECURITY_STATUS sspia_queue_next(sspia_queue *pointer, int32_t timeout_ms,
                                 sspia_completion *completion)
{
    struct queue *queue = queue_acquire(pointer);
    SECURITY_STATUS status;

    if (queue == NULL)
        return message_fail("sspia_queue_next", SEC_E_INVALID_HANDLE, NULL);
    if (completion == NULL) {
        handle_release(queue->handle);
        return message_fail("sspia_queue_next", SEC_E_INVALID_PARAMETER, "completion is NULL");
    }
    engine_lock();
    status = next(queue, timeout_ms, completion);
    engine_unlock();
    if (status == SEC_E_OK)
        handle_release(queue->handle);
    handle_release(queue->handle);
    return status;
}

int32_t sspia_queue_dispatch(sspia_queue *pointer, uint32_t most, int32_t timeout_ms)
{
    struct queue *queue = queue_acquire(pointer);
    int32_t count = 0;

    if (queue == NULL)
        return message_fail("sspia_queue_dispatch", SEC_E_INVALID_HANDLE, NULL);
    while ((uint32_t)count < most && count < INT32_MAX) {
        sspia_completion completion;
        SECURITY_STATUS status;

        engine_lock();
        status = next(queue, count == 0 ? timeout_ms : 0, &completion);
        engine_unlock();
        if (status != SEC_E_OK) {
            if (status < 0 && count == 0)
                count = status;
            break;
        }
        handle_release(queue->handle);
        count++;
        if (completion.callback != NULL)
            completion.callback(completion.async, completion.data);
    }
    handle_release(queue->handle);
    return count;
}

/* Completions of the parent's calls are the parent's to hear. */
void queue_after_fork(void *object)
{
    struct queue *queue = object;
    struct work *work;

    wake_after_fork(queue->fd);
    engine_cond_init(&queue->arrived);
    while ((work = work_take(&queue->done)) != NULL)
        call_retire((struct call *)work);
}
