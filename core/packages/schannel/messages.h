/* SPDX-License-Identifier: MIT */
/* Handshake messages of TLS 1.3 without records (ISC_REQ_MESSAGES, ASC_REQ_MESSAGES), which a
 * transport of the caller's protects: QUIC (RFC 9001). */
#ifndef SCHANNEL_MESSAGES_H
#define SCHANNEL_MESSAGES_H

#include "context.h"

/* For the SSL of a new context. */
SECURITY_STATUS messages_prepare(struct context *context, sspia_report *report);

/* From SSL's message callback. */
void messages_note(struct context *context, bool writing, int type, const uint8_t *message,
                   size_t size);

/* How many bytes of whole messages there are, and how many are certain to follow of the next
 * one. False: no peer means what comes next. */
bool messages_measure(const uint8_t *bytes, size_t size, size_t *whole, size_t *missing);

/* A leg, with the caller's token (size 0: none). Gives all but attributes, expiry and alert. */
SECURITY_STATUS messages_leg(struct context *context, const sspia_step *step,
                             const uint8_t *token, size_t size, bool first,
                             sspia_step_result *result, sspia_report *report);

#endif
