/* SPDX-License-Identifier: MIT */
/*
 * Kerberos logons, each to a service of its own and with a completion on one queue: what is
 * measured while a KDC is silent. All belong to one credential, alice's by her ticket cache.
 *
 * Each function ends the program (measure_fail) if a status is not the one that it expects.
 */
#ifndef BENCH_LOGON_H
#define BENCH_LOGON_H

#include <sspi.h>

struct logon {
    SspiAsyncContext *async;
    CtxtHandle context;
    SecBuffer token;
    SecBufferDesc tokens;
    char target[48];
    double ended; /* measure_now() of its callback */
};

/* Ends the program, with the message of the last function, if they differ. */
void logon_expect(SECURITY_STATUS status, SECURITY_STATUS expected, const char *what);

/* An outbound credential of the tickets in that cache. */
CredHandle logon_acquire(const char *ccache);

/* So many, which stay until the end; none is under way. */
struct logon *logons_open(int count);
void logons_close(void);

/* Submits the first leg, with a deadline at that moment of measure_now(); 0: without one.
 * credential: NULL for that of all. */
void logon_submit(struct logon *logon, const CredHandle *credential, double at);

/* How many have ended since the last call of logons_begin. */
void logons_begin(void);
long logons_ended(void);
/* Takes completions for up to that long. */
void logons_take(int milliseconds);
/* Until so many have ended. */
void logons_await(long count);

/* By how many ms the last to end came too late, of every step-th from the first on. */
double logons_lateness(int first, int step, double at);

/* Expects the same status of the first `count`, of every step-th from the first on, and makes
 * them ready for another round. */
void logons_reinit(int first, int step, int count, SECURITY_STATUS expected);

/* Descriptors and threads of the process. */
long logons_files(void);
long logons_threads(void);

#endif
