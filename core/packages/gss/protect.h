/* SPDX-License-Identifier: MIT */
#ifndef GSS_PROTECT_H
#define GSS_PROTECT_H

#include "host.h"

/* sspia_package's functions. */
SECURITY_STATUS gss_protect_sign(void *context, uint32_t qop, SecBufferDesc *buffers,
                                 sspia_report *report);
SECURITY_STATUS gss_protect_verify(void *context, SecBufferDesc *buffers, uint32_t *qop,
                                   sspia_report *report);
SECURITY_STATUS gss_protect_encrypt(void *context, uint32_t qop, SecBufferDesc *buffers,
                                    sspia_report *report);
SECURITY_STATUS gss_protect_decrypt(void *context, SecBufferDesc *buffers, uint32_t *qop,
                                    sspia_report *report);

#endif
