/* SPDX-License-Identifier: MIT */
#ifndef NTLM_BINDINGS_H
#define NTLM_BINDINGS_H

#include "crypto.h"

/* The MD5 of the channel bindings among the caller's buffers (MS-NLMP 2.2.2.1,
 * MsvAvChannelBindings); *given tells whether there are any. */
SECURITY_STATUS ntlm_bindings_read(const SecBuffer *input, uint32_t count,
                                   unsigned char hash[NTLM_DIGEST_SIZE], bool *given,
                                   sspia_report *report);

#endif
