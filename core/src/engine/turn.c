/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 *
 *  1. At most one piece of work has the turn (`taken`).
 *  2. The turn passes in the order of `waiting`, which is the order of submit. Work that
 *     waits is in no lane, so it holds no thread.
 *  3. After `closed` was set nothing joins `waiting`. An asynchronous delete sets it as it
 *     joins, so it is the last to have the turn.
 *  4. Everybody who waits for the turn, or has it, holds a reference to what it is of.
 */
#include "turn.h"

#include <pthread.h>

#include "lock.h"
#include "pool.h"

bool turn_queue(struct turns *turns, struct work *work)
{
    if (turns->closed)
        return false;
    if (turns->taken) {
        work_append(&turns->waiting, work, WORK_WAITING);
        if (work->urgent)
            pool_hurry(); /* it waits behind one that may be deferred */
    } else {
        turns->taken = true;
        pool_push(work);
    }
    return true;
}

/* A thread that waits for its turn, to run something itself. */
struct visitor {
    struct work work;
    pthread_cond_t granted_or_not;
    bool granted;
};

static void grant(struct work *work)
{
    struct visitor *visitor = (struct visitor *)work;

    visitor->granted = true;
    pthread_cond_signal(&visitor->granted_or_not);
}

void turn_yield(struct turns *turns)
{
    struct work *next = work_take(&turns->waiting);

    if (next == NULL)
        turns->taken = false;
    else if (next->kind == KIND_VISITOR)
        grant(next);
    else
        pool_push(next);
}

void turn_withdraw(struct turns *turns, struct work *work)
{
    work_remove(&turns->waiting, work);
}

bool turn_take(struct turns *turns)
{
    bool open;

    engine_lock();
    open = !turns->closed;
    if (open && turns->taken) {
        struct visitor visitor = {.work = {.kind = KIND_VISITOR}};

        engine_cond_init(&visitor.granted_or_not);
        work_append(&turns->waiting, &visitor.work, WORK_WAITING);
        pool_hurry();
        while (!visitor.granted)
            engine_wait(&visitor.granted_or_not, NULL);
        pthread_cond_destroy(&visitor.granted_or_not);
    } else if (open) {
        turns->taken = true;
    }
    engine_unlock();
    return open;
}

void turn_end(struct turns *turns)
{
    engine_lock();
    turn_yield(turns);
    engine_unlock();
}

void turn_close(struct turns *turns)
{
    engine_lock();
    turns->closed = true;
    engine_unlock();
}

bool turn_after_fork(struct turns *turns)
{
    bool taken = turns->taken;

    turns->taken = false;
    turns->waiting = (struct work_list){NULL, NULL};
    return taken;
}
