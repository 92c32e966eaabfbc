/* SPDX-License-Identifier: MIT */
/* The gate in front of the packages: shut while the process forks, and for good when it exits.
 */
#ifndef SSPI_ASYNC_GATE_H
#define SSPI_ASYNC_GATE_H

#include <stdbool.h>

/* at_exit: called when the gate has shut for good, before those inside are waited for. */
void gate_start(void (*at_exit)(void));

/* Brackets every call into a package; may be nested. False: the process is exiting, do not go
 * in. May wait while the process forks. A thread is not cancelled in between. */
bool gate_enter(void);
void gate_leave(void);

/* True once the process is exiting: no call or callback starts any more. */
bool gate_is_closing(void);

/* Exit takes the process down around a thread of the pool, which may not even end then:
 * libraries clean up after it, with what they have just taken down. It stays in here. */
void gate_stop_at_exit(void);

/* What sspia_host.quiesce is: no one enters a package any more; waits for those inside, half a
 * second if they stand still, up to five if the machine is busy. */
void gate_quiesce(void);

/* fork: the gate is shut; with the engine lock held a bounded time is waited for packages to be
 * empty; and it is opened again with the lock held, in the child after gate_in_child. */
void gate_shut_for_fork(void);
void gate_before_fork(void);
void gate_open_after_fork(void);
void gate_in_child(void);
/* In the child: was it empty when the process forked? */
bool gate_was_empty(void);

#endif
