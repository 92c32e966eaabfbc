/* SPDX-License-Identifier: MIT */
/* The thread that waits on behalf of calls, so that no thread of the pool does. */
#ifndef SSPI_ASYNC_REACTOR_H
#define SSPI_ASYNC_REACTOR_H

#include "timer.h"

/* tell: called without the lock when timers have passed, and whether more follow at once.
 * ready: with the lock held, that something has come on a descriptor which is watched with this
 * tag. */
void reactor_start(void (*tell)(bool more_follow), void (*ready)(void *tag));

/* What becomes of a descriptor that is to be watched. */
enum reactor_sight {
    REACTOR_SEES,
    REACTOR_FINDS_READY, /* as it is none, or a file */
    REACTOR_IS_BLIND,    /* there is no memory, or another watches it */
};

/* Without the lock, by somebody who holds the reactor: watches a descriptor for one event (of
 * poll's), and no more. */
enum reactor_sight reactor_watch(int fd, short events, void *tag);
void reactor_unwatch(int fd);

/* The rest with the engine lock held. */

/* Makes sure of the thread. False: there is none to be had. */
bool reactor_have(void);
/* Does that, and keeps it from leaving. */
bool reactor_hold(void);
void reactor_release(void);

/* Arms a timer; the thread is there. */
void reactor_arm(struct timer *timer, int64_t at_ns);

/* In the child there is no thread, and no timer is armed. */
void reactor_after_fork(void);

#endif
