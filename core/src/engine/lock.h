/* SPDX-License-Identifier: MIT */
/* The engine lock, and how threads wait for what is moved under it. */
#ifndef SSPI_ASYNC_LOCK_H
#define SSPI_ASYNC_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* What processors pass to each other as one; more does no harm. */
#define CACHE_LINE 64

/* One lock guards every move of async contexts, calls, turns, lanes and queues. It is held
 * for list operations and thread starts; never across a package, a callback, or the
 * release of a handle (which may destroy an object and so enter a package). */
void engine_lock(void);
void engine_unlock(void);

/* With the lock held: signals cond when the lock is let go of, or waited with. A thread that
 * wakes up wants the lock. cond is never destroyed. */
void engine_signal_later(pthread_cond_t *cond);

/* Waits on cond with the engine lock held; deadline on CLOCK_MONOTONIC, or NULL. False if
 * the deadline passed. No cancellation point. */
bool engine_wait(pthread_cond_t *cond, const struct timespec *deadline);

/* For a function that may wait in engine_wait_cancellable, before it has anything: a thread
 * that was cancelled ends here even if it would find no need to wait. Returns the state of
 * before. */
int engine_disable_cancellation(bool waits);

/* The same as a cancellation point, if the thread's state was cancel_state before it was
 * disabled. A thread that is cancelled here runs undo(argument) with the engine lock held; undo
 * lets go of the lock and of all else that the thread has. */
bool engine_wait_cancellable(pthread_cond_t *cond, const struct timespec *deadline,
                             int cancel_state, void (*undo)(void *argument), void *argument);
void engine_cond_init(pthread_cond_t *cond);

/* For somebody about to sleep, as a sleep and the wake cost more than a short wait: watches
 * for a moment whether something becomes true, and lets others run. No lock of ours is held.
 * Whether it did. */
bool engine_spin(bool (*is_true)(void *argument), void *argument);

/* The moment that lies milliseconds ahead. */
struct timespec engine_deadline(uint32_t milliseconds);

/* In the child: what was owed to threads of the parent is void. */
void lock_after_fork(void);

#endif
