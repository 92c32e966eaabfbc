/* SPDX-License-Identifier: MIT */
/*
 * Signing and sealing: what is checked first, and signatures.
 *
 * GSSAPI numbers messages by itself. A call that cannot succeed (no such protection
 * negotiated, a buffer too small) is refused before a number is spent.
 */
#include "protect.h"
#include "context.h"
#include "kerberos_message.h"
#include "message.h"
#include "sizes.h"
#include "status.h"

#include <string.h>

static SECURITY_STATUS need(const void *buffer, const char *kind, sspia_report *report)
{
    return buffer != NULL ? SEC_E_OK
                          : gss_status_report(report, SEC_E_INVALID_TOKEN, "buffers", kind);
}

SECURITY_STATUS gss_protect_sign(void *object, uint32_t qop, SecBufferDesc *buffers,
                                 sspia_report *report)
{
    gss_context *context = object;
    gss_message message;
    gss_gathered data = {NULL, 0, false};
    gss_buffer_desc input;
    gss_buffer_desc mic = {0, NULL};
    OM_uint32 major;
    OM_uint32 minor;
    SecPkgContext_Sizes sizes;
    SECURITY_STATUS status = gss_context_ready(context, report);

    if (status == SEC_E_OK && qop != 0)
        status = gss_status_report(report, SEC_E_QOP_NOT_SUPPORTED, "fQOP", NULL);
    if (status == SEC_E_OK)
        status = gss_context_may_sign(context, report);
    if (status == SEC_E_OK)
        status = gss_message_sort(buffers, true, &message, report);
    if (status == SEC_E_OK)
        status = need(message.token, "a signature needs a TOKEN", report);
    if (status == SEC_E_OK)
        status = gss_sizes_query(context, &sizes, report);
    if (status != SEC_E_OK)
        return status;
    if (message.token->cbBuffer < sizes.cbMaxSignature)
        return gss_status_report(report, SEC_E_BUFFER_TOO_SMALL, "TOKEN", "see cbMaxSignature");
    if (!gss_message_gather(&message, NULL, NULL, &data))
        return SEC_E_INSUFFICIENT_MEMORY;
    input.value = data.bytes;
    input.length = data.size;
    major = gss_get_mic(&minor, context->handle, GSS_C_QOP_DEFAULT, &input, &mic);
    status = gss_status(major, minor, GSS_AT_MESSAGE, report);
    if (status == SEC_E_OK && mic.length > message.token->cbBuffer)
        status = gss_status_report(report, SEC_E_INTERNAL_ERROR, "TOKEN",
                                   "the signature is longer than GSSAPI said");
    if (status == SEC_E_OK) {
        memcpy(message.token->pvBuffer, mic.value, mic.length);
        message.token->cbBuffer = (uint32_t)mic.length;
    }
    gss_release_buffer(&minor, &mic);
    gss_message_release(&data);
    return status;
}

SECURITY_STATUS gss_protect_verify(void *object, SecBufferDesc *buffers, uint32_t *qop,
                                   sspia_report *report)
{
    gss_context *context = object;
    gss_message message;
    gss_gathered data = {NULL, 0, false};
    gss_buffer_desc input;
    gss_buffer_desc mic;
    OM_uint32 major;
    OM_uint32 minor;
    SECURITY_STATUS status = gss_context_ready(context, report);

    if (status == SEC_E_OK)
        status = gss_context_may_sign(context, report);
    if (status == SEC_E_OK)
        status = gss_message_sort(buffers, true, &message, report);
    if (status == SEC_E_OK)
        status = need(message.token, "a signature needs a TOKEN", report);
    if (status != SEC_E_OK)
        return status;
    if (message.token->cbBuffer == 0)
        return gss_status_report(report, SEC_E_INVALID_TOKEN, "TOKEN", "not a signature");
    status = gss_kerberos_check(context, message.token->pvBuffer, message.token->cbBuffer, true,
                                report);
    if (status != SEC_E_OK)
        return status;
    if (!gss_message_gather(&message, NULL, NULL, &data))
        return SEC_E_INSUFFICIENT_MEMORY;
    input.value = data.bytes;
    input.length = data.size;
    mic.value = message.token->pvBuffer;
    mic.length = message.token->cbBuffer;
    major = gss_verify_mic(&minor, context->handle, &input, &mic, NULL);
    status = gss_status(major, minor, GSS_AT_MESSAGE, report);
    gss_message_release(&data);
    if (status == SEC_E_OK && qop != NULL)
        *qop = 0;
    return status;
}

SECURITY_STATUS gss_protect_encrypt(void *object, uint32_t qop, SecBufferDesc *buffers,
                                    sspia_report *report)
{
    gss_context *context = object;
    gss_message message;
    bool encrypt;
    SECURITY_STATUS status = gss_context_ready(context, report);

    if (status == SEC_E_OK)
        status = gss_context_may_encrypt(context, qop, report);
    if (status == SEC_E_OK)
        status = gss_message_sort(buffers, false, &message, report);
    if (status == SEC_E_OK)
        status = need(message.token, "a sealed message needs a TOKEN", report);
    if (status != SEC_E_OK)
        return status;
    encrypt = qop != SECQOP_WRAP_NO_ENCRYPT;
    return gss_kerberos_seal(context, &message, encrypt, report);
}

SECURITY_STATUS gss_protect_decrypt(void *object, SecBufferDesc *buffers, uint32_t *qop,
                                    sspia_report *report)
{
    gss_context *context = object;
    gss_message message;
    bool encrypted = true;
    SECURITY_STATUS status = gss_context_ready(context, report);

    if (status == SEC_E_OK)
        status = gss_context_may_sign(context, report);
    if (status == SEC_E_OK)
        status = gss_message_sort(buffers, false, &message, report);
    if (status == SEC_E_OK)
        status = need(message.token != NULL ? message.token : message.stream,
                      "a sealed message is a TOKEN with DATA, or a STREAM", report);
    if (status == SEC_E_OK && message.stream != NULL && message.data_count != 1)
        status =
            gss_status_report(report, SEC_E_INVALID_TOKEN, "buffers", "STREAM needs one DATA");
    if (status != SEC_E_OK)
        return status;
    status = gss_kerberos_unseal(context, &message, &encrypted, report);
    if (qop != NULL && (status == SEC_E_OK || status == SEC_E_OUT_OF_SEQUENCE))
        *qop = encrypted ? 0 : SECQOP_WRAP_NO_ENCRYPT;
    return status;
}
