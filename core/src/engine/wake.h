/* SPDX-License-Identifier: MIT */
/* A descriptor that polls as readable while it is raised. */
#ifndef SSPI_ASYNC_WAKE_H
#define SSPI_ASYNC_WAKE_H

#include <stdbool.h>

/* -1 with errno. */
int wake_open(bool raised);
void wake_close(int fd);
/* Both are for the side that knows the present state: raise a lowered one, and back. */
void wake_raise(int fd);
void wake_lower(int fd);
/* In a forked child: cuts the descriptor's tie to the parent, under the same number. */
void wake_after_fork(int fd);

#endif
