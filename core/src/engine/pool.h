/* SPDX-License-Identifier: MIT */
/* The threads that run calls, in lanes that cannot hold each other up. */
#ifndef SSPI_ASYNC_POOL_H
#define SSPI_ASYNC_POOL_H

#include "sspi_queue.h"
#include "work.h"

/* What runs work, and tells of it (lane.h). */
void pool_start(bool (*run)(struct work_list *chunk), void (*tell)(void));

/* ---- With the engine lock held. ---- */

/* Admits one more call to a lane and makes sure that a thread of it lives as long as a call
 * is admitted. SEC_E_INSUFFICIENT_MEMORY: the bound is reached or no thread can be had. */
SECURITY_STATUS pool_admit(enum lane lane);
void pool_dismiss(enum lane lane, uint32_t count);

/* A call pauses: it is admitted still, and no thread is kept for it. It returns, to another
 * lane perhaps (false: no thread of that can be had), or does not. */
void pool_leave(enum lane lane);
bool pool_return(enum lane from, enum lane to);
void pool_forget(enum lane lane);

/* Makes sure of a thread outside callbacks for work that was not admitted. */
bool pool_have_thread(enum lane lane);

/* Hands over work whose turn has come; cannot fail. */
void pool_push(struct work *work);
/* Takes back work that no thread has begun. */
void pool_withdraw(struct work *work);

/* What so many light calls have just cost, or contexts of a batch; and whether one costs so
 * little lately that two threads would not be done with many of them sooner than one. */
void pool_note_cost(int64_t ns, uint32_t count);
bool pool_is_cheap(void);

void pool_after_fork(void);

/* Somebody waits for what may be deferred: the nap is ended, if work waits for that. */
void pool_hurry(void);

/* The rest without the lock, but for the last. Is there such work? */
bool pool_is_deferring(void);

/* The same, and it is left to whoever hears of it. */
bool pool_leaves_work(void);

/* May light work be handed over without the lock? It counts as admitted, and cannot be taken
 * back. */
bool pool_is_open(void);
/* Is there work in the quick lane that no thread has taken? */
bool pool_has_work(void);
/* How much of it is in the list, and not in an inbox? */
uint32_t pool_waiting(void);
/* Hands it over. True: nobody is woken for it; whoever is to hear of it had better do it, or
 * pool_wake is called. */
bool pool_put(struct work *work);
void pool_wake(void);

/* For a loop that comes to drain what brings completions: does light work that nobody who is
 * awake does. */
void pool_help_now(void);

/* For a caller's thread that is about to sleep until something is true: does light work of the
 * quick lane meanwhile. */
void pool_help(bool (*is_true)(void *argument), void *argument);

/* For a caller's thread that is about to wait for this work, with the engine lock held: runs it
 * here if no thread has begun it, it is quiet, and it cannot block or may do so here. False:
 * nothing was done. The lock is let go of either way. */
bool pool_run_here(struct work *work, bool may_block);

#endif
