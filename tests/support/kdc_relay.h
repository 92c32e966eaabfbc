/* SPDX-License-Identifier: MIT */
/*
 * kdc_relay.h - a KDC with faults: a relay on loopback in front of a real one, by UDP and TCP.
 * And more real KDCs of the same realm. For tests that run inside `realm run`.
 */
#ifndef KDC_RELAY_H
#define KDC_RELAY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

enum kdc_mood {
    KDC_FAITHFUL,
    KDC_SILENT,      /* takes the request, says nothing */
    KDC_SLOW,        /* answers after a third of a second */
    KDC_HALF,        /* half a reply, then nothing; by TCP the end */
    KDC_GARBAGE,     /* as many bytes, none of them right */
    KDC_HANGS_UP,    /* by UDP as if silent */
    KDC_UNAVAILABLE, /* KDC_ERR_SVC_UNAVAILABLE */
};

struct kdc_relay {
    unsigned port;        /* its own */
    unsigned behind;      /* the real KDC's */
    atomic_int mood;      /* enum kdc_mood */
    atomic_uint requests; /* that came */
    int tcp, udp;
};

/* Starts one, for good. behind 0: the realm's KDC. */
void kdc_relay_start(struct kdc_relay *relay, unsigned behind);

/* Makes krb5.conf of the realm's, with these KDCs for the realm (lines "kdc = ..."), and these
 * lines in [libdefaults], and has the process use it. */
void kdc_configure(const char *kdcs, const char *defaults);

/* Another KDC of the realm: with the database in folder (NULL: the realm's), and these lines in
 * [kdcdefaults]. Returns when it listens. */
struct kdc_process {
    pid_t pid;
    unsigned port;
};
void kdc_process_start(struct kdc_process *kdc, const char *folder, const char *defaults);
void kdc_process_stop(struct kdc_process *kdc);

/* How many descriptors the process has open. */
unsigned kdc_descriptors(void);

#endif
