/* SPDX-License-Identifier: MIT */
#ifndef GSS_BLOCKING_H
#define GSS_BLOCKING_H

#include "query.h"

/* The same query by the C library, which holds the thread for as long as the DNS is silent;
 * or by plug-ins, which hold it for as long as they like. The C library heeds of
 * SSPI_ASYNC_DNS_SERVERS the first one, if that has an IPv4 address, and for KDCs alone. */
void gss_blocking_ask(gss_query query, unsigned flags, const char *name, gss_answer *answer);

#endif
