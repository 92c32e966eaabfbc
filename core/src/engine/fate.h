/* SPDX-License-Identifier: MIT */
/* What becomes of a call: the moves of its state, the status that its async context shows, and
 * the threads that wait for a move. */
#ifndef SSPI_ASYNC_FATE_H
#define SSPI_ASYNC_FATE_H

#include <time.h>

#include "call.h"

/* All with the engine lock held. */

/* Sets the call's state and, if it is attached, its async context's status; tells those who
 * wait for that. */
void fate_move(struct call *call, enum async_state state, SECURITY_STATUS status);
/* The call is complete, with the status of its job. */
void fate_complete(struct call *call);

/* Tells those who wait for the async context at a slot to look again. */
void fate_tell(uint32_t slot);

/* Waits for the async context at a slot to move once. */
void fate_wait(uint32_t slot);
/* The same, until the deadline (NULL: none; false: it passed) or until the thread is cancelled,
 * whose cancel state was cancel_state before it was disabled. */
bool fate_wait_until(uint32_t slot, const struct timespec *deadline, int cancel_state);

/* Those who waited were threads of the parent. */
void fate_after_fork(void);

#endif
