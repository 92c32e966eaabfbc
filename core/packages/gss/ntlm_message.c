/* SPDX-License-Identifier: MIT */
/*
 * Sealed messages of NTLM. gss-ntlmssp has no IOV functions; its wrap token is a signature of
 * 16 bytes, then as many bytes as the message has (MS-NLMP 3.4.4), so that taking it apart
 * and putting it together is copying. It does not check lengths: a token shorter than a
 * signature must not reach it.
 */
#include "message.h"
#include "sizes.h"
#include "status.h"

#include <openssl/crypto.h>
#include <string.h>

static SECURITY_STATUS refuse_checksummed(const gss_message *message, sspia_report *report)
{
    if (!message->has_checksummed)
        return SEC_E_OK;
    return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION,
                             "SECBUFFER_READONLY_WITH_CHECKSUM",
                             "gss-ntlmssp cannot sign what it does not seal");
}

SECURITY_STATUS gss_ntlm_seal(gss_context *context, gss_message *message, sspia_report *report)
{
    gss_gathered data = {NULL, 0, false};
    gss_buffer_desc input;
    gss_buffer_desc output = {0, NULL};
    OM_uint32 major;
    OM_uint32 minor;
    int sealed = 0;
    SECURITY_STATUS status = refuse_checksummed(message, report);

    if (status != SEC_E_OK)
        return status;
    if (message->token->cbBuffer < GSS_NTLM_SIGNATURE)
        return gss_status_report(report, SEC_E_BUFFER_TOO_SMALL, "TOKEN",
                                 "see cbSecurityTrailer");
    if (!gss_message_gather(message, NULL, NULL, &data))
        return SEC_E_INSUFFICIENT_MEMORY;
    input.value = data.bytes;
    input.length = data.size;
    major = gss_wrap(&minor, context->handle, 1, GSS_C_QOP_DEFAULT, &input, &sealed, &output);
    status = gss_status(major, minor, GSS_AT_MESSAGE, report);
    if (status == SEC_E_OK && output.length != data.size + GSS_NTLM_SIGNATURE)
        status = gss_status_report(report, SEC_E_INTERNAL_ERROR, "EncryptMessage",
                                   "a wrap token of unexpected length");
    if (status == SEC_E_OK) {
        memcpy(message->token->pvBuffer, output.value, GSS_NTLM_SIGNATURE);
        message->token->cbBuffer = GSS_NTLM_SIGNATURE;
        gss_message_scatter(message, (unsigned char *)output.value + GSS_NTLM_SIGNATURE,
                            data.size);
        if (message->padding != NULL)
            message->padding->cbBuffer = 0;
    }
    gss_release_buffer(&minor, &output);
    gss_message_release(&data);
    return status;
}

SECURITY_STATUS gss_ntlm_unseal(gss_context *context, gss_message *message,
                                sspia_report *report)
{
    gss_gathered whole = {NULL, 0, false};
    gss_buffer_desc input;
    gss_buffer_desc output = {0, NULL};
    OM_uint32 major;
    OM_uint32 minor;
    SECURITY_STATUS status = refuse_checksummed(message, report);

    if (status != SEC_E_OK)
        return status;
    if (message->stream != NULL) {
        whole.bytes = message->stream->pvBuffer;
        whole.size = message->stream->cbBuffer;
    } else if (!gss_message_gather(message, message->token, message->padding, &whole)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (whole.size <= GSS_NTLM_SIGNATURE) {
        status = gss_status_report(report, SEC_E_INVALID_TOKEN, "message", "it is too short");
        goto done;
    }
    input.value = whole.bytes;
    input.length = whole.size;
    major = gss_unwrap(&minor, context->handle, &input, &output, NULL, NULL);
    status = gss_status(major, minor, GSS_AT_MESSAGE, report);
    if (status != SEC_E_OK)
        goto done;
    if (message->stream != NULL && output.length + GSS_NTLM_SIGNATURE == whole.size) {
        memcpy(whole.bytes + GSS_NTLM_SIGNATURE, output.value, output.length);
        message->data[0]->pvBuffer = whole.bytes + GSS_NTLM_SIGNATURE;
        message->data[0]->cbBuffer = (uint32_t)output.length;
    } else if (message->stream != NULL ||
               !gss_message_scatter(message, output.value, output.length)) {
        status = gss_status_report(report, SEC_E_BUFFER_TOO_SMALL, "DATA",
                                   "the message is longer than these buffers");
    }

done:
    if (output.value != NULL)
        OPENSSL_cleanse(output.value, output.length);
    gss_release_buffer(&minor, &output);
    gss_message_release(&whole);
    return status;
}
