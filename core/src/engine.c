/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 *
 *  1. Lock order: the engine lock first, then one of the leaf locks (handle table, memory
 *     registry), which nest nothing. The lock of the package list may be held while a module
 *     loads; it is taken before the engine lock, never inside it.
 *  2. A thread inside a package has counted itself in `inside` and then seen the gate open.
 *     Whoever shuts the gate does so first and reads `inside` afterwards. Both sides use
 *     sequentially consistent order, so at least one sees the other. own_inside is this
 * thread's share of `inside`.
 *  3. fork: `prepare` shuts the gate, waits a bounded time for packages to be empty, and
 *     takes every lock. The child therefore finds every structure of ours whole. Several
 *     threads may fork at once: each counts in the gate, and the locks let one through at a
 *     time; the child counts its own fork alone. What it cannot find whole is the inside of a
 * package that was still running (a call stuck on the network): the objects in use there are
 * marked broken and never entered again.
 *  4. exit: after engine_quiesce nobody enters a package and no callback starts; threads of
 *     the pool stop where they are, and the kernel ends them.
 *  5. No cancellation point is reached with a lock held or inside a package, but for the one in
 *     engine_wait_cancellable, which undoes what its caller had done.
 */
#include "engine.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "async_context.h"
#include "handle.h"
#include "memory.h"
#include "package.h"
#include "pool.h"
#include "queue.h"
#include "security_context.h"

#define GATE_EXIT 0x80000000u /* the rest of the gate counts forks under way */

/* A wake and the way to it take 10 to 50 us. */
static const long spin_ns = 50000;
static const uint32_t fork_patience_ms = 100;
/* At exit: this long for calls that stand still, and again, so many times, while the process
 * still gets something done: on a busy machine a call may be slow and not stuck. */
static const uint32_t exit_patience_ms = 500;
static const int exit_rounds = 10;

static pthread_cond_t gate_moved; /* `inside` fell, or the gate opened */
static atomic_uint gate;
/* Threads inside packages. They all write it: a cache line of its own. */
static _Alignas(CACHE_LINE) atomic_uint inside;
static _Alignas(CACHE_LINE) pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static _Thread_local unsigned own_inside;
static _Thread_local int state_outside; /* the cancel state to return to */

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

void engine_unlock(void)
{
    struct pool_wakes wakes;
    bool due = pool_take_wakes(&wakes);

    pthread_mutex_unlock(&lock);
    if (due)
        pool_wake(&wakes);
}

static bool wait_for(pthread_cond_t *cond, const struct timespec *deadline)
{
    if (deadline == NULL)
        return pthread_cond_wait(cond, &lock) == 0;
    return pthread_cond_timedwait(cond, &lock, deadline) != ETIMEDOUT;
}

static void make_wakes(void)
{
    struct pool_wakes wakes;

    if (pool_take_wakes(&wakes))
        pool_wake(&wakes);
}

bool engine_wait(pthread_cond_t *cond, const struct timespec *deadline)
{
    bool in_time;
    int state;

    make_wakes();
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

    make_wakes();
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

bool engine_closing(void)
{
    return (atomic_load(&gate) & GATE_EXIT) != 0;
}

static void leave(void)
{
    atomic_fetch_sub(&inside, 1);
    if (atomic_load(&gate) != 0) {
        engine_lock();
        pthread_cond_broadcast(&gate_moved);
        engine_unlock();
    }
}

bool engine_enter_package(void)
{
    for (;;) {
        atomic_fetch_add(&inside, 1); /* invariant 2 */
        if (atomic_load(&gate) == 0) {
            if (own_inside++ == 0)
                pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state_outside);
            return true;
        }
        leave();
        if (engine_closing())
            return false;
        engine_lock();
        while (atomic_load(&gate) != 0 && !engine_closing())
            engine_wait(&gate_moved, NULL);
        engine_unlock();
    }
}

void engine_leave_package(void)
{
    leave();
    if (--own_inside == 0)
        pthread_setcancelstate(state_outside, NULL);
}

/* Are others inside? */
static bool is_occupied(void)
{
    return atomic_load(&inside) != own_inside;
}

/* Engine lock held. */
static void wait_until_empty(uint32_t patience_ms)
{
    struct timespec deadline = engine_deadline(patience_ms);

    while (is_occupied() && engine_wait(&gate_moved, &deadline))
        continue;
}

/* Processor time that the process has used, in milliseconds. */
static int64_t time_used_ms(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

void engine_quiesce(void)
{
    int64_t before, now = time_used_ms();
    int round = 0;

    atomic_fetch_or(&gate, GATE_EXIT);
    engine_lock();
    pthread_cond_broadcast(&gate_moved);
    do {
        before = now;
        wait_until_empty(exit_patience_ms);
        now = time_used_ms();
    } while (is_occupied() && now > before && ++round < exit_rounds);
    engine_unlock();
}

static void before_fork(void)
{
    atomic_fetch_add(&gate, 1);
    package_lock();
    engine_lock();
    wait_until_empty(fork_patience_ms);
    handle_lock();
    memory_lock();
}

static void unlock_all(void)
{
    memory_unlock();
    handle_unlock();
    atomic_fetch_sub(&gate, 1);
    pthread_cond_broadcast(&gate_moved);
    engine_unlock();
    package_unlock();
}

/* Only this thread exists in the child: counts and lists that speak of others are void. */
static void after_fork_child(void)
{
    engine_cond_init(&gate_moved);
    atomic_store(&inside, own_inside);
    atomic_store(&gate, (atomic_load(&gate) & GATE_EXIT) + 1); /* unlock_all takes that one */
    pool_after_fork();
    async_forget_waiters();
    handle_each(HANDLE_QUEUE, queue_after_fork);
    handle_each(HANDLE_ASYNC, async_after_fork);
    handle_each(HANDLE_CONTEXT, security_context_after_fork);
    unlock_all();
}

__attribute__((constructor)) static void engine_start(void)
{
    engine_cond_init(&gate_moved);
    pool_start();
    handle_start();
    package_start();
    pthread_atfork(before_fork, unlock_all, after_fork_child);
}
