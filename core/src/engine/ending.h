/* SPDX-License-Identifier: MIT */
/* A pending call is completed before it has run to its end: by cancel, or at its deadline. */
#ifndef SSPI_ASYNC_ENDING_H
#define SSPI_ASYNC_ENDING_H

#include "call.h"

/* On the reactor's thread. With the engine lock held: the deadline of a PENDING call has
 * passed; completes it. False: there is no memory, or no thread for what is left to do; the
 * call goes on. ending_tell follows, for any number of them: without the lock it tells the
 * queues, and has packages stop what they waited for. If no more follow it also hands over
 * what is left of those that waited. */
bool ending_by_deadline(struct call *call);
void ending_tell(bool more_follow);

#endif
