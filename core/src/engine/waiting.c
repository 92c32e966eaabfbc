/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 *
 *  1. From the first call into the package until it returns another status than
 *     SSPIA_WAITING, a handle stands for the wait. wait.call is that handle, so what resumes
 *     a call that is over finds nothing.
 *  2. The handle's own word says what a resume does. RUNNING: it is noted, and the wait that
 *     follows is over at once. OUTSIDE: the wait is over. The word becomes OUTSIDE, and is
 *     no longer OUTSIDE, under the engine lock alone; so who finds it OUTSIDE under the lock
 *     may use the object.
 *  3. A wait that is outside is in the list `outside`. It leaves that inside the gate, so a
 *     fork finds it either in the list or in its package.
 *
 * A call that does not wait pays for opening and closing the handle, and for no lock of the
 * engine.
 */
#include "waiting.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "lock.h"
#include "timer.h"
#include "wake.h"

enum word { RUNNING, RESUMED, OUTSIDE };

/* Without a descriptor or memory to be woken by: a look so often. */
static const int64_t look_ns = 10000000;

static struct waiting *outside; /* all of them; engine lock */

static bool destroy(void *object)
{
    (void)object; /* a part of its job's arguments */
    return true;
}

void waiting_start(void)
{
    handle_define(HANDLE_WAIT, destroy, NULL);
}

static void set_word(const struct waiting *waiting, enum word word)
{
    atomic_store_explicit(handle_word(waiting->handle), word, memory_order_relaxed);
}

static void go_outside(struct waiting *waiting)
{
    waiting->outside = true;
    waiting->on_thread = (waiting->wait.flags & SSPIA_WAIT_THREAD) != 0;
    waiting->is_due = atomic_exchange_explicit(handle_word(waiting->handle), OUTSIDE,
                                               memory_order_relaxed) == RESUMED;
    waiting->previous = NULL;
    waiting->next = outside;
    if (outside != NULL)
        outside->previous = waiting;
    outside = waiting;
}

static void come_inside(struct waiting *waiting)
{
    if (waiting->next != NULL)
        waiting->next->previous = waiting->previous;
    if (waiting->previous != NULL)
        waiting->previous->next = waiting->next;
    else
        outside = waiting->next;
    waiting->outside = false;
    set_word(waiting, RUNNING);
}

static bool open_handle(struct waiting *waiting)
{
    if (!handle_open(HANDLE_WAIT, waiting, &waiting->handle))
        return false;
    set_word(waiting, RUNNING);
    waiting->wake = -1;
    waiting->wait.size = sizeof(waiting->wait);
    waiting->wait.call = handle_to_pointer(HANDLE_WAIT, waiting->handle);
    return true;
}

static void close_handle(struct waiting *waiting)
{
    const struct handle handle = waiting->handle;

    waiting->handle.slot = 0;
    handle_close(HANDLE_WAIT, handle);
    handle_release(handle);
}

/* The process is exiting. */
static void give_up(struct waiting *waiting)
{
    engine_lock();
    come_inside(waiting);
    engine_unlock();
    close_handle(waiting);
}

SECURITY_STATUS waiting_enter(struct waiting *waiting)
{
    if (!gate_enter()) {
        if (waiting_is_open(waiting))
            give_up(waiting);
        return SEC_E_SHUTDOWN_IN_PROGRESS;
    }
    if (waiting_is_open(waiting)) {
        engine_lock();
        come_inside(waiting);
        engine_unlock();
    } else if (!open_handle(waiting)) {
        gate_leave();
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    waiting->wait.flags = waiting->on_thread ? SSPIA_WAIT_THREAD : 0;
    waiting->wait.until = INT64_MAX;
    return SEC_E_OK;
}

void waiting_leave(struct waiting *waiting, SECURITY_STATUS status)
{
    if (status == SSPIA_WAITING) {
        engine_lock();
        go_outside(waiting);
        engine_unlock();
    } else {
        close_handle(waiting);
    }
    gate_leave();
}

/* Engine lock held; it is outside. */
static void end_wait(struct waiting *waiting)
{
    if (waiting->is_due)
        return;
    waiting->is_due = true;
    wake_raise(waiting->wake);
}

/* The reference keeps the slot, and so the word, from becoming another's. */
void waiting_resume(void *call)
{
    struct handle handle;
    struct waiting *waiting;
    uint64_t word = RUNNING;

    if (!handle_from_pointer(HANDLE_WAIT, call, &handle))
        return;
    waiting = handle_acquire(HANDLE_WAIT, handle);
    if (waiting == NULL)
        return;
    engine_lock();
    atomic_compare_exchange_strong_explicit(handle_word(handle), &word, RESUMED,
                                            memory_order_relaxed, memory_order_relaxed);
    if (word == OUTSIDE)
        end_wait(waiting);
    engine_unlock();
    handle_release(handle);
}

/* ---- On the thread of whoever wants it -----------------------------------------------------
 */

/* The time that is left, at most the limit if there is one; NULL: none. */
static const struct timespec *time_left(const struct waiting *waiting, bool has_limit,
                                        struct timespec *left)
{
    int64_t ns = has_limit ? look_ns : INT64_MAX;

    if (waiting->wait.until != INT64_MAX && waiting->wait.until - timer_now() < ns)
        ns = waiting->wait.until - timer_now();
    if (ns == INT64_MAX)
        return NULL;
    if (ns < 0)
        ns = 0;
    *left = (struct timespec){.tv_sec = (time_t)(ns / 1000000000),
                              .tv_nsec = (long)(ns % 1000000000)};
    return left;
}

static bool is_due(const struct waiting *waiting)
{
    bool due;

    engine_lock();
    due = waiting->is_due;
    engine_unlock();
    return due || waiting->wait.until <= timer_now();
}

/* Has resume raise a descriptor. False: it was resumed. */
static bool expect_wake(struct waiting *waiting, int wake)
{
    bool expected;

    engine_lock();
    expected = !waiting->is_due;
    waiting->wake = expected ? wake : -1;
    engine_unlock();
    return expected;
}

/* Polls what the package waits for, and the wake behind it in one array; without memory for
 * that the package's own. */
static void poll_all(struct waiting *waiting, int wake)
{
    const uint32_t count = waiting->wait.fd_count;
    const size_t size = count * sizeof(struct pollfd);
    struct pollfd *fds = wake >= 0 ? malloc(size + sizeof(*fds)) : NULL;
    struct timespec left;
    bool goes_on;

    if (fds != NULL) {
        if (count > 0)
            memcpy(fds, waiting->wait.fds, size);
        fds[count] = (struct pollfd){.fd = wake, .events = POLLIN};
    }
    do {
        int ready = ppoll(fds != NULL ? fds : waiting->wait.fds, count + (fds != NULL),
                          time_left(waiting, fds == NULL, &left), NULL);

        goes_on = ready == 0 || (ready < 0 && errno == EINTR);
    } while (goes_on && !is_due(waiting));
    if (fds != NULL && count > 0)
        memcpy(waiting->wait.fds, fds, size);
    free(fds);
}

void waiting_here(struct waiting *waiting)
{
    int state, wake;

    if (waiting->on_thread || is_due(waiting))
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    wake = wake_open(false);
    if (expect_wake(waiting, wake))
        poll_all(waiting, wake);
    expect_wake(waiting, -1);
    wake_close(wake);
    pthread_setcancelstate(state, NULL);
}
