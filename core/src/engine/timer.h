/* SPDX-License-Identifier: MIT */
/* Moments at which something is to happen, the earliest first. */
#ifndef SSPI_ASYNC_TIMER_H
#define SSPI_ASYNC_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t timer_now(void);

/* All the rest with the engine lock held. */

struct timer {
    /* What happens; the timer is not armed any more then, and the lock is held. */
    void (*passed)(struct timer *timer);
    int64_t at_ns;
    uint32_t place; /* in the heap, 1 and up; 0: it is not armed */
};

/* Makes room for one more, so that no timer is ever refused when it is armed. False: there is
 * no memory. And the way back, for one that is not armed. */
bool timer_open(struct timer *timer, void (*passed)(struct timer *timer));
void timer_close(struct timer *timer);

void timer_arm(struct timer *timer, int64_t at_ns);
/* Nothing happens if it is not armed. */
void timer_disarm(struct timer *timer);

/* The one that is due first, or NULL. */
struct timer *timer_first(void);

/* In the child: none is armed. */
void timer_after_fork(void);

#endif
