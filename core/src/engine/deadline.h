/* SPDX-License-Identifier: MIT */
/* When a call is to have ended: a setting of its async context, and the timer of its call. */
#ifndef SSPI_ASYNC_DEADLINE_H
#define SSPI_ASYNC_DEADLINE_H

#include "call.h"
#include "timer.h"

enum deadline_kind {
    DEADLINE_DEFAULT, /* the process's, where it has one: not for deletes and frees */
    DEADLINE_NONE,
    DEADLINE_AFTER, /* so many milliseconds after the submit */
    DEADLINE_AT,    /* this moment, in nanoseconds of CLOCK_MONOTONIC */
};

struct deadline {
    struct timer timer;
    struct handle async; /* whose call it ends, if it is armed */
    int64_t value;
    enum deadline_kind kind;
};

/* expired: ends the pending call, engine lock held. False: there is no memory for that just
 * now. */
void deadline_start(bool (*expired)(struct call *call));

/* Is one to be armed for any call of the context? By whoever has that: pending, or BUSY. */
static inline bool deadline_is_set(const struct call *call)
{
    return call->deadline != NULL && call->deadline->kind > DEADLINE_NONE;
}

/* The rest with the engine lock held. */

static inline bool deadline_is_armed(const struct call *call)
{
    return call->deadline != NULL && call->deadline->timer.place != 0;
}

/* Of a context that is BUSY. False: there is no memory. */
bool deadline_set(struct call *call, enum deadline_kind kind, int64_t value);

/* A call is admitted: arms what applies to it. False: there is no memory or no thread. */
bool deadline_arm(struct call *call, bool is_end);
/* It is complete; or its context goes. */
void deadline_disarm(struct call *call);
void deadline_drop(struct call *call);

#endif
