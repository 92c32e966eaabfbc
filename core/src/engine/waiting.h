/* SPDX-License-Identifier: MIT */
/* The wait of a job whose package has returned SSPIA_WAITING: what the two sides tell each
 * other, and a name for host->resume. */
#ifndef SSPI_ASYNC_WAITING_H
#define SSPI_ASYNC_WAITING_H

#include <stdbool.h>

#include "handle.h"
#include "sspi_package.h"
#include "timer.h"

struct call;

/* Of a job that may wait; a part of its arguments, zero at the start. */
struct waiting {
    sspia_wait wait;
    struct handle handle; /* what wait.call stands for; slot 0: none */
    uint32_t watched;     /* of its descriptors, so many: the first ones, by the reactor */
    bool on_thread;       /* it asked for a thread that may block: the next call is on one */
    bool has_timer;
    _Atomic int64_t begun_ns; /* when it was first run, if there is a trace */

    /* Engine lock. */
    bool outside; /* the package has returned SSPIA_WAITING, and was neither called again nor
                   * told to stop */
    bool is_due;  /* outside, and what it waits for has come */
    struct waiting *next, *previous;      /* of those outside */
    void (*due)(struct waiting *waiting); /* told when it is, under the lock; or NULL */
    struct call *call; /* whose job it is, for `due`; NULL before its first pause */
    struct timer timer;
    int wake; /* raised when it is due, for a thread that polls; or -1 */
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

/* Has the reactor watch the descriptors of a wait that is outside, until the package is called
 * again or told to stop. A thread that has_time looks at them itself for a moment. *at_ns: when
 * the wait is over though nobody says so, or INT64_MAX. False: there is no thread or memory. It
 * can be armed afterwards. */
bool waiting_watch(struct waiting *waiting, bool has_time, int64_t *at_ns);

/* With the engine lock held: sees to it that `due` is called at that moment, for a wait that is
 * being watched. */
void waiting_arm(struct waiting *waiting, int64_t at_ns);
void waiting_disarm(struct waiting *waiting);

/* The wait is not to be over: tells the package to stop. By whoever has the job. */
void waiting_stop(struct waiting *waiting);

/* What sspia_host.resume is, and the same with the engine lock held. */
void waiting_resume(void *call);
void waiting_end(void *call);

/* With the engine lock held: the call that a wait is of, NULL before its first pause. False: it
 * is over. */
bool waiting_find_call(void *call, struct call **found);

/* At exit, and in the child of a fork if no package was being run: stops all. */
void waiting_at_exit(void);
void waiting_after_fork(bool packages_are_whole);

#endif
