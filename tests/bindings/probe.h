/* SPDX-License-Identifier: MIT */
/* What a test or a measurement asks of the package Scripted and of its own process, for
 * languages without structures. */
#ifndef PROBE_H
#define PROBE_H

#ifdef __cplusplus
extern "C" {
#endif

/* Alive in the process; the probe's own credential is not counted. */
int probe_contexts(void);
int probe_credentials(void);
/* Calls that wait to be released. */
int probe_blocked(void);
/* Comes back when so many have gone on. */
void probe_release(int count);

/* What the process has: resident memory, in KiB, and threads. */
int probe_resident(void);
int probe_threads(void);
/* Of these the library's own, which bear its names. */
int probe_library_threads(void);

/* A logon by the synchronous functions, as bindings to a library that blocks make it: its first
 * leg, and the end of its context. Returns the status. */
int probe_log_on(const char *package, const char *target);
/* Threads that are inside of probe_log_on. */
int probe_inside(void);

#ifdef __cplusplus
}
#endif

#endif
