/* SPDX-License-Identifier: MIT */
/* What the package counts, and the gate that `block` waits at. */
#ifndef SSPI_ASYNC_SCRIPTED_CONTROL_H
#define SSPI_ASYNC_SCRIPTED_CONTROL_H

#include <stdbool.h>

#include "sspi_package.h"
#include "sspi_scripted.h"

extern const sspia_host *scripted_host;

enum control_count {
    CONTROL_CREDENTIALS,
    CONTROL_CONTEXTS,
    CONTROL_LEGS,
    CONTROL_GROWN,
    CONTROL_WAITING,
    CONTROL_BEGUN,
    CONTROL_STOPPED,
    CONTROL_ABANDONED,
    CONTROL_IDLE_CALLS,
    CONTROL_COUNTS,
};

void control_add(enum control_count which, int64_t by);
void control_note(char operation);

/* Waits for a permit; gives permits. */
void control_block(void);
void control_release(uint32_t permits);

/* A call that waits outside the package for a permit. */
struct driven {
    struct driven *next;
    bool is_in;   /* the list of those that wait */
    bool was_met; /* it has had its permit */
    int fd;       /* raised when it has, or -1: call is resumed */
    void *call;
};
void control_join(struct driven *driven, int fd, void *call);
bool control_was_driven(const struct driven *driven);
/* Nothing happens if it is not in. */
void control_leave(struct driven *driven);

/* A call that is over: each release resumes the last of them once more, which must not matter.
 */
void control_remember(void *call);

/* The credential attributes of sspi_scripted.h. */
SECURITY_STATUS control_query(uint32_t attribute, void *buffer);
SECURITY_STATUS control_set(uint32_t attribute, const void *buffer, size_t size);

#endif
