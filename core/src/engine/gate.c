/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 *
 *  1. A thread inside a package has counted itself in `inside` and then seen the gate open.
 *     Whoever shuts the gate does so first and reads `inside` afterwards. Both sides use
 *     sequentially consistent order, so at least one sees the other. A thread counts once,
 *     however often it has entered (own_inside).
 *  2. Several threads may fork at once: each counts in the gate; the child counts its own fork
 *     alone.
 *  3. exit: after gate_quiesce nobody enters a package and no callback starts; threads of the
 *     pool stop where they are, and the kernel ends them.
 *  4. A thread inside a package is not cancelled there.
 */
#include "gate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "lock.h"

#define GATE_EXIT 0x80000000u /* the rest of the gate counts forks under way */

static const uint32_t fork_patience_ms = 100;
/* At exit: this long for calls that stand still, and again, so many times, while the process
 * still gets something done: on a busy machine a call may be slow and not stuck. */
static const uint32_t exit_patience_ms = 500;
static const int exit_rounds = 10;

static void (*before_waiting)(void); /* at exit */
static pthread_cond_t moved;         /* `inside` fell, or the gate opened */
static atomic_uint gate;
/* Threads inside packages. They all write it: a cache line of its own. */
static _Alignas(CACHE_LINE) atomic_uint inside;

static bool was_empty; /* as the process forked; engine lock */

static _Thread_local unsigned own_inside;
static _Thread_local int state_outside; /* the cancel state to return to */

bool gate_is_closing(void)
{
    return (atomic_load(&gate) & GATE_EXIT) != 0;
}

static void leave(void)
{
    atomic_fetch_sub(&inside, 1);
    if (atomic_load(&gate) != 0) {
        engine_lock();
        pthread_cond_broadcast(&moved);
        engine_unlock();
    }
}

bool gate_enter(void)
{
    if (own_inside > 0) {
        own_inside++;
        return true;
    }
    for (;;) {
        atomic_fetch_add(&inside, 1); /* invariant 1 */
        if (atomic_load(&gate) == 0) {
            own_inside = 1;
            pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state_outside);
            return true;
        }
        leave();
        if (gate_is_closing())
            return false;
        engine_lock();
        while (atomic_load(&gate) != 0 && !gate_is_closing())
            engine_wait(&moved, NULL);
        engine_unlock();
    }
}

void gate_leave(void)
{
    if (--own_inside > 0)
        return;
    leave();
    pthread_setcancelstate(state_outside, NULL);
}

/* Are others inside? */
static bool is_occupied(void)
{
    return atomic_load(&inside) != (own_inside > 0);
}

/* Engine lock held. */
static void wait_until_empty(uint32_t patience_ms)
{
    struct timespec deadline = engine_deadline(patience_ms);

    while (is_occupied() && engine_wait(&moved, &deadline))
        continue;
}

/* Processor time that the process has used, in milliseconds. */
static int64_t time_used_ms(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

void gate_quiesce(void)
{
    int64_t before, now = time_used_ms();
    int round = 0;

    atomic_fetch_or(&gate, GATE_EXIT);
    before_waiting();
    engine_lock();
    pthread_cond_broadcast(&moved);
    do {
        before = now;
        wait_until_empty(exit_patience_ms);
        now = time_used_ms();
    } while (is_occupied() && now > before && ++round < exit_rounds);
    engine_unlock();
}

void gate_stop_at_exit(void)
{
    while (gate_is_closing())
        pause();
}

void gate_before_fork(void)
{
    wait_until_empty(fork_patience_ms);
    was_empty = !is_occupied();
}

bool gate_was_empty(void)
{
    return was_empty;
}

void gate_shut_for_fork(void)
{
    atomic_fetch_add(&gate, 1);
}

void gate_open_after_fork(void)
{
    atomic_fetch_sub(&gate, 1);
    pthread_cond_broadcast(&moved);
}

void gate_in_child(void)
{
    engine_cond_init(&moved);
    atomic_store(&inside, own_inside > 0);
    atomic_store(&gate, (atomic_load(&gate) & GATE_EXIT) + 1);
}

void gate_start(void (*at_exit)(void))
{
    before_waiting = at_exit;
    engine_cond_init(&moved);
}
