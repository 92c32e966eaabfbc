/* SPDX-License-Identifier: MIT */
/* The security contexts that are measured on, and the checks that calls did what they should:
 * a measurement of calls that fail is none. */
#ifndef BENCH_CONTEXT_H
#define BENCH_CONTEXT_H

#include <sspi.h>
#include <stdbool.h>

/* Longer than any wait here lasts. */
#define PATIENCE_MS 30000

/* Ends the program unless the status is the expected one. */
void expect_status(SECURITY_STATUS actual, SECURITY_STATUS expected, const char *what);

/* Credentials, made on the first call and kept; no context is left without one. */
CredHandle *context_scripted(void); /* live contexts of a package that does something */
CredHandle *context_bare(void);     /* contexts that hold nothing; see bare.h */
/* Of a package of GSSAPI; NULL where it, or the realm for it, is not there. */
CredHandle *context_ntlm(void);
CredHandle *context_kerberos(void);

/* Live contexts: one leg each, by the synchronous call. */
void context_make(CredHandle *credential, CtxtHandle *contexts, long count);
/* A handle that was a context's and is not alive. */
CtxtHandle context_dead(void);

/* Waits until the pool has no call left. */
void context_quiet(void);

#endif
