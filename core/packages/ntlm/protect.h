/* SPDX-License-Identifier: MIT */
#ifndef NTLM_PROTECT_H
#define NTLM_PROTECT_H

#include "context.h"

/* sspia_package's functions. */
SECURITY_STATUS ntlm_make_signature(void *context, uint32_t qop, SecBufferDesc *message,
                                    sspia_report *report);
SECURITY_STATUS ntlm_verify_signature(void *context, SecBufferDesc *message, uint32_t *qop,
                                      sspia_report *report);
SECURITY_STATUS ntlm_encrypt(void *context, uint32_t qop, SecBufferDesc *message,
                             sspia_report *report);
SECURITY_STATUS ntlm_decrypt(void *context, SecBufferDesc *message, uint32_t *qop,
                             sspia_report *report);

/* Whether the context can make messages of this quality. */
SECURITY_STATUS ntlm_may_encrypt(const ntlm_context *context, uint32_t qop,
                                 sspia_report *report);

#endif
