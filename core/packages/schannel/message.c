/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL writes a record to `out`, or reads one from `in`; header, data and trailer are
 * then pieces of the caller's memory. A record of n bytes of data has exactly
 * header + n + trailer bytes, because all suites are AEAD (suite.c):
 *
 *   TLS 1.3           5                  n + 1 (type)   tag    RFC 8446 5.2
 *   TLS 1.2 GCM, CCM  5 + 8 (nonce)      n              tag    RFC 5288 3, RFC 6655 3
 *   TLS 1.2 ChaCha20  5                  n              tag    RFC 7905 2
 *   DTLS 1.2          13 for 5, and as TLS 1.2             RFC 6347 4.1
 */
#include "message.h"

#include <string.h>

#include "datagram.h"
#include "record.h"
#include "status.h"
#include "suite.h"

#define TAG_SIZE            16u
#define EXPLICIT_NONCE_SIZE 8u

/* Records that nobody fetches with a leg: a peer that asks for renegotiation all the time
 * must not fill our memory. */
#define OWED_MAX 16384

struct stream_sizes message_sizes(const struct context *context)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(context->ssl);
    const SSL_SESSION *session = SSL_get_session(context->ssl);
    const struct suite *suite = suite_find(SSL_CIPHER_get_protocol_id(cipher));
    const size_t record = context->datagrams ? DATAGRAM_HEADER_SIZE : RECORD_HEADER_SIZE;
    struct stream_sizes sizes = {(uint32_t)record, TAG_SIZE, RECORD_PLAIN_MAX};
    uint8_t fragment = session != NULL ? SSL_SESSION_get_max_fragment_length(session) : 0;

    if (SSL_version(context->ssl) == TLS1_3_VERSION)
        sizes.trailer += 1;
    else if (suite != NULL && suite->mode != MODE_POLY1305)
        sizes.header += EXPLICIT_NONCE_SIZE;
    /* RFC 6066 4: a client may have asked for 2^9 to 2^12 bytes. */
    if (fragment >= TLSEXT_max_fragment_length_512 &&
        fragment <= TLSEXT_max_fragment_length_4096)
        sizes.maximum = 256u << fragment;
    /* A message is a datagram. */
    if (context->datagrams && sizes.maximum > context->mtu - sizes.header - sizes.trailer)
        sizes.maximum = context->mtu - sizes.header - sizes.trailer;
    return sizes;
}

static uint32_t type_of(const SecBuffer *buffer)
{
    return buffer->BufferType & ~SECBUFFER_ATTRMASK;
}

static SECURITY_STATUS bad(sspia_report *report, SECURITY_STATUS status, const char *why)
{
    report_line(report, "%s", why);
    return status;
}

/* The one buffer of a type; NULL if there is none, or more. */
static SecBuffer *only(SecBufferDesc *message, uint32_t type)
{
    SecBuffer *found = NULL;

    for (uint32_t i = 0; i < message->cBuffers; i++) {
        if (type_of(&message->pBuffers[i]) != type)
            continue;
        if (found != NULL)
            return NULL;
        found = &message->pBuffers[i];
    }
    return found;
}

/* ---- Encrypt ---- */

struct sealing {
    SecBuffer *header, *data, *trailer;
};

static SECURITY_STATUS find_sealing(SecBufferDesc *message, const struct stream_sizes *sizes,
                                    struct sealing *sealing, sspia_report *report)
{
    sealing->header = only(message, SECBUFFER_STREAM_HEADER);
    sealing->data = only(message, SECBUFFER_DATA);
    sealing->trailer = only(message, SECBUFFER_STREAM_TRAILER);
    if (sealing->header == NULL || sealing->data == NULL || sealing->trailer == NULL)
        return bad(report, SEC_E_INVALID_TOKEN,
                   "one STREAM_HEADER, one DATA and one STREAM_TRAILER buffer are needed");
    if ((sealing->header->BufferType | sealing->data->BufferType |
         sealing->trailer->BufferType) &
        (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM))
        return bad(report, SEC_E_INVALID_TOKEN, "a buffer is read-only");
    if (sealing->header->cbBuffer < sizes->header ||
        sealing->trailer->cbBuffer < sizes->trailer)
        return bad(report, SEC_E_BUFFER_TOO_SMALL,
                   "the header or the trailer is smaller than SECPKG_ATTR_STREAM_SIZES says");
    if (sealing->data->cbBuffer > sizes->maximum) {
        report_line(report, "the data is longer than cbMaximumMessage (%u)",
                    (unsigned)sizes->maximum);
        return SEC_E_INVALID_PARAMETER;
    }
    return SEC_E_OK;
}

static SECURITY_STATUS check_open(const struct context *context, sspia_report *report)
{
    if (context->state == CONTEXT_FAILED)
        return context_failed(context, report);
    if (context->messages)
        return bad(report, SEC_E_UNSUPPORTED_FUNCTION,
                   "the context has no records: seal with the traffic secrets");
    if (context->state != CONTEXT_OPEN)
        return bad(report, SEC_E_OUT_OF_SEQUENCE, "the handshake is not complete");
    return SEC_E_OK;
}

/* Whether the records in `out`, or a key update, must reach the peer before other data. */
static bool owes_token(const struct context *context)
{
    return BIO_pending(context->out) > 0 ||
           SSL_get_key_update_type(context->ssl) != SSL_KEY_UPDATE_NONE;
}

static SECURITY_STATUS seal_record(struct context *context, const struct stream_sizes *sizes,
                                   const struct sealing *sealing, sspia_report *report)
{
    const uint32_t size = sealing->data->cbBuffer;
    char *record;

    if (SSL_write(context->ssl, sealing->data->pvBuffer, (int)size) != (int)size) {
        if (context_waits(context))
            return bad(report, SEC_E_OUT_OF_SEQUENCE,
                       "half a handshake message was received: decrypt the rest first");
        return context_fail_openssl(context, "sealing the message", report);
    }
    if (BIO_get_mem_data(context->out, &record) !=
        (long)(sizes->header + size + sizes->trailer)) {
        bad(report, SEC_E_INTERNAL_ERROR, "the record has another size than promised");
        return context_fail(context, SEC_E_INTERNAL_ERROR, report);
    }
    if (!context->datagrams)
        seal_note_output(&context->seal, (const uint8_t *)record,
                         sizes->header + size + sizes->trailer);
    BIO_read(context->out, sealing->header->pvBuffer, (int)sizes->header);
    BIO_read(context->out, sealing->data->pvBuffer, (int)size);
    BIO_read(context->out, sealing->trailer->pvBuffer, (int)sizes->trailer);
    sealing->header->cbBuffer = sizes->header;
    sealing->trailer->cbBuffer = sizes->trailer;
    return SEC_E_OK;
}

SECURITY_STATUS message_encrypt(void *state, uint32_t qop, SecBufferDesc *message,
                                sspia_report *report)
{
    struct context *context = state;
    struct stream_sizes sizes;
    struct sealing sealing;
    SECURITY_STATUS status = check_open(context, report);

    if (status != SEC_E_OK)
        return status;
    if (qop != 0)
        return bad(report, SEC_E_QOP_NOT_SUPPORTED,
                   "fQOP must be 0 (alerts are sent with ApplyControlToken)");
    if (context->closed)
        return bad(report, SEC_E_CONTEXT_EXPIRED, "the connection was closed by this side");
    sizes = message_sizes(context);
    status = find_sealing(message, &sizes, &sealing, report);
    if (status != SEC_E_OK)
        return status;
    if (owes_token(context))
        return bad(report, SEC_E_OUT_OF_SEQUENCE,
                   "the peer must get a token first: call InitializeSecurityContext or "
                   "AcceptSecurityContext first");
    if (sealing.data->cbBuffer == 0) {
        /* No data is no record. */
        sealing.header->cbBuffer = 0;
        sealing.trailer->cbBuffer = 0;
        return SEC_E_OK;
    }
    return seal_record(context, &sizes, &sealing, report);
}

/* ---- Decrypt ---- */

/* Where things go: the DATA buffer becomes the header, the EMPTY ones the rest. */
struct opening {
    SecBuffer *input;
    SecBuffer *empty[3];
};

static SECURITY_STATUS find_opening(SecBufferDesc *message, struct opening *opening,
                                    sspia_report *report)
{
    uint32_t count = 0;

    *opening = (struct opening){.input = only(message, SECBUFFER_DATA)};
    for (uint32_t i = 0; i < message->cBuffers && count < 3; i++) {
        if (type_of(&message->pBuffers[i]) == SECBUFFER_EMPTY)
            opening->empty[count++] = &message->pBuffers[i];
    }
    if (opening->input == NULL || count < 3)
        return bad(report, SEC_E_INVALID_TOKEN, "one DATA and three EMPTY buffers are needed");
    if ((opening->input->BufferType & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM)))
        return bad(report, SEC_E_INVALID_TOKEN, "the buffer is read-only");
    return SEC_E_OK;
}

static void describe(const struct opening *opening, uint8_t *bytes, size_t size, size_t record,
                     size_t header, size_t data)
{
    *opening->input = (SecBuffer){
        .BufferType = SECBUFFER_STREAM_HEADER, .cbBuffer = (uint32_t)header, .pvBuffer = bytes};
    *opening->empty[0] = (SecBuffer){
        .BufferType = SECBUFFER_DATA, .cbBuffer = (uint32_t)data, .pvBuffer = bytes + header};
    *opening->empty[1] = (SecBuffer){.BufferType = SECBUFFER_STREAM_TRAILER,
                                     .cbBuffer = (uint32_t)(record - header - data),
                                     .pvBuffer = bytes + header + data};
    if (size > record)
        *opening->empty[2] = (SecBuffer){.BufferType = SECBUFFER_EXTRA,
                                         .cbBuffer = (uint32_t)(size - record),
                                         .pvBuffer = bytes + record};
}

/* What one record was, after OpenSSL has read it. */
static SECURITY_STATUS judge(struct context *context, int count, sspia_report *report)
{
    if (count > 0)
        return SEC_E_OK;
    if ((SSL_get_shutdown(context->ssl) & SSL_RECEIVED_SHUTDOWN) != 0 && error_newest() == 0) {
        context->peer_closed = true;
        return SEC_I_CONTEXT_EXPIRED;
    }
    if (!context_waits(context))
        return context_fail_openssl(context, "the message cannot be decrypted", report);
    if (BIO_pending(context->out) > OWED_MAX) {
        bad(report, SEC_E_ILLEGAL_MESSAGE, "the peer asks to renegotiate again and again");
        return context_fail(context, SEC_E_ILLEGAL_MESSAGE, report);
    }
    return context->handshake_seen || BIO_pending(context->out) > 0 ? SEC_I_RENEGOTIATE
                                                                    : SEC_E_OK;
}

static SECURITY_STATUS open_record(struct context *context, const struct opening *opening,
                                   size_t record, sspia_report *report)
{
    uint8_t *bytes = opening->input->pvBuffer;
    const size_t size = opening->input->cbBuffer;
    const struct stream_sizes sizes = message_sizes(context);
    const size_t header = record < sizes.header ? record : sizes.header;
    const size_t room = record - header;
    uint8_t nothing;
    SECURITY_STATUS status;
    int count;

    context->handshake_seen = false;
    if (BIO_write(context->in, bytes, (int)record) != (int)record)
        return context_fail(context, SEC_E_INSUFFICIENT_MEMORY, report);
    /* The BIO has a copy, so the record may be written over. What OpenSSL returns is never
     * longer than the record without header. */
    count =
        SSL_read(context->ssl, room > 0 ? bytes + header : &nothing, room > 0 ? (int)room : 1);
    /* The numbers of what OpenSSL may want to answer are taken by an alert of ours. */
    if (context->seal.own)
        (void)BIO_reset(context->out);
    status = judge(context, count, report);
    if (status >= 0)
        describe(opening, bytes, size, record, header, count > 0 ? (size_t)count : 0);
    return status;
}

/* One record of it. What cannot be decrypted, came before or was changed underway is as good as
 * lost: SEC_E_OK, and no data. */
static SECURITY_STATUS open_datagram(struct context *context, const struct opening *opening,
                                     sspia_report *report)
{
    const size_t record = datagram_record(opening->input->pvBuffer, opening->input->cbBuffer);

    if (record == 0)
        return bad(report, SEC_E_INVALID_TOKEN, "the input is not a DTLS datagram");
    return open_record(context, opening, record, report);
}

SECURITY_STATUS message_decrypt(void *state, SecBufferDesc *message, uint32_t *qop,
                                sspia_report *report)
{
    struct context *context = state;
    struct opening opening;
    struct record record;
    SECURITY_STATUS status = check_open(context, report);

    if (qop != NULL)
        *qop = 0;
    if (status != SEC_E_OK)
        return status;
    status = find_opening(message, &opening, report);
    if (status != SEC_E_OK)
        return status;
    if (context->peer_closed) {
        if (!context->closed)
            return SEC_I_CONTEXT_EXPIRED; /* what follows close_notify is ignored */
        return bad(report, SEC_E_CONTEXT_EXPIRED, "the connection was closed by both sides");
    }
    if (context->datagrams)
        return open_datagram(context, &opening, report);
    record = record_parse(opening.input->pvBuffer, opening.input->cbBuffer);
    if (record.kind == RECORD_PARTIAL) {
        /* As Windows tells it: the first buffer says so, its memory and all else stay. */
        opening.input->BufferType = SECBUFFER_MISSING;
        opening.input->cbBuffer = (uint32_t)record.missing;
        return SEC_E_INCOMPLETE_MESSAGE;
    }
    if (record.kind == RECORD_BAD) {
        report_line(report, "the input is %s",
                    record_guess(opening.input->pvBuffer, opening.input->cbBuffer));
        return context_fail(context, SEC_E_INVALID_TOKEN, report);
    }
    return open_record(context, &opening, record.size, report);
}
