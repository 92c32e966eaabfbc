/* SPDX-License-Identifier: MIT */
/* What a test asks of the package Scripted, for languages without structures. */
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

#ifdef __cplusplus
}
#endif

#endif
