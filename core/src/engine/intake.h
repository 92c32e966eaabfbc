/* SPDX-License-Identifier: MIT */
/* How work comes to a lane, and from there to a thread. */
#ifndef SSPI_ASYNC_INTAKE_H
#define SSPI_ASYNC_INTAKE_H

#include "lane.h"

/* Without the lock: puts light work into an inbox of a lane that is open. True: nobody is woken
 * for it, as somebody naps; whoever is to hear of it had better do it. */
bool intake_put(struct lane_state *lane, struct work *work);

/* ---- With the engine lock held -------------------------------------------------------------
 */

/* One more call, unless the bound is reached or no thread can be had. */
bool intake_admit(struct lane_state *lane);
/* Calls of the lane have ended. */
void intake_dismiss(struct lane_state *lane, uint32_t count);
/* A call pauses; and goes on in this lane or another. False: there is no thread for it. */
void intake_leave(struct lane_state *lane);
bool intake_return(struct lane_state *lane, struct lane_state *from);

void intake_push(struct lane_state *lane, struct work *work);

/* Somebody waits for what may be deferred: the nap is ended, if work waits for that. */
void intake_hurry(struct lane_state *lane);
/* A thread that is not the lane's goes on to something else: finds one for what waits. */
void intake_see_to_the_rest(struct lane_state *lane);
/* The same, if the first that waits is not light. */
void intake_see_to_the_first(struct lane_state *lane);

/* It was configured anew. */
void intake_reconsider(struct lane_state *lane);

#endif
