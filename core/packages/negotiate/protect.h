/* SPDX-License-Identifier: MIT */
/* Messages and questions of an established context: the mechanism's. sspia_package's functions.
 */
#ifndef NEGOTIATE_PROTECT_H
#define NEGOTIATE_PROTECT_H

#include "sspi_package.h"

SECURITY_STATUS neg_query(void *context, uint32_t attribute, void *buffer,
                          sspia_report *report);
SECURITY_STATUS neg_set(void *context, uint32_t attribute, const void *buffer, size_t size,
                        sspia_report *report);
SECURITY_STATUS neg_make_signature(void *context, uint32_t qop, SecBufferDesc *message,
                                   sspia_report *report);
SECURITY_STATUS neg_verify_signature(void *context, SecBufferDesc *message, uint32_t *qop,
                                     sspia_report *report);
SECURITY_STATUS neg_encrypt(void *context, uint32_t qop, SecBufferDesc *message,
                            sspia_report *report);
SECURITY_STATUS neg_decrypt(void *context, SecBufferDesc *message, uint32_t *qop,
                            sspia_report *report);
SECURITY_STATUS neg_control(void *context, const SecBuffer *input, uint32_t input_count,
                            sspia_report *report);

#endif
