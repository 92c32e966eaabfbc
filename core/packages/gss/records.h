/* SPDX-License-Identifier: MIT */
#ifndef GSS_RECORDS_H
#define GSS_RECORDS_H

#include "answer.h"

/* The record types that name servers: RFC 2782, RFC 7553. */
#define GSS_RECORD_SRV 33
#define GSS_RECORD_URI 256

/* What a reply of the DNS says of one type. transport: of SRV's servers. primary_only: of URIs
 * those alone that are of a primary KDC; those of SRV all are, or none is. A record that makes
 * no sense is left out. False if the message is garbage or memory ran out. */
bool gss_records_read(gss_answer *answer, int type, gss_transport transport, bool primary_only,
                      const void *message, size_t size);

#endif
