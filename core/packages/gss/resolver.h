/* SPDX-License-Identifier: MIT */
#ifndef GSS_RESOLVER_H
#define GSS_RESOLVER_H

#include "answer.h"
#include "host.h"

/*
 * Names of hosts and realms, looked up without holding a thread.
 *
 * All calls of the process that want the same thing share one look-up, and its answer for as
 * long as the DNS says (60 s where it does not; 5 s if there is nothing). What failed is not
 * remembered. One of those who share, the leader, has the look-up's descriptors; the others
 * wait for host->resume. If the leader is stopped, another one is resumed and leads.
 *
 * The servers are those of resolv.conf, with its timeout and attempts. SSPI_ASYNC_DNS_SERVERS
 * ("127.0.0.1:5300,[::1]:53") names others; it is ignored in a process with raised privilege.
 *
 * A caller goes like this, on whatever thread its package is called:
 *
 *     lookup = gss_lookup_begin(GSS_QUERY_KDCS, "EXAMPLE.COM");
 *     switch (gss_lookup_go(lookup, wait->call, may_block, fds, &count, &until)) {
 *     case GSS_LOOKUP_DONE:    answer = gss_lookup_answer(lookup); ... gss_lookup_end(lookup);
 *     case GSS_LOOKUP_WAITS:   fds[0..count), until: wait for them, then the same again
 *     case GSS_LOOKUP_THREAD:  SSPIA_WAIT_THREAD, then the same again with may_block
 *     }
 *
 * and calls gss_lookup_end, from sspia_wait.stop too, if it does not want the answer any more.
 */

/* Room that a caller gives a look-up for descriptors. */
#define GSS_LOOKUP_FDS 8u

typedef enum gss_query {
    /* The KDCs of a realm, to answer->servers: records of the type URI, _kerberos.REALM, else
     * SRV, _kerberos._udp.REALM and then _kerberos._tcp.REALM, each in the order of priority.
     * All of them are asked for at once; libkrb5, whose order that is, asks one by one. */
    GSS_QUERY_KDCS,
    /* Its primary KDC: the URIs that say so, else SRV, _kerberos-master. */
    GSS_QUERY_PRIMARY_KDCS,
    /* A host's addresses, to answer->addresses, in the order in which they should be tried
     * (RFC 6724). Numbers are answered without asking anybody. */
    GSS_QUERY_ADDRESSES,
    /* The canonical name of a host, to answer->name, as the DNS writes it: what AI_CANONNAME
     * of getaddrinfo gives. With REVERSE: then that of its first address (PTR), if it has
     * one. */
    GSS_QUERY_CANONICAL,
    GSS_QUERY_CANONICAL_REVERSE
} gss_query;

typedef struct gss_lookup gss_lookup;

typedef enum gss_lookup_state {
    GSS_LOOKUP_DONE,  /* there is an answer, if only that there is none */
    GSS_LOOKUP_WAITS, /* for what fds and until say, or for host->resume of call */
    GSS_LOOKUP_THREAD /* it needs a thread that may block: call again on one */
} gss_lookup_state;

/* A caller's part in a look-up; nothing is sent yet. NULL if memory ran out. One call at a time
 * uses it. */
gss_lookup *gss_lookup_begin(gss_query query, const char *name);

/*
 * Goes on as far as that is possible without waiting, or with may_block to the end. call: the
 * sspia_wait.call of whoever asks. fds: on entry *count of them, as this function left them,
 * with revents (0 the first time); on return what to wait for, *count up to GSS_LOOKUP_FDS (0
 * for those who do not lead). until: a time of CLOCK_MONOTONIC in nanoseconds, INT64_MAX if
 * none. Descriptors may be closed, and others opened, before it returns.
 *
 * A caller that was told WAITS or THREAD must come back as it was told, or end the look-up:
 * others may depend on it. Why it comes back does not matter.
 */
gss_lookup_state gss_lookup_go(gss_lookup *lookup, void *call, bool may_block,
                               struct pollfd *fds, uint32_t *count, int64_t *until);

/* After GSS_LOOKUP_DONE; good until gss_lookup_end, longer with gss_answer_keep. */
const gss_answer *gss_lookup_answer(const gss_lookup *lookup);

/* In any state; NULL is fine. Takes no time: the last who wanted the answer closes the
 * descriptors here; a leader whom others depend on resumes (host->resume) one of them. */
void gss_lookup_end(gss_lookup *lookup);

/* Forgets all answers. For tests. */
void gss_resolver_forget(void);

#endif
