/* SPDX-License-Identifier: MIT */
/* The words of a script that have a call wait outside the package (SSPIA_WAITING). */
#ifndef SSPI_ASYNC_SCRIPTED_WAIT_H
#define SSPI_ASYNC_SCRIPTED_WAIT_H

#include "control.h"
#include "script.h"

enum wait_state { WAIT_BEGINS, WAIT_FD, WAIT_UNTIL, WAIT_RESUME, WAIT_THREAD, WAIT_OVER };

/* Of the call that is under way on a context, or makes a credential; zero at the start. */
struct wait {
    enum wait_state state;
    bool was_told; /* the core has been told what the state waits for */
    struct pollfd fd;
    int64_t until;
    struct driven driven;
};

/* Goes on with what the stage waits for: SSPIA_WAITING, SEC_E_OK when nothing is left, or the
 * failure. The next call begins anew. */
SECURITY_STATUS wait_run(struct wait *wait, const struct stage *stage, sspia_wait *core,
                         sspia_report *report);

/* For an object that is deleted. */
void wait_clear(struct wait *wait);

#endif
