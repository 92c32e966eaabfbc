/* SPDX-License-Identifier: MIT */
/* The turns of the calls on one object: one at a time, in the order of submit. */
#ifndef SSPI_ASYNC_TURN_H
#define SSPI_ASYNC_TURN_H

#include <stdbool.h>

#include "work.h"

/* All under the engine lock. */
struct turns {
    struct work_list waiting; /* for the turn, in the order of submit */
    bool taken;               /* somebody has it */
    bool closed;              /* a delete has been queued or made: nobody may queue any more */
};

/* With the engine lock held. Gives work the turn, handing it to its lane at once if the turn
 * is free. False: a delete came first. */
bool turn_queue(struct turns *turns, struct work *work);
/* Ends a turn and gives it to the next. */
void turn_yield(struct turns *turns);
/* Takes back work that waits for its turn. */
void turn_withdraw(struct turns *turns, struct work *work);

/* Without the lock, for a caller that waits on its own thread. False: a delete came first. */
bool turn_take(struct turns *turns);
void turn_end(struct turns *turns);
/* Nobody may queue any more. */
void turn_close(struct turns *turns);

/* In the child: nobody has the turn, or waits for it. Whether somebody had it. */
bool turn_after_fork(struct turns *turns);

#endif
