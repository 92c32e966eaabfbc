/* SPDX-License-Identifier: MIT */
#ifndef SSPI_ASYNC_LUA_POLL_H
#define SSPI_ASYNC_LUA_POLL_H

/* Lua has no poll of its own: waits until a descriptor is readable, up to so many milliseconds
 * (negative: no limit). 1, or 0 if the time ran out or a signal came. */
int poll_fd(int fd, int timeout_ms);

#endif
