/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. A deadline belongs to an async context, so to the call that its handle leads to; it moves
 *     along when that changes (async_part).
 *  2. Its timer is armed only while that call is PENDING or FINISHING: it is armed with the
 *     move to PENDING, and disarmed with the move to COMPLETE or when the context is freed. So
 *     a timer that passes speaks of the present call, or comes too late for one that is
 *     FINISHING.
 *  3. A context without a deadline has none of this: its submits look at one pointer.
 */
#include "deadline.h"

#include <stdlib.h>

#include "fate.h"
#include "lock.h"
#include "reactor.h"
#include "sspi_queue.h"

static const int64_t ms_ns = 1000000;
static const int64_t retry_ns =
    10000000; /* without memory to end a call: again, so much later */

static uint32_t default_ms; /* 0: none */
static bool (*expire)(struct call *call);

void deadline_start(bool (*expired)(struct call *call))
{
    expire = expired;
}

/* On the reactor's thread. */
static void passed(struct timer *timer)
{
    const struct deadline *deadline = (struct deadline *)timer;
    struct call *call = handle_find(HANDLE_ASYNC, deadline->async);

    if (fate_state(fate_of(deadline->async)) == ASYNC_PENDING && !expire(call))
        reactor_arm(timer, timer_now() + retry_ns);
}

static struct deadline *need(struct call *call)
{
    struct deadline *deadline = call->deadline;

    if (deadline != NULL)
        return deadline;
    deadline = malloc(sizeof(*deadline));
    if (deadline == NULL)
        return NULL;
    if (!timer_open(&deadline->timer, passed)) {
        free(deadline);
        return NULL;
    }
    deadline->async = call->async;
    deadline->kind = DEADLINE_DEFAULT;
    call->deadline = deadline;
    return deadline;
}

void deadline_drop(struct call *call)
{
    if (call->deadline == NULL)
        return;
    timer_close(&call->deadline->timer);
    free(call->deadline);
    call->deadline = NULL;
}

bool deadline_set(struct call *call, enum deadline_kind kind, int64_t value)
{
    struct deadline *deadline;

    if (kind == DEADLINE_DEFAULT) {
        deadline_drop(call);
        return true;
    }
    deadline = need(call);
    if (deadline == NULL)
        return false;
    deadline->kind = kind;
    deadline->value = value;
    return true;
}

static enum deadline_kind kind_of(const struct call *call)
{
    return call->deadline != NULL ? call->deadline->kind : DEADLINE_DEFAULT;
}

bool deadline_arm(struct call *call, bool is_end)
{
    const enum deadline_kind kind = kind_of(call);
    struct deadline *deadline;
    int64_t at_ns;

    if (call->async.slot == 0 || kind == DEADLINE_NONE ||
        (kind == DEADLINE_DEFAULT && (is_end || default_ms == 0)))
        return true;
    deadline = need(call);
    if (deadline == NULL || !reactor_have())
        return false;
    if (kind == DEADLINE_AT)
        at_ns = deadline->value;
    else
        at_ns = timer_now() + ms_ns * (kind == DEADLINE_AFTER ? deadline->value : default_ms);
    reactor_arm(&deadline->timer, at_ns);
    return true;
}

void deadline_disarm(struct call *call)
{
    if (call->deadline != NULL)
        timer_disarm(&call->deadline->timer);
}

void sspia_set_default_deadline(uint32_t milliseconds)
{
    engine_lock();
    default_ms = milliseconds;
    engine_unlock();
}
