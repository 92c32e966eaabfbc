/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. The descriptor, where there is one, is raised exactly while `done` is not empty.
 *  2. A call in `done` names the queue and holds a reference to it. Taking it out leaves the
 *     reference with the call, for its next submit; a parted call ends there, and its reference
 *     passes to the taker.
 *  3. Nothing joins `done` once `closed` is set, and closing empties it.
 *  4. A thread that takes can be cancelled only while it sleeps in `next`, when it has taken
 *     nothing and holds one reference.
 *
 * sspia_queue_dispatch takes a lot at a time. What of it is still to be told of is the first
 * thing that a callback of it finds which drains the queue itself: lots belong to their thread.
 */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>

#include "lock.h"
#include "message.h"
#include "pool.h"
#include "wake.h"

#define LOT 32

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

static bool queue_destroy(void *object)
{
    struct queue *queue = object;

    wake_close(queue->fd);
    pthread_cond_destroy(&queue->arrived);
    free(queue);
    return true;
}

static void set_ready(struct queue *queue, bool ready)
{
    atomic_store_explicit(&queue->ready, ready, memory_order_relaxed);
    if (ready)
        wake_raise(queue->fd);
    else
        wake_lower(queue->fd);
}

bool queue_post(struct queue *queue, struct call *call)
{
    if (atomic_load_explicit(&queue->closed, memory_order_relaxed))
        return false;
    if (queue->done.first == NULL)
        set_ready(queue, true);
    work_append(&queue->done, &call->work, WORK_IN_QUEUE);
    if (queue->sleepers > 0)
        pthread_cond_signal(&queue->arrived);
    return true;
}

/* Takes up to most completions, the oldest first. Counts in *parted the references to the queue
 * that pass to the caller. */
static uint32_t take(struct queue *queue, sspia_completion *completions, uint32_t most,
                     uint32_t *parted)
{
    uint32_t count = 0;
    struct call *call;

    while (count < most && (call = (struct call *)work_take(&queue->done)) != NULL) {
        completions[count++] = call_completion(call);
        if (!call_is_attached(call)) {
            call_free(call);
            ++*parted;
        }
    }
    if (count > 0 && queue->done.first == NULL)
        set_ready(queue, false);
    return count;
}

/* Drops the references of parted calls, and one more. */
static void release(struct queue *queue, uint32_t parted)
{
    const struct handle handle = queue->handle;

    for (uint32_t i = 0; i <= parted; i++)
        handle_release(handle);
}

void sspia_queue_free(sspia_queue *pointer)
{
    struct handle handle;
    struct queue *queue = NULL;
    sspia_completion lost[16];
    uint32_t parted = 0;

    if (handle_from_pointer(HANDLE_QUEUE, pointer, &handle))
        queue = handle_close(HANDLE_QUEUE, handle);
    if (queue == NULL)
        return;
    engine_lock();
    atomic_store_explicit(&queue->closed, true, memory_order_relaxed);
    while (take(queue, lost, 16, &parted) > 0)
        continue;
    pthread_cond_broadcast(&queue->arrived);
    engine_unlock();
    release(queue, parted);
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

static bool is_ready(void *queue)
{
    return atomic_load_explicit(&((struct queue *)queue)->ready, memory_order_relaxed);
}

struct lot {
    const struct queue *queue;
    sspia_completion items[LOT];
    int32_t next, count;
    struct lot *outer; /* of the dispatch that this one runs inside */
};

static _Thread_local struct lot *innermost;

/* Of a thread that is cancelled. It is inside no callback, so its only lot is the empty one of
 * the dispatch that sleeps. A signal that it has used up is passed on. */
static void stop_sleeping(void *object)
{
    struct queue *queue = object;

    innermost = NULL;
    queue->sleepers--;
    if (queue->done.first != NULL && queue->sleepers > 0)
        pthread_cond_signal(&queue->arrived);
    engine_unlock();
    handle_release(queue->handle);
}

/* Waits for completions and takes them: how many, 0 if none came in time, or a status. The
 * caller has disabled cancellation; the state before is that of its wait. */
static int32_t next(struct queue *queue, int32_t timeout_ms, int cancel_state,
                    sspia_completion *completions, uint32_t most, uint32_t *parted)
{
    struct timespec deadline;
    bool in_time = timeout_ms != 0;
    uint32_t count;

    if (timeout_ms > 0)
        deadline = engine_deadline((uint32_t)timeout_ms);
    if (in_time)
        pool_help(is_ready, queue);
    engine_lock();
    while ((count = take(queue, completions, most, parted)) == 0 && in_time &&
           !atomic_load_explicit(&queue->closed, memory_order_relaxed)) {
        queue->sleepers++;
        in_time = engine_wait_cancellable(&queue->arrived, timeout_ms > 0 ? &deadline : NULL,
                                          cancel_state, stop_sleeping, queue);
        queue->sleepers--;
    }
    if (count == 0 && atomic_load_explicit(&queue->closed, memory_order_relaxed)) {
        engine_unlock();
        return SEC_E_INVALID_HANDLE;
    }
    engine_unlock();
    return (int32_t)count;
}

/* A lot of the queue with something left, or NULL. */
static struct lot *started_lot(const struct queue *queue)
{
    struct lot *lot = innermost;

    while (lot != NULL && (lot->queue != queue || lot->next == lot->count))
        lot = lot->outer;
    return lot;
}

int32_t queue_take(const sspia_queue *pointer, int32_t timeout_ms,
                   sspia_completion *completions, uint32_t most)
{
    int cancel_state = engine_disable_cancellation(timeout_ms != 0);
    struct queue *queue = queue_acquire(pointer);
    uint32_t parted = 0;
    struct lot *lot;
    int32_t count;

    if (queue == NULL) {
        count = SEC_E_INVALID_HANDLE;
    } else if ((lot = started_lot(queue)) != NULL) {
        completions[0] = lot->items[lot->next++];
        count = 1;
    } else {
        count = next(queue, timeout_ms, cancel_state, completions, most, &parted);
    }
    if (queue != NULL)
        release(queue, parted);
    pthread_setcancelstate(cancel_state, NULL);
    return count;
}

SECURITY_STATUS sspia_queue_next(sspia_queue *pointer, int32_t timeout_ms,
                                 sspia_completion *completion)
{
    int32_t count;

    if (completion == NULL)
        return message_fail("sspia_queue_next", SEC_E_INVALID_PARAMETER, "completion is NULL");
    count = queue_take(pointer, timeout_ms, completion, 1);
    if (count < 0)
        return message_fail("sspia_queue_next", count, NULL);
    return count == 1 ? SEC_E_OK : SEC_I_ASYNC_CALL_PENDING;
}

int32_t sspia_queue_dispatch(sspia_queue *pointer, uint32_t most, int32_t timeout_ms)
{
    struct lot own, *lot;
    int cancel_state = engine_disable_cancellation(timeout_ms != 0);
    struct queue *queue = queue_acquire(pointer);
    uint32_t parted = 0;
    int32_t count = 0;

    if (queue == NULL) {
        pthread_setcancelstate(cancel_state, NULL);
        return message_fail("sspia_queue_dispatch", SEC_E_INVALID_HANDLE, NULL);
    }
    if (most > INT32_MAX)
        most = INT32_MAX;
    own.queue = queue;
    own.next = own.count = 0;
    own.outer = innermost;
    innermost = &own;
    while ((uint32_t)count < most) {
        uint32_t room = most - (uint32_t)count;
        sspia_completion completion;

        lot = started_lot(queue);
        if (lot == NULL) {
            int32_t taken = next(queue, count == 0 ? timeout_ms : 0, cancel_state, own.items,
                                 room < LOT ? room : LOT, &parted);

            if (taken < 0 && count == 0)
                count = message_fail("sspia_queue_dispatch", taken, NULL);
            if (taken <= 0)
                break;
            own.next = 0;
            own.count = taken;
            lot = &own;
        }
        /* A callback may have freed the queue: then the others do not run. */
        if (atomic_load_explicit(&queue->closed, memory_order_relaxed))
            break;
        completion = lot->items[lot->next++];
        count++;
        if (completion.callback != NULL)
            completion.callback(completion.async, completion.data);
    }
    innermost = own.outer;
    release(queue, parted);
    pthread_setcancelstate(cancel_state, NULL);
    return count;
}

/* Completions of the parent's calls are the parent's to hear. */
static void queue_after_fork(void *object)
{
    struct queue *queue = object;
    struct work *work;

    wake_after_fork(queue->fd);
    engine_cond_init(&queue->arrived);
    queue->sleepers = 0;
    atomic_store_explicit(&queue->ready, false, memory_order_relaxed);
    for (struct lot *lot = innermost; lot != NULL; lot = lot->outer) {
        if (lot->queue == queue)
            lot->next = lot->count;
    }
    while ((work = work_take(&queue->done)) != NULL) {
        if (!call_is_attached((struct call *)work))
            call_free((struct call *)work);
    }
}

void queue_start(void)
{
    handle_define(HANDLE_QUEUE, queue_destroy, queue_after_fork);
}
