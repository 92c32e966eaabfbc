/* SPDX-License-Identifier: MIT */
/* What the functions of sspi_hub.h share: handles as numbers, bytes handed out. */
#ifndef SSPI_ASYNC_HUB_HELPERS_H
#define SSPI_ASYNC_HUB_HELPERS_H

#include "sspi_hub.h"
#include "submission.h"

struct outcome;

/* The number of a handle, 0 for one that is not; and the way back: words that no function
 * takes for a handle if the number is not one. */
uint64_t hub_number(enum handle_kind kind, const SecHandle *words);
SecHandle hub_words(enum handle_kind kind, uint64_t number);

/* Calls, queues and ids travel as pointers elsewhere; the functions that get these check them.
 */
void *hub_pointer(uint64_t number);

/* Hands out a copy of text; SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS hub_copy(const void *data, size_t size, sspia_hub_bytes *bytes);
SECURITY_STATUS hub_text(const char *text, sspia_hub_bytes *bytes);

/* A caller's text as a string of malloc, NULL for none. SEC_E_INVALID_PARAMETER with a message
 * that says `what` is wrong, or SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS hub_string(const char *operation, const char *what, const char *text,
                           size_t size, char **string);

/* Seconds since 1970 as callers get them: -1 for never. */
int64_t hub_time(int64_t seconds);

/* Where a submit goes; what is in it afterwards is let go of. SEC_E_INVALID_HANDLE: the queue
 * is not alive, and there is still an outcome to let go of. */
SECURITY_STATUS hub_open_destination(struct async_destination *destination, uint64_t queue,
                                     uint64_t id, struct outcome *outcome);
void hub_close_destination(struct async_destination *destination);

/* Submits a job with the destination of this submit; takes over job and outcome. */
SECURITY_STATUS hub_submit(uint64_t call, uint64_t queue, uint64_t id, struct job *job,
                           struct outcome *outcome);

/* The same for a delete or a free of what a number stands for. */
SECURITY_STATUS hub_submit_end(uint64_t call, uint64_t queue, uint64_t id,
                               const struct operation *operation, enum handle_kind kind,
                               uint64_t number);

/* A member of a package's description. */
SECURITY_STATUS hub_package_number(const SecPkgInfoA *info, uint32_t member, int64_t *number);
SECURITY_STATUS hub_package_text(const SecPkgInfoA *info, uint32_t member,
                                 sspia_hub_bytes *text);

#endif
