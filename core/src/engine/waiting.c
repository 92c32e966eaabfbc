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
 *  3. A wait that is outside is in the list `all_outside`. It leaves that inside the gate, so a
 *     fork finds it either in the list or in its package; and whoever takes it out is the one
 *     to call the package again, or to tell it to stop: that happens once.
 *  4. What the reactor watches is taken from it before the package is called again or told to
 *     stop, as the descriptor may then be closed, and its number used by others. An event that
 *     comes all the same finds the handle closed, or ends a later wait for nothing, once: each
 *     descriptor is watched for one event.
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
#include "reactor.h"
#include "wake.h"

enum word { RUNNING, RESUMED, OUTSIDE };

/* Where nobody tells that something has come: a look so often. */
static const int64_t look_ns = 10000000;

static struct waiting *all_outside; /* engine lock */

static bool destroy(void *object)
{
    (void)object; /* a part of its job's arguments */
    return true;
}

void waiting_start(void)
{
    handle_define(HANDLE_WAIT, destroy, NULL);
}

/* In the low half: the high one belongs to whoever has the slot as an async context (fate.h).
 */
static enum word word_of(struct handle handle)
{
    return (enum word)(uint32_t)atomic_load_explicit(handle_word(handle), memory_order_relaxed);
}

/* Engine lock held, or nobody knows the handle yet. */
static void set_word(struct handle handle, enum word word)
{
    const uint64_t high =
        atomic_load_explicit(handle_word(handle), memory_order_relaxed) & ~(uint64_t)UINT32_MAX;

    atomic_store_explicit(handle_word(handle), high | word, memory_order_relaxed);
}

static void go_outside(struct waiting *waiting)
{
    waiting->outside = true;
    waiting->on_thread = (waiting->wait.flags & SSPIA_WAIT_THREAD) != 0;
    waiting->is_due = word_of(waiting->handle) == RESUMED;
    set_word(waiting->handle, OUTSIDE);
    waiting->previous = NULL;
    waiting->next = all_outside;
    if (all_outside != NULL)
        all_outside->previous = waiting;
    all_outside = waiting;
}

/* False: somebody else has taken it out. */
static bool take_out(struct waiting *waiting)
{
    if (!waiting->outside)
        return false;
    if (waiting->next != NULL)
        waiting->next->previous = waiting->previous;
    if (waiting->previous != NULL)
        waiting->previous->next = waiting->next;
    else
        all_outside = waiting->next;
    waiting->outside = false;
    set_word(waiting->handle, RUNNING);
    return true;
}

static bool open_handle(struct waiting *waiting)
{
    if (!handle_open(HANDLE_WAIT, waiting, &waiting->handle))
        return false;
    set_word(waiting->handle, RUNNING);
    waiting->call = NULL;
    waiting->wake = -1;
    waiting->wait.size = sizeof(waiting->wait);
    waiting->wait.call = handle_to_pointer(HANDLE_WAIT, waiting->handle);
    return true;
}

static void close_handle(struct waiting *waiting)
{
    const struct handle handle = waiting->handle;

    waiting->handle.slot = 0;
    if (waiting->has_timer) {
        engine_lock();
        timer_close(&waiting->timer);
        engine_unlock();
        waiting->has_timer = false;
    }
    handle_close(HANDLE_WAIT, handle);
    handle_release(handle);
}

/* The reactor watches no more; the package's descriptors say what has come. */
static void unwatch(struct waiting *waiting)
{
    if (waiting->watched == 0)
        return;
    for (uint32_t i = 0; i < waiting->watched; i++)
        reactor_unwatch(waiting->wait.fds[i].fd);
    waiting->watched = 0;
    engine_lock();
    reactor_release();
    engine_unlock();
}

/* Into the gate, and out of the list. False: the process is exiting, or was; it is over. */
static bool come_inside(struct waiting *waiting)
{
    const bool entered = gate_enter();
    bool taken_out;

    engine_lock();
    taken_out = take_out(waiting);
    engine_unlock();
    if (entered && taken_out)
        return true;
    if (entered)
        gate_leave();
    close_handle(waiting);
    return false;
}

static SECURITY_STATUS enter_again(struct waiting *waiting)
{
    if (!come_inside(waiting))
        return SEC_E_SHUTDOWN_IN_PROGRESS;
    unwatch(waiting);
    if (waiting->wait.fd_count > 0)
        poll(waiting->wait.fds, waiting->wait.fd_count, 0);
    return SEC_E_OK;
}

static SECURITY_STATUS enter_first(struct waiting *waiting)
{
    if (!gate_enter())
        return SEC_E_SHUTDOWN_IN_PROGRESS;
    if (open_handle(waiting))
        return SEC_E_OK;
    gate_leave();
    return SEC_E_INSUFFICIENT_MEMORY;
}

SECURITY_STATUS waiting_enter(struct waiting *waiting)
{
    SECURITY_STATUS status =
        waiting_is_open(waiting) ? enter_again(waiting) : enter_first(waiting);

    waiting->wait.flags = waiting->on_thread ? SSPIA_WAIT_THREAD : 0;
    waiting->wait.until = INT64_MAX;
    return status;
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

void waiting_stop(struct waiting *waiting)
{
    if (!waiting_is_open(waiting) || !come_inside(waiting))
        return;
    unwatch(waiting);
    if (waiting->wait.stop != NULL)
        waiting->wait.stop(waiting->wait.data);
    close_handle(waiting);
    gate_leave();
}

/* Engine lock held; it is outside. */
static void become_due(struct waiting *waiting)
{
    if (waiting->is_due)
        return;
    waiting->is_due = true;
    wake_raise(waiting->wake);
    if (waiting->due != NULL)
        waiting->due(waiting);
}

/* The reference keeps the slot, and so the word, from becoming another's. */
void waiting_end(void *call)
{
    struct handle handle;
    struct waiting *waiting;

    if (!handle_from_pointer(HANDLE_WAIT, call, &handle))
        return;
    waiting = handle_acquire(HANDLE_WAIT, handle);
    if (waiting == NULL)
        return;
    if (word_of(handle) == OUTSIDE)
        become_due(waiting);
    else
        set_word(handle, RESUMED);
    handle_release(handle);
}

void waiting_resume(void *call)
{
    engine_lock();
    waiting_end(call);
    engine_unlock();
}

bool waiting_find_call(void *call, struct call **found)
{
    struct handle handle;
    const struct waiting *waiting;

    *found = NULL;
    if (!handle_from_pointer(HANDLE_WAIT, call, &handle))
        return false;
    waiting = handle_acquire(HANDLE_WAIT, handle);
    if (waiting == NULL)
        return false;
    *found = waiting->call;
    handle_release(handle);
    return true;
}

/* ---- By the reactor ------------------------------------------------------------------------
 */

static void time_has_come(struct timer *timer)
{
    struct waiting *waiting =
        (struct waiting *)(void *)((char *)timer - offsetof(struct waiting, timer));

    if (waiting->is_due && waiting->due != NULL)
        waiting->due(waiting); /* once more: it could not be done before */
    else
        become_due(waiting);
}

/* Makes room for a timer, and keeps the reactor for descriptors. */
static bool have_reactor(struct waiting *waiting, bool for_descriptors)
{
    bool done;

    if (waiting->has_timer && !for_descriptors)
        return true;
    engine_lock();
    if (!waiting->has_timer)
        waiting->has_timer = timer_open(&waiting->timer, time_has_come);
    done = waiting->has_timer && (!for_descriptors || reactor_hold());
    engine_unlock();
    return done;
}

/* Watches one after the other, until one is not to be watched. */
static enum reactor_sight watch(struct waiting *waiting)
{
    const sspia_wait *wait = &waiting->wait;
    enum reactor_sight sight = REACTOR_SEES;

    for (uint32_t i = 0; i < wait->fd_count && sight == REACTOR_SEES; i++) {
        sight = reactor_watch(wait->fds[i].fd, wait->fds[i].events, wait->call);
        waiting->watched += sight == REACTOR_SEES;
    }
    if (waiting->watched == 0) {
        engine_lock();
        reactor_release();
        engine_unlock();
    }
    return sight;
}

/* For so long a thread looks at the descriptors itself. */
static const int64_t glance_ns = 300000;
#define GLANCE_MOST 8

/* What is near answers before the reactor and a worker are woken up one after the other.
 * Whether it did. One thread at a time does this. */
static bool glance(const struct waiting *waiting)
{
    static atomic_flag is_taken = ATOMIC_FLAG_INIT;
    const struct timespec patience = {.tv_nsec = glance_ns};
    const uint32_t count = waiting->wait.fd_count;
    struct pollfd fds[GLANCE_MOST]; /* at exit the package's may go meanwhile */
    int ready;

    if (count > GLANCE_MOST || atomic_flag_test_and_set(&is_taken))
        return false;
    memcpy(fds, waiting->wait.fds, count * sizeof(fds[0]));
    ready = ppoll(fds, count, &patience, NULL);
    atomic_flag_clear(&is_taken);
    return ready > 0;
}

bool waiting_watch(struct waiting *waiting, bool has_time, int64_t *at_ns)
{
    const bool has_descriptors = waiting->wait.fd_count > 0 && !waiting->on_thread;
    enum reactor_sight sight = REACTOR_SEES;

    if (has_time && has_descriptors && glance(waiting)) {
        *at_ns = INT64_MIN;
        return true;
    }
    *at_ns = waiting->on_thread ? INT64_MIN : waiting->wait.until;
    if (!have_reactor(waiting, has_descriptors))
        return false;
    if (has_descriptors)
        sight = watch(waiting);
    if (sight == REACTOR_FINDS_READY)
        *at_ns = INT64_MIN;
    else if (sight == REACTOR_IS_BLIND && timer_now() + look_ns < *at_ns)
        *at_ns = timer_now() + look_ns;
    return true;
}

void waiting_arm(struct waiting *waiting, int64_t at_ns)
{
    reactor_arm(&waiting->timer, at_ns);
}

void waiting_disarm(struct waiting *waiting)
{
    timer_disarm(&waiting->timer);
}

/* ---- Exit and fork -------------------------------------------------------------------------
 */

/* The first that is outside, taken out. What it points to is the package's, and lives: nobody
 * enters that to delete it. NULL: there is none. */
static struct waiting *take_first(sspia_wait *wait)
{
    struct waiting *waiting;

    engine_lock();
    waiting = all_outside;
    if (waiting != NULL) {
        take_out(waiting);
        *wait = waiting->wait;
    }
    engine_unlock();
    return waiting;
}

void waiting_at_exit(void)
{
    sspia_wait wait;

    while (take_first(&wait) != NULL) {
        if (wait.stop != NULL)
            wait.stop(wait.data);
    }
}

void waiting_after_fork(bool packages_are_whole)
{
    struct waiting *waiting;
    sspia_wait wait;

    while ((waiting = take_first(&wait)) != NULL) {
        if (packages_are_whole && wait.stop != NULL)
            wait.stop(wait.data);
        close_handle(waiting);
    }
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
