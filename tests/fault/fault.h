/* SPDX-License-Identifier: MIT */
/*
 * fault.h - makes the n-th request for memory, a thread or a descriptor fail.
 *
 * The linker sends the requests of our own objects here (--wrap, see tests/CMakeLists.txt);
 * those of the system's libraries go where they always go.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>

/* From now on the n-th request fails, and none after it; 0: every one succeeds. */
void fault_arm(unsigned long n);
/* How many requests there were since. */
unsigned long fault_requests(void);
/* What failed, "calloc" for instance; NULL: nothing. */
const char *fault_hit(void);

/* What LeakSanitizer says, where it is linked: true if memory is lost. */
bool fault_leaks(void);

#endif
