/* SPDX-License-Identifier: MIT */
#ifndef GSS_INQUIRY_H
#define GSS_INQUIRY_H

#include "query.h"

#include <poll.h>

/*
 * A query on its way to the DNS, in the hands of one thread at a time: by c-ares
 * (inquiry_ares.c); where it is not built in there are none (inquiry_none.c).
 */
typedef struct gss_inquiry gss_inquiry;

/* Sends the query; what comes back goes into answer, which outlives it. NULL if it has to be
 * done on a thread (blocking.h). */
gss_inquiry *gss_inquiry_open(gss_query query, unsigned flags, const char *name,
                              gss_answer *answer);

/* As gss_lookup_go. True when it is over. */
bool gss_inquiry_go(gss_inquiry *inquiry, struct pollfd *fds, uint32_t *count, int64_t *until);

/* Closes its descriptors, and takes no time. NULL is fine. */
void gss_inquiry_close(gss_inquiry *inquiry);

#endif
