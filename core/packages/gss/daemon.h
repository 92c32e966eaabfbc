/* SPDX-License-Identifier: MIT */
#ifndef GSS_DAEMON_H
#define GSS_DAEMON_H

#include "host.h"

#include <poll.h>
#include <stdbool.h>

/*
 * Ticket caches that a daemon keeps ("KCM:", sssd-kcm). libkrb5 asks it by a socket for each
 * use of a cache, and waits for ever if it does not answer. So it is asked here first whether
 * it lives, by a question that changes nothing, which can be waited for. Zero: not asked.
 */
typedef struct gss_daemon {
    bool asked;
    struct pollfd socket;
} gss_daemon;

/* Whether a cache is such a one; NULL: the default cache. Does not ask the daemon. */
bool gss_daemon_keeps(const char *cache);

/* True: it has answered, or there is none, which libkrb5 will say. False: wait says for what to
 * wait, but for stop; call it again. */
bool gss_daemon_ask(gss_daemon *daemon, sspia_wait *wait);

/* Closes what is open, and takes no time. It can be asked anew. */
void gss_daemon_leave(gss_daemon *daemon);

#endif
