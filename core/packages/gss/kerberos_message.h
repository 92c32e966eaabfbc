/* SPDX-License-Identifier: MIT */
#ifndef GSS_KERBEROS_MESSAGE_H
#define GSS_KERBEROS_MESSAGE_H

#include "context.h"
#include "message.h"

/* The context is ready, what is asked for was negotiated, there is a token (seal) or a token or
 * stream (unseal). */
SECURITY_STATUS gss_kerberos_seal(gss_context *context, gss_message *message, bool encrypt,
                                  sspia_report *report);
SECURITY_STATUS gss_kerberos_unseal(gss_context *context, gss_message *message, bool *encrypted,
                                    sspia_report *report);

/* For what a peer sent, before GSSAPI sees it: libgssapi_krb5 1.20 follows a null pointer when
 * a context of RFC 4121 (AES, Camellia) gets a token of RFC 1964. */
SECURITY_STATUS gss_kerberos_check(gss_context *context, const void *token, size_t size,
                                   bool is_signature, sspia_report *report);

#endif
