/* SPDX-License-Identifier: MIT */
/*
 * Sealed messages of NTLM. gss-ntlmssp has no IOV functions; its wrap token is a signature of
 * 16 bytes, then as many bytes as the message has (MS-NLMP 3.4.4), so that taking it apart
 * and putting it together is copying. It does not check lengths: a token shorter than a
 * signature must not reach it.
 *
 * With integrity alone a wrapped message is a signature and the message as it was (MS-NLMP
 * 3.4.6); so Windows and Samba do. gss-ntlmssp's gss_wrap seals there too, and its gss_unwrap
 * opens nothing else. Both kinds of peers are understood: the first message that comes is tried
 * as the one, and then as the other. From then on a peer gets what it sends.
 */
#include "ntlm_message.h"
#include "flags.h"
#include "sizes.h"
#include "status.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static SECURITY_STATUS refuse_checksummed(const gss_message *message, sspia_report *report)
{
    if (!message->has_checksummed)
        return SEC_E_OK;
    return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION,
                             "SECBUFFER_READONLY_WITH_CHECKSUM",
                             "gss-ntlmssp cannot sign what it does not seal");
}

/* A signature in TOKEN; the data stays as it is. */
static SECURITY_STATUS wrap_readable(gss_context *context, gss_message *message,
                                     gss_buffer_desc *data, sspia_report *report)
{
    gss_buffer_desc mic = {0, NULL};
    OM_uint32 minor;
    OM_uint32 major = gss_get_mic(&minor, context->handle, GSS_C_QOP_DEFAULT, data, &mic);
    SECURITY_STATUS status = gss_status(major, minor, GSS_AT_MESSAGE, report);

    if (status == SEC_E_OK && mic.length != GSS_NTLM_SIGNATURE)
        status = gss_status_report(report, SEC_E_INTERNAL_ERROR, "EncryptMessage",
                                   "a signature of unexpected length");
    if (status == SEC_E_OK)
        memcpy(message->token->pvBuffer, mic.value, GSS_NTLM_SIGNATURE);
    gss_release_buffer(&minor, &mic);
    return status;
}

static SECURITY_STATUS wrap_sealed(gss_context *context, gss_message *message,
                                   gss_buffer_desc *data, sspia_report *report)
{
    gss_buffer_desc output = {0, NULL};
    OM_uint32 minor;
    OM_uint32 major =
        gss_wrap(&minor, context->handle, 1, GSS_C_QOP_DEFAULT, data, NULL, &output);
    SECURITY_STATUS status = gss_status(major, minor, GSS_AT_MESSAGE, report);

    if (status == SEC_E_OK && output.length != data->length + GSS_NTLM_SIGNATURE)
        status = gss_status_report(report, SEC_E_INTERNAL_ERROR, "EncryptMessage",
                                   "a wrap token of unexpected length");
    if (status == SEC_E_OK) {
        memcpy(message->token->pvBuffer, output.value, GSS_NTLM_SIGNATURE);
        gss_message_scatter(message, (unsigned char *)output.value + GSS_NTLM_SIGNATURE,
                            data->length);
    }
    gss_release_buffer(&minor, &output);
    return status;
}

SECURITY_STATUS gss_ntlm_seal(gss_context *context, gss_message *message, bool encrypt,
                              sspia_report *report)
{
    gss_gathered data = {NULL, 0, false};
    gss_buffer_desc input;
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
    if (encrypt || context->peer_wraps == GSS_WRAPS_SEALED)
        status = wrap_sealed(context, message, &input, report);
    else
        status = wrap_readable(context, message, &input, report);
    if (status == SEC_E_OK) {
        message->token->cbBuffer = GSS_NTLM_SIGNATURE;
        if (message->padding != NULL)
            message->padding->cbBuffer = 0;
    }
    gss_message_release(&data);
    return status;
}

/* Both leave a copy of the plaintext in output. */
static SECURITY_STATUS unwrap_sealed(gss_context *context, const gss_gathered *whole,
                                     gss_buffer_desc *output, sspia_report *report)
{
    gss_buffer_desc input = {whole->size, whole->bytes};
    OM_uint32 minor;
    OM_uint32 major = gss_unwrap(&minor, context->handle, &input, output, NULL, NULL);

    return gss_status(major, minor, GSS_AT_MESSAGE, report);
}

static SECURITY_STATUS unwrap_readable(gss_context *context, const gss_gathered *whole,
                                       gss_buffer_desc *output, sspia_report *report)
{
    gss_buffer_desc mic = {GSS_NTLM_SIGNATURE, whole->bytes};
    gss_buffer_desc data = {whole->size - GSS_NTLM_SIGNATURE,
                            whole->bytes + GSS_NTLM_SIGNATURE};
    OM_uint32 minor;
    OM_uint32 major = gss_verify_mic(&minor, context->handle, &data, &mic, NULL);
    SECURITY_STATUS status = gss_status(major, minor, GSS_AT_MESSAGE, report);

    if (status != SEC_E_OK)
        return status;
    output->value = malloc(data.length);
    if (output->value == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(output->value, data.value, data.length);
    output->length = data.length;
    return SEC_E_OK;
}

/* Keeps what GSSAPI has of the context, which a message that does not verify would spoil. */
static SECURITY_STATUS save(gss_context *context, gss_buffer_desc *saved, sspia_report *report)
{
    OM_uint32 minor;
    OM_uint32 major = gss_export_sec_context(&minor, &context->handle, &context->parked);
    SECURITY_STATUS status;

    if (GSS_ERROR(major))
        return gss_status(major, minor, GSS_AT_MESSAGE, report);
    saved->value = malloc(context->parked.length);
    if (saved->value != NULL) {
        memcpy(saved->value, context->parked.value, context->parked.length);
        saved->length = context->parked.length;
    }
    status = gss_context_ready(context, report);
    return saved->value == NULL ? SEC_E_INSUFFICIENT_MEMORY : status;
}

static SECURITY_STATUS restore(gss_context *context, gss_buffer_desc *saved,
                               sspia_report *report)
{
    OM_uint32 minor;

    gss_delete_sec_context(&minor, &context->handle, GSS_C_NO_BUFFER);
    context->parked = *saved;
    saved->value = NULL;
    saved->length = 0;
    return gss_context_ready(context, report);
}

/* The first message of a peer with whom integrity alone was agreed on. */
static SECURITY_STATUS unwrap_first(gss_context *context, const gss_gathered *whole,
                                    gss_buffer_desc *output, sspia_report *report)
{
    gss_buffer_desc saved = {0, NULL};
    SECURITY_STATUS status = save(context, &saved, report);

    if (status != SEC_E_OK)
        goto done;
    status = unwrap_readable(context, whole, output, report);
    if (status == SEC_E_OK) {
        context->peer_wraps = GSS_WRAPS_READABLE;
        goto done;
    }
    if (status != SEC_E_MESSAGE_ALTERED)
        goto done;
    status = restore(context, &saved, report);
    if (status == SEC_E_OK)
        status = unwrap_sealed(context, whole, output, report);
    if (status == SEC_E_OK)
        context->peer_wraps = GSS_WRAPS_SEALED;

done:
    if (saved.value != NULL)
        OPENSSL_cleanse(saved.value, saved.length);
    free(saved.value);
    return status;
}

SECURITY_STATUS gss_ntlm_unseal(gss_context *context, gss_message *message, bool *encrypted,
                                sspia_report *report)
{
    gss_gathered whole = {NULL, 0, false};
    gss_buffer_desc output = {0, NULL};
    bool sealing = gss_flags_confidentiality(context->attributes);
    SECURITY_STATUS status = refuse_checksummed(message, report);
    OM_uint32 minor;

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
    if (sealing || context->peer_wraps == GSS_WRAPS_SEALED)
        status = unwrap_sealed(context, &whole, &output, report);
    else if (context->peer_wraps == GSS_WRAPS_READABLE)
        status = unwrap_readable(context, &whole, &output, report);
    else
        status = unwrap_first(context, &whole, &output, report);
    if (status != SEC_E_OK)
        goto done;
    *encrypted = sealing || context->peer_wraps == GSS_WRAPS_SEALED;
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
