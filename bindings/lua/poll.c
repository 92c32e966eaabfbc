/* SPDX-License-Identifier: MIT */
#include "poll.h"

#include <poll.h>

int poll_fd(int fd, int timeout_ms)
{
    struct pollfd waits = {.fd = fd, .events = POLLIN};

    return poll(&waits, 1, timeout_ms) > 0;
}
