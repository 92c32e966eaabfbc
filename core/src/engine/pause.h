/* SPDX-License-Identifier: MIT */
/* A call pauses while its package waits: it leaves thread and lane, and comes back. */
#ifndef SSPI_ASYNC_PAUSE_H
#define SSPI_ASYNC_PAUSE_H

#include "call.h"

/* By the thread that has run a call whose job's status is SSPIA_WAITING; without the lock,
 * which is held when it returns. True: the call is in other hands. False: nobody wants to know
 * any more how it ends, or it cannot wait: the wait is stopped, and the status is how it ends.
 */
bool pause_begin(struct call *call, struct job *job, sspia_report *report);

/* The next two with the engine lock held. */

/* Does the call pause, or has it paused and not been taken by a thread yet? */
bool pause_is_on(const struct call *call);

/* Drops a call that does, and that is parted from its async context: it ends unfinished. It is
 * added to a list for pause_settle. */
void pause_drop(struct call *call, struct work_list *dropped);

/* The rest without the lock. pause_stop has the packages stop what was dropped, which takes no
 * time; pause_hand_over lets others have the turns, and hands the jobs to the quick lane to be
 * discarded. pause_settle does both. */
void pause_stop(struct work_list *dropped, struct work_list *stopped);
void pause_hand_over(struct work_list *stopped);
void pause_settle(struct work_list *dropped);

/* What sspia_host.is_wanted is. */
int pause_is_wanted(void *wait_call);

#endif
