/* SPDX-License-Identifier: MIT */
/* Those who drain a completion queue, on their own thread. */
#ifndef SSPI_ASYNC_DRAIN_H
#define SSPI_ASYNC_DRAIN_H

#include "queue.h"

/* What sspia_hub_queue_take does, without the message of a failure. */
int32_t drain_take(const sspia_queue *handle, int32_t timeout_ms, sspia_completion *completions,
                   uint32_t most);

/* Is this thread inside a dispatch or take of this queue, a callback perhaps? Then it comes to
 * light work that is submitted now, if it comes out of its callback soon. */
bool drain_is_under_way(struct handle queue);
/* The same, and not inside a callback: it comes to what is posted now, before it does anything
 * that may block. */
bool drain_is_taking(struct handle queue);

/* In the child: what the forking thread has taken was for the parent. */
void drain_after_fork(void);

#endif
