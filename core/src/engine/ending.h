/* SPDX-License-Identifier: MIT */
/* A pending call is completed before it has run to its end: by cancel, or at its deadline. */
#ifndef SSPI_ASYNC_ENDING_H
#define SSPI_ASYNC_ENDING_H

#include "call.h"

/* With the engine lock held. The deadline of a PENDING call has passed: completes it. Whoever
 * calls this tells the queues (run_tell) without the lock. False: there is no memory, or no
 * thread for what is left to do; the call goes on. */
bool ending_by_deadline(struct call *call);

#endif
