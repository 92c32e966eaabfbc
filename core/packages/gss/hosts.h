/* SPDX-License-Identifier: MIT */
#ifndef GSS_HOSTS_H
#define GSS_HOSTS_H

#include <netinet/in.h>
#include <stdbool.h>

#define GSS_HOSTS_MAX 8u

/* An address without a port. */
typedef struct gss_hosts_address {
    union {
        struct sockaddr sa;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } any;
} gss_hosts_address;

/* The addresses of a host, in the order in which to try them; none if it has none. A name is
 * looked up by the system, which blocks, and kept for a minute. False: it is not known, and
 * may_block forbids to look. Any thread. */
bool gss_hosts_find(const char *host, bool may_block, gss_hosts_address *addresses,
                    unsigned *count);

/* Whether two addresses are the same, with their ports. */
bool gss_hosts_same(const gss_hosts_address *one, const gss_hosts_address *other);

#endif
