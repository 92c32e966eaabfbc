/* SPDX-License-Identifier: MIT */
/* The threads of a lane: how they come and go, sleep, and work. All with the engine lock held,
 * but for the first. */
#ifndef SSPI_ASYNC_CREW_H
#define SSPI_ASYNC_CREW_H

#include "lane.h"

/* What runs work, told before the first thread starts. run: the lock is not held when it is
 * called and is when it returns; true: somebody is still to be told of what was done, by a
 * later call of tell on the same thread, without the lock. */
void crew_set_runner(bool (*run)(struct work_list *chunk), void (*tell)(void));

/* Makes sure of a thread outside callbacks. */
bool crew_have_thread(struct lane_state *lane);
/* Wakes a thread, or starts one if none sleeps and the limit allows it. */
void crew_wake(struct lane_state *lane);
/* Has those who sleep look whether they may leave, or whether they sleep for too long. */
void crew_stir(const struct lane_state *lane);

/* Runs what was taken on this thread, which is not the lane's. Lets go of the lock. */
void crew_run_here(struct lane_state *lane, struct work_list *chunk);

/* Around a callback: the thread does not count for its lane meanwhile. Nothing happens on a
 * thread that is no lane's. */
void crew_begin_callback(void);
void crew_end_callback(void);

/* In the child: the forking thread is no lane's. */
void crew_forget_own(void);

#endif
