/* SPDX-License-Identifier: MIT */
/* DTLS 1.2 (RFC 6347): records in datagrams, which may be lost, doubled and out of order. */
#ifndef SCHANNEL_DATAGRAM_H
#define SCHANNEL_DATAGRAM_H

#include "context.h"

#define DATAGRAM_HEADER_SIZE 13u

/* MS-docs: what SECBUFFER_DTLS_MTU may say, and what counts without it. */
#define DATAGRAM_MTU_MIN     200u
#define DATAGRAM_MTU_DEFAULT 1096u

/* The size of the record at the beginning; 0: there is none that is whole. */
size_t datagram_record(const uint8_t *bytes, size_t size);

/* For the SSL of a new context. */
SECURITY_STATUS datagram_prepare(struct context *context, sspia_report *report);

/* What the caller says with a leg: the MTU, and to an acceptor the peer's address. */
SECURITY_STATUS datagram_read_buffers(struct context *context, const sspia_step *step,
                                      sspia_report *report);
SECURITY_STATUS datagram_set_mtu(struct context *context, const void *buffer, size_t size,
                                 sspia_report *report);

/* No datagram came in time: what the peer is owed is written again if that is due. */
SECURITY_STATUS datagram_wait_is_over(struct context *context, sspia_report *report);

/* Milliseconds until that is due; UINT32_MAX: nothing is awaited. */
uint32_t datagram_patience(const struct context *context);

/* Gives one datagram of what is in `out`. If there are more, the status becomes
 * SEC_I_MESSAGE_FRAGMENT, and is kept for the leg that gives the last. */
SECURITY_STATUS datagram_give(struct context *context, SECURITY_STATUS status,
                              sspia_step_result *result);

#endif
