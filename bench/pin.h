/* SPDX-License-Identifier: MIT */
/* Where the threads of this process may run. A thread inherits it from the one that starts it:
 * pools are to have their threads before the caller is pinned. */
#ifndef BENCH_PIN_H
#define BENCH_PIN_H

enum pin { PIN_FREE, PIN_CALLER, PIN_ALL };

/* The calling thread, or all that there are now, to the first processor; or all back to where
 * the process might run at the first call. */
void pin(enum pin how);

#endif
