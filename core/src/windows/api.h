/* SPDX-License-Identifier: MIT */
/* What the functions of sspi.h share: strings of callers become UTF-8 of malloc. */
#ifndef SSPI_ASYNC_API_HELPERS_H
#define SSPI_ASYNC_API_HELPERS_H

#include "message.h"
#include "operation.h"
#include "text.h"

/* Prepare a job from the arguments of the A or W form; wide says which. On failure the
 * message is set. */
SECURITY_STATUS api_prepare_acquire(struct job *job, bool wide, const void *principal,
                                    const void *package,
                                    struct acquisition_arguments *arguments);
SECURITY_STATUS api_prepare_step(struct job *job, bool wide, const void *target,
                                 struct step_arguments *arguments);

/* Sets the message on failure; *result is NULL for NULL. */
SECURITY_STATUS api_text(const char *operation, bool wide, const void *source, char **result);

/* A reference to a live context and its turn, for a synchronous function; on failure the
 * message is set. */
SECURITY_STATUS api_enter_context(const char *operation, const SecHandle *words,
                                  struct security_context **context);
/* The way back: ends the turn and the reference, and keeps the message of a failure. */
SECURITY_STATUS api_leave_context(const char *operation, struct security_context *context,
                                  SECURITY_STATUS status, const sspia_report *report);

/* SSPIA_ATTR_DELEGATED_CREDENTIAL: a new credential, the caller's. expiry: seconds since 1970
 * UTC. */
SECURITY_STATUS api_query_delegated(const SecHandle *words, CredHandle *credential,
                                    int64_t *expiry);

#endif
