/* SPDX-License-Identifier: MIT */
/*
 * sspia_queue_dispatch takes a lot at a time. What of it is still to be told of is the first
 * thing that a callback of it finds which drains the queue itself: lots belong to their thread.
 *
 * A thread that takes can be cancelled only while it sleeps in `next`, when it has taken
 * nothing and holds one reference.
 */
#include "drain.h"

#include "lock.h"
#include "message.h"
#include "pool.h"

#define LOT 32

struct lot {
    const struct queue *queue;
    sspia_completion items[LOT];
    int32_t next, count;
    bool in_callback;
    struct lot *outer; /* of the dispatch that this one runs inside */
};

static _Thread_local struct lot *innermost;

/* Of a thread that is cancelled. It is inside no callback, so its only lot is the empty one of
 * the dispatch that sleeps. */
static void be_cancelled(void *queue)
{
    innermost = NULL;
    queue_sleep_no_more(queue);
    engine_unlock();
    queue_release(queue);
}

/* Waits for completions and takes them: how many, 0 if none came in time, or a status. The
 * caller has disabled cancellation; the state before is that of its wait. */
static int32_t next(struct queue *queue, int32_t timeout_ms, int cancel_state,
                    sspia_completion *completions, uint32_t most, struct work_list *parted)
{
    struct timespec deadline;
    bool in_time = timeout_ms != 0;
    bool look_again = in_time || queue_is_expecting(queue);
    uint32_t count = queue_collect(queue, completions, most, parted);
    bool closed = queue_is_closed(queue);

    if (timeout_ms > 0)
        deadline = engine_deadline((uint32_t)timeout_ms);
    if (count == 0 && in_time && !closed) {
        pool_help(queue_is_ready, queue);
        engine_spin(queue_is_ready, queue);
    }
    if (count == 0 && look_again) {
        engine_lock();
        while ((count = queue_collect(queue, completions, most, parted)) == 0 && in_time &&
               !queue_is_closed(queue))
            in_time = queue_sleep(queue, timeout_ms > 0 ? &deadline : NULL, cancel_state,
                                  be_cancelled);
        closed = queue_is_closed(queue);
        engine_unlock();
    }
    return count == 0 && closed ? SEC_E_INVALID_HANDLE : (int32_t)count;
}

/* A lot of the queue with something left, or NULL. */
static struct lot *started_lot(const struct queue *queue)
{
    struct lot *lot = innermost;

    while (lot != NULL && (lot->queue != queue || lot->next == lot->count))
        lot = lot->outer;
    return lot;
}

static void begin(struct lot *own, const struct queue *queue)
{
    own->queue = queue;
    own->next = own->count = 0;
    own->in_callback = false;
    own->outer = innermost;
    innermost = own;
}

/* Also the end of the caller's reference. */
static void end(struct lot *own, struct queue *queue, struct work_list *parted)
{
    innermost = own->outer;
    queue_leave_off(queue);
    queue_let_go(queue, parted);
    queue_release(queue);
}

int32_t drain_take(const sspia_queue *pointer, int32_t timeout_ms,
                   sspia_completion *completions, uint32_t most)
{
    int cancel_state = engine_disable_cancellation(timeout_ms != 0);
    struct queue *queue = queue_acquire(pointer);
    struct work_list parted = {NULL, NULL};
    int32_t count = SEC_E_INVALID_HANDLE;
    struct lot *lot, own;

    if (queue == NULL)
        goto done;
    lot = started_lot(queue);
    begin(&own, queue);
    if (lot != NULL) {
        completions[0] = lot->items[lot->next++];
        count = 1;
    } else {
        pool_help_now();
        count = next(queue, timeout_ms, cancel_state, completions, most, &parted);
    }
    end(&own, queue, &parted);

done:
    pthread_setcancelstate(cancel_state, NULL);
    return count;
}

SECURITY_STATUS sspia_queue_next(sspia_queue *pointer, int32_t timeout_ms,
                                 sspia_completion *completion)
{
    int32_t count;

    if (completion == NULL)
        return message_fail("sspia_queue_next", SEC_E_INVALID_PARAMETER, "completion is NULL");
    count = drain_take(pointer, timeout_ms, completion, 1);
    if (count < 0)
        return message_fail("sspia_queue_next", count, NULL);
    return count == 1 ? SEC_E_OK : SEC_I_ASYNC_CALL_PENDING;
}

int32_t sspia_queue_dispatch(sspia_queue *pointer, uint32_t most, int32_t timeout_ms)
{
    struct lot own, *lot;
    int cancel_state = engine_disable_cancellation(timeout_ms != 0);
    struct queue *queue = queue_acquire(pointer);
    struct work_list parted = {NULL, NULL};
    int32_t count = 0;

    if (queue == NULL) {
        pthread_setcancelstate(cancel_state, NULL);
        return message_fail("sspia_queue_dispatch", SEC_E_INVALID_HANDLE, NULL);
    }
    if (most > INT32_MAX)
        most = INT32_MAX;
    begin(&own, queue);
    while ((uint32_t)count < most) {
        uint32_t room = most - (uint32_t)count;
        sspia_completion completion;

        lot = started_lot(queue);
        if (lot == NULL) {
            int32_t taken;

            /* What the callbacks submitted is done right here. */
            pool_help_now();
            taken = next(queue, count == 0 ? timeout_ms : 0, cancel_state, own.items,
                         room < LOT ? room : LOT, &parted);

            if (taken < 0 && count == 0)
                count = message_fail("sspia_queue_dispatch", taken, NULL);
            if (taken <= 0)
                break;
            own.next = 0;
            own.count = taken;
            lot = &own;
            queue_leave_off(queue); /* a callback may block */
        }
        /* A callback may have freed the queue: then the others do not run. */
        if (queue_is_closed(queue))
            break;
        completion = lot->items[lot->next++];
        count++;
        if (completion.callback == NULL)
            continue;
        own.in_callback = true;
        completion.callback(completion.async, completion.data);
        own.in_callback = false;
    }
    end(&own, queue, &parted);
    pthread_setcancelstate(cancel_state, NULL);
    return count;
}

bool drain_is_under_way(struct handle queue)
{
    const struct lot *lot = innermost;

    while (lot != NULL && queue_handle(lot->queue).slot != queue.slot)
        lot = lot->outer;
    return lot != NULL;
}

bool drain_is_taking(struct handle queue)
{
    return innermost != NULL && !innermost->in_callback &&
           queue_handle(innermost->queue).slot == queue.slot;
}

void drain_after_fork(void)
{
    for (struct lot *lot = innermost; lot != NULL; lot = lot->outer)
        lot->next = lot->count;
}
