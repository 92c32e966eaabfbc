/* SPDX-License-Identifier: MIT */
#ifndef GSS_RESOLVER_H
#define GSS_RESOLVER_H

#include "host.h"
#include "query.h"

/*
 * Names of hosts and realms, looked up without holding a thread; those that plug-ins are asked
 * for, on one thread for all.
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
 *     lookup = gss_lookup_begin(GSS_QUERY_KDCS, 0, "EXAMPLE.COM");
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

typedef struct gss_lookup gss_lookup;

typedef enum gss_lookup_state {
    GSS_LOOKUP_DONE,  /* there is an answer, if only that there is none */
    GSS_LOOKUP_WAITS, /* for what fds and until say, or for host->resume of call */
    GSS_LOOKUP_THREAD /* it needs a thread that may block: call again on one */
} gss_lookup_state;

/* A caller's part in a look-up; nothing is sent yet. NULL if memory ran out. One call at a time
 * uses it. */
gss_lookup *gss_lookup_begin(gss_query query, unsigned flags, const char *name);

/*
 * Goes on as far as that is possible without waiting. call: the sspia_wait.call of whoever
 * asks. may_block: whether this thread may; it does only after GSS_LOOKUP_THREAD. fds: on entry
 * *count of them, as this function left them, with revents (0 the first time); on return what
 * to wait for, *count up to GSS_LOOKUP_FDS, 0 for those who do not lead. until: a time of
 * CLOCK_MONOTONIC in nanoseconds, INT64_MAX if none. Descriptors may be closed and others
 * opened before it returns.
 *
 * Who was told WAITS or THREAD comes back for what it was told, or ends the look-up: others may
 * depend on it. To come back early does no harm.
 */
gss_lookup_state gss_lookup_go(gss_lookup *lookup, void *call, bool may_block,
                               struct pollfd *fds, uint32_t *count, int64_t *until);

/* After GSS_LOOKUP_DONE; good until gss_lookup_end. */
const gss_answer *gss_lookup_answer(const gss_lookup *lookup);

/* In any state; NULL is fine. Takes no time: the last who wanted the answer closes the
 * descriptors here; a leader whom others depend on resumes (host->resume) one of them. */
void gss_lookup_end(gss_lookup *lookup);

/* Forgets all answers. For tests. */
void gss_resolver_forget(void);

#endif
