/* SPDX-License-Identifier: MIT */
#ifndef GSS_EXCHANGE_H
#define GSS_EXCHANGE_H

#include "kdc.h"

#include <poll.h>
#include <stdint.h>

/* One request to the KDCs of one realm, and its reply, on sockets of our own. Belongs to one
 * thread at a time; never blocks. */
typedef struct gss_exchange gss_exchange;

/* How many descriptors it may come to have open at once. */
unsigned gss_exchange_size(const gss_kdcs *kdcs);

/* Begins one; the request is copied. limit: larger requests go by TCP first; tcp_only: all do,
 * and nothing goes by UDP. NULL if memory ran out. */
gss_exchange *gss_exchange_open(krb5_context context, const gss_kdcs *kdcs,
                                const krb5_data *request, unsigned limit, bool tcp_only);

/* Goes on with what poll says of gss_exchange_fds, which may be all zero, and with the time.
 * True when it is over: then *code is 0 with the reply, KRB5_KDC_UNREACH, or what the KDCs said
 * of themselves. reply->data is freed with free. */
bool gss_exchange_go(gss_exchange *exchange, krb5_error_code *code, krb5_data *reply);

/* Whether it was one of these who answered, once gss_exchange_go said that it is over. */
bool gss_exchange_answered(const gss_exchange *exchange, const gss_kdcs *kdcs);

/* What it waits for, once gss_exchange_go said that it is not over; good until that is called
 * again. until: nanoseconds of CLOCK_MONOTONIC. */
struct pollfd *gss_exchange_fds(gss_exchange *exchange, unsigned *count, int64_t *until);

/* Closes its sockets, and takes no time. */
void gss_exchange_close(gss_exchange *exchange);
/* Also frees it; NULL is fine. */
void gss_exchange_free(gss_exchange *exchange);

#endif
