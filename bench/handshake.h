/* SPDX-License-Identifier: MIT */
/*
 * Whole handshakes, both sides in one process: from the first leg to the deletion of both
 * contexts, with credentials that are made once. Ours, and the same by the providers themselves
 * with the same flags, keys and settings.
 *
 * Each function ends the program (measure_fail) if a status is not the one that it expects.
 */
#ifndef BENCH_HANDSHAKE_H
#define BENCH_HANDSHAKE_H

#include <stdbool.h>

enum handshake_kind {
    HANDSHAKE_NTLM,
    HANDSHAKE_KERBEROS,
    HANDSHAKE_NEGOTIATE_NTLM,
    HANDSHAKE_NEGOTIATE_KERBEROS,
    HANDSHAKE_TLS,
    HANDSHAKE_KINDS
};

/* "NTLM", "Kerberos", "Negotiate (NTLM)", ... */
const char *handshake_name(enum handshake_kind kind);

/* A variable of the realm's, or of `./dev bench`; handshake_possible says which are missing. */
bool handshake_possible(enum handshake_kind kind);
char *handshake_value(const char *name);

/* Operations of the long form in one round: some 200 ms of them. */
long handshake_count(enum handshake_kind kind);

/* Microseconds that one of `count` handshakes took. */
double handshake_cost(void (*run)(long count), long count);

/* Ours. The credentials are those of the last ours_open. */
void ours_open(enum handshake_kind kind);
void ours_close(void);
/* One at a time: each leg asynchronous, waited for by sspia_async_wait. */
void ours_run(long count);
/* The same through the synchronous functions. */
void ours_run_synchronously(long count);
/* So many at a time, on one queue that this thread drains. */
void ours_run_in_flight(long count, int in_flight);

/* GSSAPI: NTLM or Kerberos, plain or in SPNEGO. */
void gssapi_open(enum handshake_kind kind);
void gssapi_close(void);
void gssapi_run(long count);

/* OpenSSL, with memory BIOs. */
void openssl_open(void);
void openssl_close(void);
void openssl_run(long count);

/* WinPR's NTLM. */
void winpr_open(void);
void winpr_close(void);
void winpr_run(long count);

/* Handshakes whose contexts stay, HANDSHAKES_KEPT at most, until they are let go; and so many
 * messages of 1 KiB that the initiator of the first one seals and its acceptor opens. */
#define HANDSHAKES_KEPT 2048
void ours_keep(long count);
void ours_exchange(long count);
void ours_let_go(void);
void gssapi_keep(long count);
void gssapi_exchange(long count);
void gssapi_let_go(void);
void winpr_keep(long count);
void winpr_exchange(long count);
void winpr_let_go(void);

#endif
