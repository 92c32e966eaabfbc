/* SPDX-License-Identifier: MIT */
/* A line for each call that ends, for people who look for the slow one (sspia_set_trace). Off,
 * it costs a look at one word. */
#ifndef SSPI_ASYNC_TRACE_H
#define SSPI_ASYNC_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "job.h"

extern _Atomic int trace_descriptor; /* -1: off */

static inline bool trace_is_on(void)
{
    return atomic_load_explicit(&trace_descriptor, memory_order_relaxed) >= 0;
}

/* The job is about to be run, or to go on: when that began. */
int64_t trace_begin(const struct job *job);
/* It has ended, with a status; begun: what trace_begin said, 0: it never began. */
void trace_end(const struct job *job, SECURITY_STATUS status, int64_t begun);
/* When a job that may wait was first run, as others see it; 0: it was not, or is no such. */
int64_t trace_begun(const struct job *job);

#endif
