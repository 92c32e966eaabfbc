/* SPDX-License-Identifier: MIT */
#ifndef GSS_NTLM_MESSAGE_H
#define GSS_NTLM_MESSAGE_H

#include "context.h"
#include "message.h"

/* The context is ready, what is asked for was negotiated, there is a token (seal) or a token or
 * stream (unseal). */
SECURITY_STATUS gss_ntlm_seal(gss_context *context, gss_message *message, bool encrypt,
                              sspia_report *report);
SECURITY_STATUS gss_ntlm_unseal(gss_context *context, gss_message *message, bool *encrypted,
                                sspia_report *report);

#endif
