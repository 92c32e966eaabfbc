/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. While a timer is armed, or somebody holds the reactor, the thread is there with its two
 *     descriptors: who arms a timer has made sure of it in the same hold of the lock, and it
 *     leaves only when there is neither.
 *  2. The thread sleeps until `sleeps_until` or until its wake is raised. Who arms a timer that
 *     is due before raises it.
 *  3. It says what is ready, runs what timers are for, under the lock and a few at a time, has
 *     packages stop what waits for nothing any more, and that is all: it starts no callback and
 *     discards no job. What may take its time is handed to the pool.
 *  4. A descriptor is watched for one event. So one that is still in the epoll set although it
 *     was closed (a process forked off may have it, too) costs one event, and no loop.
 *  5. exit: nothing passes after gate_quiesce has had the lock; the thread stops where it is.
 */
#include "reactor.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "gate.h"
#include "lock.h"
#include "wake.h"
#include "worker.h"

/* Timers that pass in one hold of the lock. */
#define LOT 32
/* Events that are taken at once. */
#define EVENTS 128

_Static_assert(EPOLLIN == POLLIN && EPOLLPRI == POLLPRI && EPOLLOUT == POLLOUT &&
                   EPOLLRDHUP == POLLRDHUP,
               "events of poll are those of epoll");

static const int64_t idle_ns = 5000000000; /* for so long the thread stays without use */

static struct worker *worker; /* the thread, or NULL */
static int set = -1;          /* of epoll; both are the thread's */
static int wake = -1;
static int64_t sleeps_until; /* INT64_MIN: it is awake, or was woken */
static uint32_t holds;
static uint64_t uses; /* since the start */
static void (*tell_of_ends)(bool more_follow);
static void (*say_ready)(void *tag);

void reactor_start(void (*tell)(bool more_follow), void (*ready)(void *tag))
{
    tell_of_ends = tell;
    say_ready = ready;
}

/* The lock again, unless the process is exiting. */
static void resume(void)
{
    engine_lock();
    while (gate_is_closing()) {
        engine_unlock();
        gate_stop_at_exit();
        engine_lock();
    }
}

/* Lets what is due happen. */
static void pass(void)
{
    const int64_t now = timer_now();
    struct timer *timer;
    bool more_follow = true;

    while (more_follow) {
        for (int i = 0; i < LOT && (timer = timer_first()) != NULL && timer->at_ns <= now;
             i++) {
            timer_disarm(timer);
            timer->passed(timer);
        }
        timer = timer_first();
        more_follow = timer != NULL && timer->at_ns <= now;
        engine_unlock();
        tell_of_ends(more_follow);
        resume();
    }
}

/* Sleeps until a moment, or until something comes. False: nothing did. */
static bool sleep_until(int64_t at_ns, struct epoll_event *events, int *count)
{
    struct pollfd fds[] = {{.fd = set, .events = POLLIN}, {.fd = wake, .events = POLLIN}};
    int64_t left = at_ns - timer_now();
    struct timespec timeout;
    bool came;

    if (left < 0)
        left = 0;
    timeout = (struct timespec){.tv_sec = (time_t)(left / 1000000000),
                                .tv_nsec = (long)(left % 1000000000)};
    came = ppoll(fds, 2, &timeout, NULL) > 0;
    *count = 0;
    if (came && fds[0].revents != 0)
        *count = epoll_wait(set, events, EVENTS, 0);
    if (came && fds[1].revents != 0)
        wake_lower(wake);
    return came;
}

/* Sleeps until something is due, and says what is ready. False: nobody has had a use for the
 * thread for a while. While it is held it looks every so often whether it still is. */
static bool sleep_until_due(void)
{
    const struct timer *first = timer_first();
    const uint64_t used_before = uses;
    struct epoll_event events[EVENTS];
    const int64_t at_ns = first != NULL ? first->at_ns : timer_now() + idle_ns;
    int count;
    bool came;

    sleeps_until = at_ns;
    engine_unlock();
    came = sleep_until(at_ns, events, &count);
    resume();
    sleeps_until = INT64_MIN;
    for (int i = 0; i < count; i++)
        say_ready(events[i].data.ptr);
    return came || first != NULL || holds > 0 || uses != used_before;
}

static void close_descriptors(void)
{
    wake_close(set);
    wake_close(wake);
    set = wake = -1;
}

static bool open_descriptors(void)
{
    set = epoll_create1(EPOLL_CLOEXEC);
    wake = wake_open(false);
    if (set >= 0 && wake >= 0)
        return true;
    close_descriptors();
    return false;
}

static void *thread_main(void *argument)
{
    (void)argument;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    resume();
    do
        pass();
    while (sleep_until_due());
    worker_retire(worker);
    worker = NULL;
    close_descriptors();
    engine_unlock();
    gate_stop_at_exit();
    return NULL;
}

bool reactor_have(void)
{
    if (worker == NULL && open_descriptors()) {
        sleeps_until = INT64_MIN;
        worker = worker_start(thread_main, NULL, "sspi-reactor");
        if (worker == NULL)
            close_descriptors();
    }
    return worker != NULL;
}

bool reactor_hold(void)
{
    if (!reactor_have())
        return false;
    holds++;
    uses++;
    return true;
}

void reactor_release(void)
{
    holds--;
}

void reactor_arm(struct timer *timer, int64_t at_ns)
{
    timer_arm(timer, at_ns);
    uses++;
    if (at_ns >= sleeps_until)
        return;
    sleeps_until = INT64_MIN;
    wake_raise(wake);
}

enum reactor_sight reactor_watch(int fd, short events, void *tag)
{
    struct epoll_event event = {.events = (uint32_t)(unsigned short)events | EPOLLONESHOT,
                                .data.ptr = tag};

    if (fd < 0 || epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0)
        return REACTOR_SEES; /* poll looks past a negative one, too */
    return errno == EPERM || errno == EBADF ? REACTOR_FINDS_READY : REACTOR_IS_BLIND;
}

void reactor_unwatch(int fd)
{
    if (fd >= 0)
        epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL);
}

/* The set is the parent's too: its members are not taken out, it is closed. */
void reactor_after_fork(void)
{
    close_descriptors();
    worker = NULL;
    holds = 0;
    timer_after_fork();
}
