/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. While a timer is armed the thread is there: who arms one has made sure of it in the same
 *     hold of the lock, and it leaves only when none is.
 *  2. The thread sleeps until `sleeps_until` or until it is signalled. Who arms a timer that is
 *     due before signals it.
 *  3. It runs what timers are for, under the lock and a few at a time, and nothing else: it
 *     enters no package, starts no callback and discards no job. What may take its time is
 *     handed to the pool.
 *  4. exit: nothing passes after gate_quiesce has had the lock; the thread stops where it is.
 */
#include "reactor.h"

#include <stddef.h>

#include "gate.h"
#include "lock.h"
#include "worker.h"

/* Timers that pass in one hold of the lock. */
#define LOT 32

static const int64_t idle_ns = 5000000000; /* for so long the thread stays without a timer */

static struct worker *worker; /* the thread, or NULL */
static int64_t sleeps_until;  /* INT64_MIN: it is awake, or was signalled */
static uint64_t arms;         /* since the start */
static void (*tell_of_ends)(void);

void reactor_start(void (*tell)(void))
{
    tell_of_ends = tell;
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
    int passed = 0;

    while ((timer = timer_first()) != NULL && timer->at_ns <= now) {
        timer_disarm(timer);
        timer->passed(timer);
        if (++passed % LOT != 0)
            continue;
        engine_unlock();
        tell_of_ends();
        resume();
    }
    if (passed % LOT == 0)
        return;
    engine_unlock();
    tell_of_ends();
    resume();
}

/* Sleeps until something is due. False: nothing was, for a while. */
static bool sleep_until_due(void)
{
    const struct timer *first = timer_first();
    const uint64_t armed_before = arms;
    struct timespec until;
    bool in_time;

    sleeps_until = first != NULL ? first->at_ns : timer_now() + idle_ns;
    until = (struct timespec){.tv_sec = (time_t)(sleeps_until / 1000000000),
                              .tv_nsec = (long)(sleeps_until % 1000000000)};
    in_time = engine_wait(&worker->woken, &until);
    sleeps_until = INT64_MIN;
    if (gate_is_closing()) {
        engine_unlock();
        resume();
    }
    return in_time || first != NULL || arms != armed_before;
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
    engine_unlock();
    gate_stop_at_exit();
    return NULL;
}

bool reactor_have(void)
{
    if (worker == NULL) {
        sleeps_until = INT64_MIN;
        worker = worker_start(thread_main, NULL, "sspi-reactor");
    }
    return worker != NULL;
}

void reactor_arm(struct timer *timer, int64_t at_ns)
{
    timer_arm(timer, at_ns);
    arms++;
    if (at_ns >= sleeps_until)
        return;
    sleeps_until = INT64_MIN;
    engine_signal_later(&worker->woken);
}

void reactor_after_fork(void)
{
    worker = NULL;
    timer_after_fork();
}
