/* SPDX-License-Identifier: MIT */
/*
 * The status word in the handle of an async context is what SspiGetAsyncCallStatus says. It is
 * stored (release) after the outputs were written, and read (acquire) without the lock.
 */
#include "fate.h"

#include <pthread.h>
#include <string.h>

#include "lock.h"

/* Threads that wait for an async context to move, by its slot. */
struct waiter {
    struct waiter *next;
    uint32_t slot;
    pthread_cond_t moved;
};

#define WAITER_LISTS 64u
static struct waiter *waiters[WAITER_LISTS];

void fate_tell(uint32_t slot)
{
    for (struct waiter *waiter = waiters[slot % WAITER_LISTS]; waiter != NULL;
         waiter = waiter->next) {
        if (waiter->slot == slot)
            pthread_cond_signal(&waiter->moved);
    }
}

void fate_move(struct call *call, enum async_state state, SECURITY_STATUS status)
{
    call->work.state = (uint8_t)state;
    if (!call_is_attached(call))
        return;
    handle_set_status(call->async, status);
    fate_tell(call->async.slot);
}

void fate_complete(struct call *call)
{
    fate_move(call, ASYNC_COMPLETE, call->job.status);
}

static void begin_waiting(struct waiter *waiter, uint32_t slot)
{
    struct waiter **first = &waiters[slot % WAITER_LISTS];

    waiter->next = *first;
    waiter->slot = slot;
    engine_cond_init(&waiter->moved);
    *first = waiter;
}

static void end_waiting(struct waiter *waiter)
{
    struct waiter **link = &waiters[waiter->slot % WAITER_LISTS];

    while (*link != waiter)
        link = &(*link)->next;
    *link = waiter->next;
    pthread_cond_destroy(&waiter->moved);
}

static void stop_waiting(void *waiter)
{
    end_waiting(waiter);
    engine_unlock();
}

void fate_wait(uint32_t slot)
{
    struct waiter waiter;

    begin_waiting(&waiter, slot);
    engine_wait(&waiter.moved, NULL);
    end_waiting(&waiter);
}

bool fate_wait_until(uint32_t slot, const struct timespec *deadline, int cancel_state)
{
    struct waiter waiter;
    bool in_time;

    begin_waiting(&waiter, slot);
    in_time =
        engine_wait_cancellable(&waiter.moved, deadline, cancel_state, stop_waiting, &waiter);
    end_waiting(&waiter);
    return in_time;
}

void fate_after_fork(void)
{
    memset(waiters, 0, sizeof(waiters));
}
