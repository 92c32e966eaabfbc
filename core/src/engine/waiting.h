/* SPDX-License-Identifier: MIT */
/* The wait of a call whose package has returned SSPIA_WAITING: what the two sides tell each
 * other, and a name for host->resume. */
#ifndef SSPI_ASYNC_WAITING_H
#define SSPI_ASYNC_WAITING_H

#include <stdbool.h>

#include "handle.h"
#include "sspi_package.h"

/* Of a job that may wait; a part of its arguments, zero at the start. */
struct waiting {
    sspia_wait wait;
    struct handle handle; /* what wait.call stands for; slot 0: the package is not at work */
    bool outside;         /* it has returned SSPIA_WAITING and was not called again */
    bool is_due;          /* outside, and has been resumed */
    bool on_thread;       /* it asked for a thread that may block: the next call is on one */
    int wake;             /* raised by resume, for a thread that polls; or -1 */
    struct waiting *next, *previous; /* of those outside */
};

void waiting_start(void);

/* Bracket a call into the package; they pass the gate. SEC_E_SHUTDOWN_IN_PROGRESS and
 * SEC_E_INSUFFICIENT_MEMORY: do not go in. */
SECURITY_STATUS waiting_enter(struct waiting *waiting);
void waiting_leave(struct waiting *waiting, SECURITY_STATUS status);

/* Was the package called, and is to be called again? By whoever runs the job. */
static inline bool waiting_is_open(const struct waiting *waiting)
{
    return waiting->handle.slot != 0;
}

/* Waits on this thread until the package is to be called again. */
void waiting_here(struct waiting *waiting);

/* What sspia_host.resume is. */
void waiting_resume(void *call);

#endif
