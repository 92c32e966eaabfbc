/* SPDX-License-Identifier: MIT */
/* Those who drain a completion queue, on their own thread. */
#ifndef SSPI_ASYNC_DRAIN_H
#define SSPI_ASYNC_DRAIN_H

#include "queue.h"

/* What sspia_hub_queue_take does, without the message of a failure. */
int32_t drain_take(const sspia_queue *handle, int32_t timeout_ms, sspia_completion *completions,
                   uint32_t most);

/* Does this thread drain this queue just now? Then it comes to what is submitted or posted. */
bool drain_is_under_way(struct handle queue);

/* In the child: what the forking thread has taken was for the parent. */
void drain_after_fork(void);

#endif
