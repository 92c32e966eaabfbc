/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 *
 *  1. At most one piece of work has the turn (`taken`); everything that touches `state` or
 *     `parked` has it, or holds the last reference.
 *  2. The turn passes in the order of `waiting`, which is the order of submit. Work that
 *     waits is in no lane, so it holds no thread.
 *  3. After `closing` was set nothing joins `waiting`. An asynchronous delete sets it as it
 *     joins, so it is the last to have the turn. A synchronous delete sets it and drops the
 *     owner's reference: whoever lets go last takes the context down.
 *  4. Everybody who waits for the turn, or has it, holds a reference.
 */
#include "security_context.h"

#include <pthread.h>
#include <stdlib.h>

#include "credential.h"
#include "engine.h"
#include "pool.h"

struct security_context *security_context_create(const sspia_package *package,
                                                 struct credential *credential, bool acceptor,
                                                 void *state)
{
    struct security_context *context = calloc(1, sizeof(*context));

    if (context != NULL) {
        context->package = package;
        context->credential = credential;
        context->acceptor = acceptor;
        context->may_block = credential != NULL ? credential->may_block : package->may_block;
        context->state = state;
        if (handle_open(HANDLE_CONTEXT, context, &context->handle))
            return context;
        free(context);
    }
    if (engine_enter_package()) {
        package->delete_context(state);
        engine_leave_package();
    }
    if (credential != NULL)
        handle_release(credential->handle);
    return NULL;
}

bool security_context_queue(struct security_context *context, struct work *work)
{
    if (context->closing)
        return false;
    if (context->taken) {
        work_append(&context->waiting, work, WORK_WAITING);
        if (work->urgent)
            pool_hurry(); /* it waits behind one that may be deferred */
    } else {
        context->taken = true;
        pool_push(work);
    }
    return true;
}

struct turn {
    struct work work;
    pthread_cond_t granted_or_not;
    bool granted;
};

static void grant(struct work *work)
{
    struct turn *turn = (struct turn *)work;

    turn->granted = true;
    pthread_cond_signal(&turn->granted_or_not);
}

void security_context_yield(struct security_context *context)
{
    struct work *next = work_take(&context->waiting);

    if (next == NULL)
        context->taken = false;
    else if (next->kind == KIND_TURN)
        grant(next);
    else
        pool_push(next);
}

bool security_context_take_turn(struct security_context *context)
{
    bool open;

    engine_lock();
    open = !context->closing;
    if (open && context->taken) {
        struct turn turn = {.work = {.kind = KIND_TURN}};

        engine_cond_init(&turn.granted_or_not);
        work_append(&context->waiting, &turn.work, WORK_WAITING);
        pool_hurry();
        while (!turn.granted)
            engine_wait(&turn.granted_or_not, NULL);
        pthread_cond_destroy(&turn.granted_or_not);
    } else if (open) {
        context->taken = true;
    }
    engine_unlock();
    return open;
}

void security_context_end_turn(struct security_context *context)
{
    engine_lock();
    security_context_yield(context);
    engine_unlock();
}

bool security_context_tear_down(struct security_context *context)
{
    struct credential *credential = context->credential;

    if (context->state != NULL) {
        if (!engine_enter_package())
            return false;
        context->package->delete_context(context->state);
        engine_leave_package();
    }
    context->state = NULL;
    context->credential = NULL;
    if (credential != NULL)
        handle_release(credential->handle);
    return true;
}

bool security_context_destroy(void *object)
{
    struct security_context *context = object;

    if (!security_context_tear_down(context))
        return false;
    leg_free(context->parked);
    free(context);
    return true;
}

/* Whoever had the turn in the parent is not here to give it back. Its package may be in the
 * midst of anything, so it is not entered again for this context, not even to free. */
void security_context_after_fork(void *object)
{
    struct security_context *context = object;

    if (context->taken) {
        context->state = NULL;
        context->broken = true;
    }
    context->taken = false;
    context->waiting = (struct work_list){NULL, NULL};
}
