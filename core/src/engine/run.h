/* SPDX-License-Identifier: MIT */
/* The way of a pending call: to its turn, to its lane, to a thread, and to its end. */
#ifndef SSPI_ASYNC_RUN_H
#define SSPI_ASYNC_RUN_H

#include "call.h"

/* With the engine lock held. Puts an admitted call on its way: to its turn, or straight to its
 * lane. */
void run_start(struct call *call);

/* With the engine lock held. Takes back a call that has not begun; the caller discards its job
 * without the lock. False: it is running. */
bool run_withdraw(struct call *call);

/* With the engine lock held. The call of an async context is complete with its job's status,
 * and in nobody's hands: its queue, if it has one, gets its completion. run_tell follows,
 * without the lock. */
void run_post(struct call *call);

/* What a thread does with what it took from a lane, first to last. The lock is not held when it
 * is called and is when it returns. True: run_tell is owed. */
bool run_chunk(struct work_list *chunk);
/* Without the lock: tells the queues that this thread has posted to. */
void run_tell(void);

#endif
