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

/* What a thread of the pool does with what it took from its lane, first to last. The lock is
 * not held when it is called and is when it returns. */
void run_chunk(struct work_list *chunk);

#endif
