/* SPDX-License-Identifier: MIT */
/* What the package counts, and the gate that `block` waits at. */
#ifndef SSPI_ASYNC_SCRIPTED_CONTROL_H
#define SSPI_ASYNC_SCRIPTED_CONTROL_H

#include "sspi_package.h"
#include "sspi_scripted.h"

extern const sspia_host *scripted_host;

enum control_count { CONTROL_CREDENTIALS, CONTROL_CONTEXTS, CONTROL_LEGS, CONTROL_GROWN };

void control_add(enum control_count which, int64_t by);
void control_note(char operation);

/* Waits for a permit; gives permits. */
void control_block(void);
void control_release(uint32_t permits);

/* The credential attributes of sspi_scripted.h. */
SECURITY_STATUS control_query(uint32_t attribute, void *buffer);
SECURITY_STATUS control_set(uint32_t attribute, const void *buffer, size_t size);

#endif
