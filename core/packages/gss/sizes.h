/* SPDX-License-Identifier: MIT */
#ifndef GSS_SIZES_H
#define GSS_SIZES_H

#include "context.h"

/* No token of a handshake is longer. */
#define GSS_KERBEROS_MAX_TOKEN 48000u

/* TOKEN and PADDING of a Kerberos message with size bytes of data. */
SECURITY_STATUS gss_sizes_of_message(gss_context *context, bool encrypt, size_t size,
                                     size_t *token, size_t *padding, sspia_report *report);

/* SECPKG_ATTR_SIZES. */
SECURITY_STATUS gss_sizes_query(gss_context *context, SecPkgContext_Sizes *sizes,
                                sspia_report *report);

/* SSPIA_ATTR_MESSAGE_LIMIT. */
SECURITY_STATUS gss_sizes_limit(gss_context *context, sspia_message_limit *limit,
                                sspia_report *report);

#endif
