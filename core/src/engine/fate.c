/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 *
 *  1. Every move raises the sequence, and nothing ever lowers it, in the slot's next lives
 *     neither. So a compare-and-swap that succeeds shows that nothing has moved since the value
 *     was read: the same context lives, and leads to the same call.
 *  2. Without the lock a context moves only from IDLE and COMPLETE (fate_begin, fate_reinit),
 *     and from BUSY by the thread that made it so. PENDING and FINISHING move under the lock
 *     alone; so does what was seized.
 *  3. A thread that has made a context BUSY without the lock takes no lock before it has moved
 * it on: holders of the lock spin for that.
 *  4. A final status is stored (release) after the outputs were written, and read (acquire)
 *     without the lock.
 *
 * In the child of a fork a BUSY context is that of a thread which is not there: fate_after_fork
 * of async_context.c treats it as pending.
 */
#include "fate.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "lock.h"

#define STATE_SHIFT 32
#define STATE_MASK  7u
#define MESSAGE     (1ull << 35)
#define STEP        (1ull << 36)
#define SEQUENCE    (~0ull << 36)

enum async_state fate_state(uint64_t value)
{
    return (enum async_state)(value >> STATE_SHIFT & STATE_MASK);
}

SECURITY_STATUS fate_status(uint64_t value)
{
    return (SECURITY_STATUS)(uint32_t)value;
}

static uint64_t next(uint64_t value, enum async_state state, SECURITY_STATUS status)
{
    return ((value & SEQUENCE) + STEP) | (uint64_t)state << STATE_SHIFT | (uint32_t)status;
}

bool fate_look(const void *pointer, struct handle_view *view)
{
    return handle_look(HANDLE_ASYNC, pointer, view);
}

static bool exchange(struct handle_view *view, enum async_state state, SECURITY_STATUS status)
{
    uint64_t value = view->value;

    view->value = next(value, state, status);
    return atomic_compare_exchange_strong_explicit(view->word, &value, view->value,
                                                   memory_order_acq_rel, memory_order_relaxed);
}

static void put(struct handle_view *view, enum async_state state, SECURITY_STATUS status)
{
    view->value = next(view->value, state, status);
    atomic_store_explicit(view->word, view->value, memory_order_release);
}

bool fate_begin(struct handle_view *view)
{
    return fate_state(view->value) == ASYNC_IDLE &&
           exchange(view, ASYNC_BUSY, SEC_E_NO_CONTEXT);
}

void fate_back(struct handle_view *view)
{
    put(view, ASYNC_IDLE, SEC_E_NO_CONTEXT);
}

void fate_submit(struct handle_view *view)
{
    put(view, ASYNC_PENDING, SEC_I_ASYNC_CALL_PENDING);
}

bool fate_reinit(struct handle_view *view)
{
    return fate_state(view->value) == ASYNC_COMPLETE && (view->value & MESSAGE) == 0 &&
           exchange(view, ASYNC_IDLE, SEC_E_NO_CONTEXT);
}

void fate_open(struct handle async)
{
    _Atomic uint64_t *word = handle_word(async);

    atomic_store_explicit(
        word,
        next(atomic_load_explicit(word, memory_order_relaxed), ASYNC_IDLE, SEC_E_NO_CONTEXT),
        memory_order_release);
}

uint64_t fate_of(struct handle async)
{
    return atomic_load_explicit(handle_word(async), memory_order_acquire);
}

bool fate_is_pending(struct handle async)
{
    enum async_state state = fate_state(fate_of(async));

    return state == ASYNC_PENDING || state == ASYNC_FINISHING;
}

uint64_t fate_seize(struct handle async)
{
    _Atomic uint64_t *word = handle_word(async);
    uint64_t was = atomic_load_explicit(word, memory_order_acquire);

    for (;;) {
        switch (fate_state(was)) {
        case ASYNC_PENDING:
        case ASYNC_FINISHING:
            return was;
        case ASYNC_BUSY:
            sched_yield();
            was = atomic_load_explicit(word, memory_order_acquire);
            break;
        case ASYNC_IDLE:
        case ASYNC_COMPLETE:
            if (atomic_compare_exchange_weak_explicit(
                    word, &was, next(was, ASYNC_BUSY, fate_status(was)), memory_order_acq_rel,
                    memory_order_acquire))
                return was;
            break;
        }
    }
}

void fate_release(struct handle async, uint64_t was)
{
    _Atomic uint64_t *word = handle_word(async);
    uint64_t value = atomic_load_explicit(word, memory_order_relaxed);

    if (fate_state(value) == ASYNC_BUSY)
        atomic_store_explicit(word,
                              next(value, fate_state(was), fate_status(was)) | (was & MESSAGE),
                              memory_order_release);
}

/* Threads that wait for an async context to move, by its slot. */
struct waiter {
    struct waiter *next;
    uint32_t slot;
    pthread_cond_t moved;
};

#define WAITER_LISTS 64u
static struct waiter *waiters[WAITER_LISTS];
static uint32_t waiting;

void fate_tell(struct handle async)
{
    if (waiting == 0)
        return;
    for (struct waiter *waiter = waiters[async.slot % WAITER_LISTS]; waiter != NULL;
         waiter = waiter->next) {
        if (waiter->slot == async.slot)
            pthread_cond_signal(&waiter->moved);
    }
}

void fate_move(struct handle async, enum async_state state, SECURITY_STATUS status,
               bool has_message)
{
    _Atomic uint64_t *word = handle_word(async);
    uint64_t value = next(atomic_load_explicit(word, memory_order_relaxed), state, status);

    atomic_store_explicit(word, has_message ? value | MESSAGE : value, memory_order_release);
    fate_tell(async);
}

static void begin_waiting(struct waiter *waiter, uint32_t slot)
{
    struct waiter **first = &waiters[slot % WAITER_LISTS];

    waiter->next = *first;
    waiter->slot = slot;
    engine_cond_init(&waiter->moved);
    *first = waiter;
    waiting++;
}

static void end_waiting(struct waiter *waiter)
{
    struct waiter **link = &waiters[waiter->slot % WAITER_LISTS];

    while (*link != waiter)
        link = &(*link)->next;
    *link = waiter->next;
    waiting--;
    pthread_cond_destroy(&waiter->moved);
}

static void stop_waiting(void *waiter)
{
    end_waiting(waiter);
    engine_unlock();
}

void fate_wait(struct handle async)
{
    struct waiter waiter;

    begin_waiting(&waiter, async.slot);
    engine_wait(&waiter.moved, NULL);
    end_waiting(&waiter);
}

bool fate_wait_until(struct handle async, const struct timespec *deadline, int cancel_state)
{
    struct waiter waiter;
    bool in_time;

    begin_waiting(&waiter, async.slot);
    in_time =
        engine_wait_cancellable(&waiter.moved, deadline, cancel_state, stop_waiting, &waiter);
    end_waiting(&waiter);
    return in_time;
}

void fate_after_fork(void)
{
    memset(waiters, 0, sizeof(waiters));
    waiting = 0;
}
