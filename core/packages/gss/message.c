/* SPDX-License-Identifier: MIT */
/*
 * Signing and sealing: the buffers of SSPI, the checks that all mechanisms share, signatures.
 *
 * GSSAPI numbers messages by itself. A call that cannot succeed (no such protection
 * negotiated, a buffer too small) is refused before a number is spent.
 */
#include "message.h"
#include "flags.h"
#include "sizes.h"
#include "status.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static uint32_t type_of(const SecBuffer *buffer)
{
    return buffer->BufferType & ~SECBUFFER_ATTRMASK;
}

/* signing: MS-docs MakeSignature has READONLY data signed like other data, and
 * READONLY_WITH_CHECKSUM data left alone; for EncryptMessage it is READONLY that takes no
 * part, while READONLY_WITH_CHECKSUM is signed and stays readable. */
static SECURITY_STATUS sort(SecBufferDesc *buffers, bool signing, gss_message *message,
                            sspia_report *report)
{
    uint32_t left_out = signing ? SECBUFFER_READONLY_WITH_CHECKSUM : SECBUFFER_READONLY;

    memset(message, 0, sizeof *message);
    for (uint32_t i = 0; i < buffers->cBuffers; i++) {
        SecBuffer *buffer = &buffers->pBuffers[i];
        SecBuffer **place = NULL;

        switch (type_of(buffer)) {
        case SECBUFFER_TOKEN:
        case SECBUFFER_STREAM_HEADER:
            place = &message->token;
            break;
        case SECBUFFER_PADDING:
        case SECBUFFER_STREAM_TRAILER:
            place = &message->padding;
            break;
        case SECBUFFER_STREAM:
            place = &message->stream;
            break;
        case SECBUFFER_DATA:
            if (buffer->BufferType & left_out)
                continue;
            if (message->data_count == GSS_MESSAGE_DATA_MAX)
                return gss_status_report(report, SEC_E_INVALID_TOKEN, "buffers",
                                         "more than 32 of type DATA");
            if (buffer->BufferType & SECBUFFER_READONLY_WITH_CHECKSUM)
                message->has_checksummed = true;
            message->data[message->data_count++] = buffer;
            message->data_size += buffer->cbBuffer;
            continue;
        default:
            continue;
        }
        if (*place != NULL)
            return gss_status_report(report, SEC_E_INVALID_TOKEN, "buffers",
                                     "two of a type that there is one of");
        *place = buffer;
    }
    return SEC_E_OK;
}

bool gss_message_gather(const gss_message *message, const SecBuffer *before,
                        const SecBuffer *after, gss_gathered *gathered)
{
    size_t size = message->data_size + (before != NULL ? before->cbBuffer : 0) +
                  (after != NULL ? after->cbBuffer : 0);
    unsigned char *next;

    gathered->size = size;
    gathered->owned = false;
    if (before == NULL && after == NULL && message->data_count == 1) {
        gathered->bytes = message->data[0]->pvBuffer;
        return true;
    }
    gathered->bytes = next = malloc(size > 0 ? size : 1);
    if (next == NULL)
        return false;
    gathered->owned = true;
    for (unsigned i = 0; i < message->data_count + 2; i++) {
        const SecBuffer *part = i == 0                         ? before
                                : i == message->data_count + 1 ? after
                                                               : message->data[i - 1];

        if (part != NULL && part->cbBuffer > 0) {
            memcpy(next, part->pvBuffer, part->cbBuffer);
            next += part->cbBuffer;
        }
    }
    return true;
}

void gss_message_release(gss_gathered *gathered)
{
    if (!gathered->owned)
        return;
    OPENSSL_cleanse(gathered->bytes, gathered->size);
    free(gathered->bytes);
    gathered->owned = false;
}

bool gss_message_scatter(gss_message *message, const unsigned char *bytes, size_t size)
{
    if (size > message->data_size)
        return false;
    for (unsigned i = 0; i < message->data_count; i++) {
        SecBuffer *part = message->data[i];

        if (part->cbBuffer > size)
            part->cbBuffer = (uint32_t)size;
        if (part->cbBuffer > 0)
            memcpy(part->pvBuffer, bytes, part->cbBuffer);
        bytes += part->cbBuffer;
        size -= part->cbBuffer;
    }
    return true;
}

static SECURITY_STATUS need_integrity(const gss_context *context, sspia_report *report)
{
    if (gss_flags_integrity(context->attributes, context->initiator) ||
        gss_flags_confidentiality(context->attributes))
        return SEC_E_OK;
    return gss_status_report(report, SEC_E_QOP_NOT_SUPPORTED, "context",
                             "integrity was not asked for when it was made");
}

/* NTLM always signs: where no key was agreed on, with a signature that is the same for every
 * message, version 1 and zeros (NTLMSSP_NEGOTIATE_ALWAYS_SIGN of MS-NLMP 2.2.2.5; 2.2.2.9).
 * gss-ntlmssp makes it, and takes no other then. */
static SECURITY_STATUS need_signatures(const gss_context *context, sspia_report *report)
{
    return context->mech == GSS_MECH_NTLM ? SEC_E_OK : need_integrity(context, report);
}

static SECURITY_STATUS need(const void *buffer, const char *kind, sspia_report *report)
{
    return buffer != NULL ? SEC_E_OK
                          : gss_status_report(report, SEC_E_INVALID_TOKEN, "buffers", kind);
}

SECURITY_STATUS gss_message_sign(void *object, uint32_t qop, SecBufferDesc *buffers,
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
        status = need_signatures(context, report);
    if (status == SEC_E_OK)
        status = sort(buffers, true, &message, report);
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

SECURITY_STATUS gss_message_verify(void *object, SecBufferDesc *buffers, uint32_t *qop,
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
        status = need_signatures(context, report);
    if (status == SEC_E_OK)
        status = sort(buffers, true, &message, report);
    if (status == SEC_E_OK)
        status = need(message.token, "a signature needs a TOKEN", report);
    if (status != SEC_E_OK)
        return status;
    /* gss-ntlmssp 1.2.0 compares 16 bytes however many there are. */
    if (message.token->cbBuffer == 0 ||
        (context->mech == GSS_MECH_NTLM && message.token->cbBuffer != GSS_NTLM_SIGNATURE))
        return gss_status_report(report, SEC_E_INVALID_TOKEN, "TOKEN", "not a signature");
    status = gss_protect_check(context, message.token->pvBuffer, message.token->cbBuffer, true,
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

SECURITY_STATUS gss_message_may_encrypt(gss_context *context, uint32_t qop,
                                        sspia_report *report)
{
    bool encrypt = qop != SECQOP_WRAP_NO_ENCRYPT;
    SECURITY_STATUS status;

    if (qop != 0 && encrypt)
        return gss_status_report(report, SEC_E_QOP_NOT_SUPPORTED, "fQOP", NULL);
    status = need_integrity(context, report);
    if (status != SEC_E_OK)
        return status;
    if (encrypt && !gss_flags_confidentiality(context->attributes))
        return gss_status_report(report, SEC_E_QOP_NOT_SUPPORTED, "context",
                                 "confidentiality was not asked for when it was made; "
                                 "SECQOP_WRAP_NO_ENCRYPT wraps without");
    /* NTLM's messages do not say which they are: a peer would decrypt this one. */
    if (!encrypt && context->mech == GSS_MECH_NTLM &&
        gss_flags_confidentiality(context->attributes))
        return gss_status_report(report, SEC_E_QOP_NOT_SUPPORTED, "fQOP",
                                 "where NTLM seals it cannot wrap without; use MakeSignature");
    return SEC_E_OK;
}

SECURITY_STATUS gss_message_encrypt(void *object, uint32_t qop, SecBufferDesc *buffers,
                                    sspia_report *report)
{
    gss_context *context = object;
    gss_message message;
    bool encrypt;
    SECURITY_STATUS status = gss_context_ready(context, report);

    if (status == SEC_E_OK)
        status = gss_message_may_encrypt(context, qop, report);
    if (status == SEC_E_OK)
        status = sort(buffers, false, &message, report);
    if (status == SEC_E_OK)
        status = need(message.token, "a sealed message needs a TOKEN", report);
    if (status != SEC_E_OK)
        return status;
    encrypt = qop != SECQOP_WRAP_NO_ENCRYPT;
    if (context->mech == GSS_MECH_NTLM)
        return gss_ntlm_seal(context, &message, encrypt, report);
    return gss_protect_seal(context, &message, encrypt, report);
}

SECURITY_STATUS gss_message_decrypt(void *object, SecBufferDesc *buffers, uint32_t *qop,
                                    sspia_report *report)
{
    gss_context *context = object;
    gss_message message;
    bool encrypted = true;
    SECURITY_STATUS status = gss_context_ready(context, report);

    if (status == SEC_E_OK)
        status = need_integrity(context, report);
    if (status == SEC_E_OK)
        status = sort(buffers, false, &message, report);
    if (status == SEC_E_OK)
        status = need(message.token != NULL ? message.token : message.stream,
                      "a sealed message is a TOKEN with DATA, or a STREAM", report);
    if (status == SEC_E_OK && message.stream != NULL && message.data_count != 1)
        status =
            gss_status_report(report, SEC_E_INVALID_TOKEN, "buffers", "STREAM needs one DATA");
    if (status != SEC_E_OK)
        return status;
    if (context->mech == GSS_MECH_NTLM)
        status = gss_ntlm_unseal(context, &message, &encrypted, report);
    else
        status = gss_protect_unseal(context, &message, &encrypted, report);
    if (qop != NULL && (status == SEC_E_OK || status == SEC_E_OUT_OF_SEQUENCE))
        *qop = encrypted ? 0 : SECQOP_WRAP_NO_ENCRYPT;
    return status;
}
