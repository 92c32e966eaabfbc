/* SPDX-License-Identifier: MIT */
/* The thread that waits on behalf of calls, so that no thread of the pool does. */
#ifndef SSPI_ASYNC_REACTOR_H
#define SSPI_ASYNC_REACTOR_H

#include "timer.h"

/* tell: called without the lock when timers have passed (run_tell). */
void reactor_start(void (*tell)(void));

/* The rest with the engine lock held. */

/* Makes sure of the thread. False: there is none to be had. */
bool reactor_have(void);

/* Arms a timer; the thread is there. */
void reactor_arm(struct timer *timer, int64_t at_ns);

/* In the child there is no thread, and no timer is armed. */
void reactor_after_fork(void);

#endif
