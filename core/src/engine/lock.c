/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 *
 *  1. Lock order: the engine lock first, then one of the leaf locks (handle table, memory
 *     registry), which nest nothing. The lock of the package list may be held while a module
 *     loads; it is taken before the engine lock, never inside it.
 *  2. A signal that is owed is made by whoever lets go of the lock next, right after that. The
 *     few that are too many are made under it.
 *  3. No cancellation point is reached with the lock held, but for the one in
 *     engine_wait_cancellable, which undoes what its caller had done.
 */
#include "lock.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

/* A wake and the way to it take 10 to 50 us. */
static const long spin_ns = 50000;

static _Alignas(CACHE_LINE) pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define OWED_MAX 4
struct signals {
    pthread_cond_t *conditions[OWED_MAX];
    uint32_t count;
};
static struct signals owed;

/* Tells the processor that the thread spins. */
static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ __volatile__("yield");
#endif
}

/* The lock is held for less time than it takes to fall asleep over it, and who sleeps makes the
 * one who unlocks pay for a wake-up. So: try again, ever more seldom; then let others run, the
 * holder may be one who was interrupted; and only then sleep. */
static void contend(void)
{
    for (int wait = 2; wait <= 64; wait *= 2) {
        for (int i = 0; i < wait; i++)
            relax();
        if (pthread_mutex_trylock(&lock) == 0)
            return;
    }
    for (int i = 0; i < 20; i++) {
        sched_yield();
        if (pthread_mutex_trylock(&lock) == 0)
            return;
    }
    pthread_mutex_lock(&lock);
}

void engine_lock(void)
{
    if (pthread_mutex_trylock(&lock) != 0)
        contend();
}

void engine_signal_later(pthread_cond_t *cond)
{
    if (owed.count == OWED_MAX)
        pthread_cond_signal(cond);
    else
        owed.conditions[owed.count++] = cond;
}

static void make(const struct signals *signals)
{
    for (uint32_t i = 0; i < signals->count; i++)
        pthread_cond_signal(signals->conditions[i]);
}

void engine_unlock(void)
{
    struct signals due;

    if (owed.count == 0) {
        pthread_mutex_unlock(&lock);
        return;
    }
    due = owed;
    owed.count = 0;
    pthread_mutex_unlock(&lock);
    make(&due);
}

/* Who waits lets go of the lock too. */
static void settle(void)
{
    make(&owed);
    owed.count = 0;
}

static bool wait_for(pthread_cond_t *cond, const struct timespec *deadline)
{
    if (deadline == NULL)
        return pthread_cond_wait(cond, &lock) == 0;
    return pthread_cond_timedwait(cond, &lock, deadline) != ETIMEDOUT;
}

bool engine_wait(pthread_cond_t *cond, const struct timespec *deadline)
{
    bool in_time;
    int state;

    settle();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    in_time = wait_for(cond, deadline);
    pthread_setcancelstate(state, NULL);
    return in_time;
}

int engine_disable_cancellation(bool waits)
{
    int state;

    if (waits)
        pthread_testcancel();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    return state;
}

bool engine_wait_cancellable(pthread_cond_t *cond, const struct timespec *deadline,
                             int cancel_state, void (*undo)(void *argument), void *argument)
{
    bool in_time;

    settle();
    pthread_cleanup_push(undo, argument);
    pthread_setcancelstate(cancel_state, NULL);
    in_time = wait_for(cond, deadline);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cleanup_pop(0);
    return in_time;
}

void engine_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool engine_spin(bool (*is_true)(void *argument), void *argument)
{
    struct timespec start, now;

    if (is_true(argument))
        return true;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        /* A yield takes longer than another processor's answer. */
        for (int i = 0; i < 10; i++) {
            relax();
            if (is_true(argument))
                return true;
        }
        sched_yield();
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000000000L + now.tv_nsec - start.tv_nsec < spin_ns);
    return false;
}

struct timespec engine_deadline(uint32_t milliseconds)
{
    struct timespec deadline;

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += milliseconds / 1000;
    deadline.tv_nsec += (long)(milliseconds % 1000) * 1000000L;
    if (deadline.tv_nsec >= 1000000000L) {
        deadline.tv_sec++;
        deadline.tv_nsec -= 1000000000L;
    }
    return deadline;
}

void lock_after_fork(void)
{
    owed.count = 0;
}
