/* SPDX-License-Identifier: MIT */
/* The operations: acquire, a leg, free, and delete of one context or of many. Each is prepared
 * as a job, which a synchronous function performs and an asynchronous one submits. */
#ifndef SSPI_ASYNC_OPERATION_H
#define SSPI_ASYNC_OPERATION_H

#include "acquisition.h"
#include "job.h"
#include "step.h"

/* Fill in a job; on failure there is nothing to discard. */
SECURITY_STATUS operation_prepare_acquire(struct job *job,
                                          const struct acquisition_arguments *arguments,
                                          sspia_report *report);
SECURITY_STATUS operation_prepare_step(struct job *job, const struct step_arguments *arguments,
                                       sspia_report *report);
/* What a free or a delete is to end; slot 0 if the words cannot be such a handle. False, with a
 * message: words is NULL. */
bool operation_target(const struct operation *operation, const SecHandle *words,
                      struct handle *target);

/* A synchronous call: runs it here and now, in its turn. */
SECURITY_STATUS operation_perform(struct job *job);

#endif
