/* SPDX-License-Identifier: MIT */
/*
 * Messages: the buffers of SSPI, and what was agreed on.
 *
 * A signature covers all DATA in the caller's order, read-only or not (MS-NLMP 3.4.6
 * and 3.4.9.1: with extended session security also what is not to be signed); what has one of
 * the two READONLY attributes is not encrypted. TOKEN is the signature and may stand anywhere,
 * so that DCE's order is one of many. A STREAM is a signature with the message behind it.
 *
 * With integrity alone a wrapped message is a signature and the message as it was (3.4.6); so
 * Windows and Samba do. gss-ntlmssp seals there too, and opens nothing else. The first message
 * that comes is tried as the one, and then as the other; from then on a peer gets what it
 * sends.
 *
 * A call that cannot succeed is refused before a number is spent.
 */
#include "protect.h"
#include "status.h"

#include <string.h>

#define PIECES_MAX 32u

typedef struct sorted {
    SecBuffer *token;
    SecBuffer *padding;
    SecBuffer *stream;
    SecBuffer *data; /* the first one */
    ntlm_piece pieces[PIECES_MAX];
    size_t count;
} sorted;

static SECURITY_STATUS sort(SecBufferDesc *buffers, sorted *found, sspia_report *report)
{
    memset(found, 0, offsetof(sorted, pieces));
    found->count = 0;
    for (uint32_t i = 0; i < buffers->cBuffers; i++) {
        SecBuffer *buffer = &buffers->pBuffers[i];
        SecBuffer **place = NULL;

        switch (buffer->BufferType & ~SECBUFFER_ATTRMASK) {
        case SECBUFFER_TOKEN:
        case SECBUFFER_STREAM_HEADER:
            place = &found->token;
            break;
        case SECBUFFER_PADDING:
        case SECBUFFER_STREAM_TRAILER:
            place = &found->padding;
            break;
        case SECBUFFER_STREAM:
            place = &found->stream;
            break;
        case SECBUFFER_DATA:
            if (found->count == PIECES_MAX)
                return ntlm_report(report, SEC_E_INVALID_TOKEN, "buffers",
                                   "there are more than 32 of type DATA");
            if (found->count == 0)
                found->data = buffer;
            found->pieces[found->count++] =
                (ntlm_piece){buffer->pvBuffer, buffer->cbBuffer,
                             !(buffer->BufferType &
                               (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM))};
            continue;
        default:
            continue;
        }
        if (*place != NULL)
            return ntlm_report(report, SEC_E_INVALID_TOKEN, "buffers",
                               "there are two of a type that may occur only once");
        *place = buffer;
    }
    return SEC_E_OK;
}

/* Takes the sealing out of the pieces: they are signed alone. */
static void only_sign(sorted *message)
{
    for (size_t i = 0; i < message->count; i++)
        message->pieces[i].sealed = false;
}

static SECURITY_STATUS need_token(const sorted *message, const char *size_name,
                                  sspia_report *report)
{
    if (message->token == NULL)
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "buffers", "a TOKEN buffer is missing");
    if (message->token->cbBuffer < NTLM_SIGNATURE_SIZE)
        return ntlm_report(report, SEC_E_BUFFER_TOO_SMALL, "TOKEN", size_name);
    return SEC_E_OK;
}

static SECURITY_STATUS protect(ntlm_context *context, sorted *message, sspia_report *report)
{
    if (!ntlm_session_protect(&context->session, message->pieces, message->count,
                              message->token->pvBuffer))
        return ntlm_report_crypto(report);
    message->token->cbBuffer = NTLM_SIGNATURE_SIZE;
    if (message->padding != NULL)
        message->padding->cbBuffer = 0; /* a stream cipher pads nothing */
    return SEC_E_OK;
}

static SECURITY_STATUS check(ntlm_context *context, const sorted *message,
                             const unsigned char *signature, sspia_report *report)
{
    SECURITY_STATUS status =
        ntlm_session_check(&context->session, message->pieces, message->count, signature);

    if (status == SEC_E_MESSAGE_ALTERED)
        return ntlm_report(report, status, "the signature does not match the message", NULL);
    if (status == SEC_E_OUT_OF_SEQUENCE)
        return ntlm_report(report, status, "order of messages",
                           "it is not the one that follows the last");
    return status == SEC_E_OK ? status : ntlm_report_crypto(report);
}

/* Where no integrity was agreed on, a signature is the same for every message, version 1 and
 * zeros (NTLMSSP_NEGOTIATE_ALWAYS_SIGN of MS-NLMP 2.2.2.5). */
static const unsigned char dummy[NTLM_SIGNATURE_SIZE] = {1};

SECURITY_STATUS ntlm_make_signature(void *object, uint32_t qop, SecBufferDesc *buffers,
                                    sspia_report *report)
{
    ntlm_context *context = object;
    sorted message;
    SECURITY_STATUS status = ntlm_context_ready(context, report);

    if (status == SEC_E_OK && qop != 0)
        status = ntlm_report(report, SEC_E_QOP_NOT_SUPPORTED, "fQOP", NULL);
    if (status == SEC_E_OK)
        status = sort(buffers, &message, report);
    if (status == SEC_E_OK)
        status = need_token(&message, "see cbMaxSignature", report);
    if (status != SEC_E_OK)
        return status;
    if (!ntlm_context_integrity(context)) {
        memcpy(message.token->pvBuffer, dummy, sizeof dummy);
        message.token->cbBuffer = NTLM_SIGNATURE_SIZE;
        return SEC_E_OK;
    }
    only_sign(&message);
    return protect(context, &message, report);
}

SECURITY_STATUS ntlm_verify_signature(void *object, SecBufferDesc *buffers, uint32_t *qop,
                                      sspia_report *report)
{
    ntlm_context *context = object;
    sorted message;
    SECURITY_STATUS status = ntlm_context_ready(context, report);

    if (status == SEC_E_OK)
        status = sort(buffers, &message, report);
    if (status == SEC_E_OK &&
        (message.token == NULL || message.token->cbBuffer != NTLM_SIGNATURE_SIZE))
        status = ntlm_report(report, SEC_E_INVALID_TOKEN, "TOKEN", "it is not a signature");
    if (status != SEC_E_OK)
        return status;
    only_sign(&message);
    if (ntlm_context_integrity(context))
        status = check(context, &message, message.token->pvBuffer, report);
    else if (memcmp(message.token->pvBuffer, dummy, sizeof dummy) != 0)
        status = ntlm_report(report, SEC_E_MESSAGE_ALTERED,
                             "the signature is not that of a context without integrity", NULL);
    if (status == SEC_E_OK && qop != NULL)
        *qop = 0;
    return status;
}

SECURITY_STATUS ntlm_may_encrypt(const ntlm_context *context, uint32_t qop,
                                 sspia_report *report)
{
    const bool encrypt = qop != SECQOP_WRAP_NO_ENCRYPT;

    if (qop != 0 && encrypt)
        return ntlm_report(report, SEC_E_QOP_NOT_SUPPORTED, "fQOP", NULL);
    if (!ntlm_context_integrity(context))
        return ntlm_report(report, SEC_E_QOP_NOT_SUPPORTED, "context",
                           "integrity was not requested in its handshake");
    if (encrypt && !ntlm_context_confidentiality(context))
        return ntlm_report(report, SEC_E_QOP_NOT_SUPPORTED, "context",
                           "confidentiality was not requested in its handshake; "
                           "SECQOP_WRAP_NO_ENCRYPT wraps without");
    /* NTLM's messages do not say which they are: a peer would decrypt this one. */
    if (!encrypt && ntlm_context_confidentiality(context))
        return ntlm_report(report, SEC_E_QOP_NOT_SUPPORTED, "fQOP",
                           "where NTLM seals it cannot wrap without; use MakeSignature");
    return SEC_E_OK;
}

SECURITY_STATUS ntlm_encrypt(void *object, uint32_t qop, SecBufferDesc *buffers,
                             sspia_report *report)
{
    ntlm_context *context = object;
    sorted message;
    SECURITY_STATUS status = ntlm_context_ready(context, report);

    if (status == SEC_E_OK)
        status = ntlm_may_encrypt(context, qop, report);
    if (status == SEC_E_OK)
        status = sort(buffers, &message, report);
    if (status == SEC_E_OK)
        status = need_token(&message, "see cbSecurityTrailer", report);
    if (status != SEC_E_OK)
        return status;
    if (!ntlm_context_confidentiality(context) && context->peer_wraps != NTLM_WRAPS_SEALED)
        only_sign(&message);
    return protect(context, &message, report);
}

/* The parts of what a peer sent: of a STREAM its two parts, the second to be found in DATA. */
static SECURITY_STATUS take_apart(sorted *message, const unsigned char **signature,
                                  sspia_report *report)
{
    if (message->stream == NULL) {
        if (message->token == NULL || message->token->cbBuffer != NTLM_SIGNATURE_SIZE)
            return ntlm_report(
                report, SEC_E_INVALID_TOKEN, "buffers",
                "a sealed message is a TOKEN of 16 bytes with DATA, or a STREAM");
        *signature = message->token->pvBuffer;
        return SEC_E_OK;
    }
    if (message->count != 1)
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "buffers", "STREAM needs one DATA");
    if (message->stream->cbBuffer < NTLM_SIGNATURE_SIZE)
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "message", "it is too short");
    *signature = message->stream->pvBuffer;
    message->pieces[0] =
        (ntlm_piece){(unsigned char *)message->stream->pvBuffer + NTLM_SIGNATURE_SIZE,
                     message->stream->cbBuffer - NTLM_SIGNATURE_SIZE, true};
    return SEC_E_OK;
}

/* The first message of a peer with whom integrity alone was agreed on. */
static SECURITY_STATUS check_first(ntlm_context *context, const sorted *message,
                                   const unsigned char *signature, sspia_report *report)
{
    sorted readable = *message;
    SECURITY_STATUS status;

    only_sign(&readable);
    status = check(context, &readable, signature, report);
    if (status == SEC_E_OK)
        context->peer_wraps = NTLM_WRAPS_READABLE;
    if (status != SEC_E_MESSAGE_ALTERED)
        return status;
    status = check(context, message, signature, report);
    if (status == SEC_E_OK)
        context->peer_wraps = NTLM_WRAPS_SEALED;
    return status;
}

SECURITY_STATUS ntlm_decrypt(void *object, SecBufferDesc *buffers, uint32_t *qop,
                             sspia_report *report)
{
    ntlm_context *context = object;
    const unsigned char *signature = NULL;
    const bool sealing = ntlm_context_confidentiality(context);
    sorted message;
    SECURITY_STATUS status = ntlm_context_ready(context, report);

    if (status == SEC_E_OK && !ntlm_context_integrity(context))
        status = ntlm_report(report, SEC_E_QOP_NOT_SUPPORTED, "context",
                             "integrity was not requested in its handshake");
    if (status == SEC_E_OK)
        status = sort(buffers, &message, report);
    if (status == SEC_E_OK)
        status = take_apart(&message, &signature, report);
    if (status != SEC_E_OK)
        return status;
    if (!sealing && context->peer_wraps == NTLM_WRAPS_UNKNOWN) {
        status = check_first(context, &message, signature, report);
    } else {
        if (!sealing && context->peer_wraps == NTLM_WRAPS_READABLE)
            only_sign(&message);
        status = check(context, &message, signature, report);
    }
    if (status != SEC_E_OK)
        return status;
    if (message.stream != NULL) {
        message.data->pvBuffer = message.pieces[0].data;
        message.data->cbBuffer = (uint32_t)message.pieces[0].size;
    }
    if (message.padding != NULL)
        message.padding->cbBuffer = 0;
    if (qop != NULL)
        *qop = sealing || context->peer_wraps == NTLM_WRAPS_SEALED ? 0 : SECQOP_WRAP_NO_ENCRYPT;
    return SEC_E_OK;
}
