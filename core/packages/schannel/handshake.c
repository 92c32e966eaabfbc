/* SPDX-License-Identifier: MIT */
/*
 * A leg feeds OpenSSL whole records:
 *
 *   - a record that is not whole yet is left alone, so that SEC_E_INCOMPLETE_MESSAGE changes
 *     nothing;
 *   - what follows the record that completes the handshake is taken back, and is EXTRA, for
 *     DecryptMessage: without read-ahead OpenSSL reads a record when it needs one. To feed them
 *     one by one would cost the wiping of a buffer of 16 KiB for each.
 *
 *  state       leg without input          leg with input
 *  ---------   ------------------------   ------------------------------------------------
 *  (none)      initiator: first flight    acceptor: first flight, if it is whole
 *  HANDSHAKE   INCOMPLETE_MESSAGE, or     records are fed; -> OPEN or FAILED. After a
 *              goes on after a pause      shutdown: CONTEXT_EXPIRED
 *  OPEN        gives what the peer is owed (key update, refusal, control token); input
 *              comes back whole as EXTRA
 *  FAILED      gives an alert if one is left, and the failure again
 */
#include "handshake.h"

#include <string.h>

#include "alert.h"
#include "certificate.h"
#include "control.h"
#include "datagram.h"
#include "host.h"
#include "messages.h"
#include "record.h"
#include "status.h"
#include "turn.h"
#include "verify.h"

/* The caller's token; size 0 if there is none. */
struct input {
    const uint8_t *bytes;
    size_t size;
};

/* What carries the handshake. */
enum mode { MODE_STREAM, MODE_MESSAGES, MODE_DATAGRAMS };

static SECURITY_STATUS read_input(const sspia_step *step, enum mode mode, struct input *input,
                                  sspia_report *report)
{
    static const uint8_t none[1]; /* an address to reckon with where there are no bytes */
    bool found = false;

    *input = (struct input){none, 0};
    for (uint32_t i = 0; i < step->input_count; i++) {
        const SecBuffer *buffer = &step->input[i];

        switch (buffer->BufferType) {
        case SECBUFFER_TOKEN:
            if (found) {
                report_line(report, "there are two TOKEN buffers");
                return SEC_E_INVALID_TOKEN;
            }
            found = true;
            *input = (struct input){buffer->cbBuffer > 0 ? buffer->pvBuffer : none,
                                    buffer->cbBuffer};
            break;
        case SECBUFFER_SRTP_PROTECTION_PROFILES:
        case SECBUFFER_SRTP_MASTER_KEY_IDENTIFIER:
        case SECBUFFER_TOKEN_BINDING:
        case SECBUFFER_PRESHARED_KEY:
        case SECBUFFER_PRESHARED_KEY_IDENTITY:
        case SECBUFFER_TRAFFIC_SECRETS:
            report_line(report, "an input buffer of type %u is not supported here",
                        (unsigned)buffer->BufferType);
            return SEC_E_UNSUPPORTED_FUNCTION;
        case SECBUFFER_DTLS_MTU:
            if (mode == MODE_DATAGRAMS)
                break;
            report_line(report, "a DTLS_MTU buffer needs ISC_REQ_DATAGRAM or ASC_REQ_DATAGRAM");
            return SEC_E_UNSUPPORTED_FUNCTION;
        case SECBUFFER_SEND_GENERIC_TLS_EXTENSION:
        case SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION:
            if (mode == MODE_MESSAGES)
                break;
            report_line(report, "an extension needs ISC_REQ_MESSAGES or ASC_REQ_MESSAGES");
            return SEC_E_UNSUPPORTED_FUNCTION;
        default:
            break;
        }
    }
    return SEC_E_OK;
}

/* The first leg decides. */
static SECURITY_STATUS choose_mode(const struct context *context, const sspia_step *step,
                                   enum mode *mode, sspia_report *report)
{
    const bool messages = (step->requested & ISC_REQ_MESSAGES) != 0;
    const bool datagrams = (step->requested & ISC_REQ_DATAGRAM) != 0;

    if (context == NULL) {
        *mode = messages ? MODE_MESSAGES : datagrams ? MODE_DATAGRAMS : MODE_STREAM;
        if (!messages || !datagrams)
            return SEC_E_OK;
        report_line(report, "messages without records cannot be used with datagrams");
        return SEC_E_INVALID_PARAMETER;
    }
    *mode = context->messages    ? MODE_MESSAGES
            : context->datagrams ? MODE_DATAGRAMS
                                 : MODE_STREAM;
    if ((messages && *mode != MODE_MESSAGES) || (datagrams && *mode != MODE_DATAGRAMS)) {
        report_line(report, "%s was not there on the first leg",
                    messages ? "ISC_REQ_MESSAGES or ASC_REQ_MESSAGES"
                             : "ISC_REQ_DATAGRAM or ASC_REQ_DATAGRAM");
        return SEC_E_INVALID_PARAMETER;
    }
    return SEC_E_OK;
}

/* Gives what is in `out` to the caller. It stays there if memory is short. */
static SECURITY_STATUS take_output(struct context *context, sspia_step_result *result)
{
    char *bytes;
    const long size = BIO_get_mem_data(context->out, &bytes);

    if (size <= 0)
        return SEC_E_OK;
    result->token.data = host->allocate((size_t)size);
    if (result->token.data == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    seal_note_output(&context->seal, (const uint8_t *)bytes, (size_t)size);
    result->token.size = (size_t)size;
    BIO_read(context->out, result->token.data, (int)size);
    return SEC_E_OK;
}

uint32_t handshake_attributes(const struct context *context)
{
    /* A request and what it returns are the same bit. The four at the end are what TLS is:
     * Windows returns them always, the others to who asked (Wine's
     * dlls/secur32/tests/schannel.c, which runs there too). */
    uint32_t attributes = (uint32_t)context->requested;

    if (context->server)
        attributes &= ASC_RET_INTEGRITY | ASC_RET_EXTENDED_ERROR | ASC_RET_MUTUAL_AUTH |
                      ASC_RET_SESSION_TICKET;
    else
        attributes &= ISC_RET_INTEGRITY | ISC_RET_EXTENDED_ERROR | ISC_RET_MUTUAL_AUTH |
                      ISC_RET_MANUAL_CRED_VALIDATION | ISC_RET_USED_SUPPLIED_CREDS;
    if (!verify_is_proven(context))
        attributes &= ~ISC_RET_MUTUAL_AUTH;
    if (context->server && (SSL_get_options(context->ssl) & SSL_OP_NO_TICKET) != 0)
        attributes &= ~ASC_RET_SESSION_TICKET;
    return attributes | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT |
           ISC_RET_CONFIDENTIALITY |
           (context->datagrams ? ISC_RET_DATAGRAM
            : context->server  ? ASC_RET_STREAM
                               : ISC_RET_STREAM);
}

static SECURITY_STATUS refuse_garbage(struct context *context, const struct input *input,
                                      sspia_report *report)
{
    report_line(report, "the input is %s", record_guess(input->bytes, input->size));
    if (seal_alert(&context->seal, context->ssl, context->server, SSL3_AL_FATAL,
                   SSL_AD_DECODE_ERROR, context->out)) {
        context->sent_alert[0] = SSL3_AL_FATAL;
        context->sent_alert[1] = SSL_AD_DECODE_ERROR;
    }
    return context_fail(context, SEC_E_INVALID_TOKEN, report);
}

/* SEC_I_INCOMPLETE_CREDENTIALS leaves it open whether the input was consumed: Windows'
 * callers present it again. */
static void remember(struct context *context, const struct input *input, size_t used)
{
    OPENSSL_free(context->seen);
    context->seen_size = 0;
    context->seen = OPENSSL_memdup(input->bytes, used);
    if (context->seen != NULL)
        context->seen_size = used;
}

static size_t already_seen(const struct context *context, const struct input *input)
{
    return context->seen_size > 0 && input->size >= context->seen_size &&
                   memcmp(input->bytes, context->seen, context->seen_size) == 0
               ? context->seen_size
               : 0;
}

/* Feeds the whole records of the input. OpenSSL takes one after the other, and none after the
 * one that completes the handshake. */
static SECURITY_STATUS feed(struct context *context, const struct input *input, bool progress,
                            sspia_step_result *result, sspia_report *report)
{
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    size_t used = already_seen(context, input);
    size_t whole = used;
    struct record next = record_parse(input->bytes + whole, input->size - whole);

    for (; next.kind == RECORD_WHOLE;
         next = record_parse(input->bytes + whole, input->size - whole))
        whole += next.size;
    if (context->paused)
        status = turn_handshake(context, report);
    if (status == SEC_I_CONTINUE_NEEDED && whole > used) {
        if (BIO_write(context->in, input->bytes + used, (int)(whole - used)) !=
            (int)(whole - used))
            return context_fail(context, SEC_E_INSUFFICIENT_MEMORY, report);
        progress = true;
        status = turn_handshake(context, report);
        used = whole - (size_t)BIO_pending(context->in);
        if (used < whole)
            (void)BIO_reset(context->in);
        if (status == SEC_I_INCOMPLETE_CREDENTIALS)
            remember(context, input, used);
    }
    if (status == SEC_I_CONTINUE_NEEDED && next.kind == RECORD_BAD)
        return refuse_garbage(context, &(struct input){input->bytes + used, input->size - used},
                              report);
    if (status == SEC_I_CONTINUE_NEEDED && !progress) {
        result->missing = next.missing;
        return SEC_E_INCOMPLETE_MESSAGE;
    }
    result->extra = input->size - used;
    return status;
}

/* The same of a datagram. What is no record, or not one of this connection's, is as good as
 * lost (RFC 6347 4.1.2.7). Without a datagram the time for one may be over. */
static SECURITY_STATUS feed_datagram(struct context *context, const struct input *input,
                                     bool first, sspia_step_result *result,
                                     sspia_report *report)
{
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    size_t used = already_seen(context, input);
    size_t record;

    if (context->paused || (first && !context->server))
        status = turn_handshake(context, report);
    else if (input->size == 0)
        status = datagram_wait_is_over(context, report);
    while (status == SEC_I_CONTINUE_NEEDED &&
           (record = datagram_record(input->bytes + used, input->size - used)) > 0) {
        if (BIO_write(context->in, input->bytes + used, (int)record) != (int)record)
            return context_fail(context, SEC_E_INSUFFICIENT_MEMORY, report);
        status = turn_handshake(context, report);
        (void)BIO_reset(context->in);
        used += record;
    }
    if (status == SEC_I_INCOMPLETE_CREDENTIALS)
        remember(context, input, used);
    if (status == SEC_E_OK || status == SEC_I_INCOMPLETE_CREDENTIALS)
        result->extra = input->size - used;
    return status;
}

/* The connection is open: nothing of the input is for us, only output may be due. */
static SECURITY_STATUS after_handshake(struct context *context, const struct input *input,
                                       sspia_step_result *result, sspia_report *report)
{
    result->extra = input->size;
    if (context->closed)
        return SEC_E_OK;
    /* RFC 8446 4.6.3: the answer to a key update must go out before other data. OpenSSL would
     * put it in front of the next message, where there is no room for it. */
    if (SSL_get_key_update_type(context->ssl) != SSL_KEY_UPDATE_NONE &&
        SSL_is_init_finished(context->ssl) &&
        (SSL_key_update(context->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 ||
         SSL_do_handshake(context->ssl) != 1))
        return context_fail_openssl(context, "the key update failed", report);
    return SEC_E_OK;
}

static SECURITY_STATUS run(struct context *context, const struct input *input, bool first,
                           sspia_step_result *result, sspia_report *report)
{
    SECURITY_STATUS status;

    if (context->control != CONTROL_NONE) {
        status = after_handshake(context, input, result, report);
        return status < 0 ? status : control_run(context, report);
    }
    if (context->state == CONTEXT_FAILED)
        return context_failed(context, report);
    if (context->state == CONTEXT_OPEN) {
        if (context->closed && context->peer_closed)
            return SEC_I_CONTEXT_EXPIRED;
        return after_handshake(context, input, result, report);
    }
    if (first && !context->server && input->size > 0) {
        report_line(report, "the first leg of an initiator takes no token");
        return SEC_E_INVALID_TOKEN;
    }
    if (first && !context->server && !context->datagrams)
        return turn_handshake(context, report);
    if (context->closed) {
        if (input->size == 0)
            return SEC_E_INCOMPLETE_MESSAGE;
        report_line(report, "the connection was closed by this side");
        return SEC_E_CONTEXT_EXPIRED;
    }
    return context->datagrams ? feed_datagram(context, input, first, result, report)
                              : feed(context, input, context->paused, result, report);
}

static void fill_in(struct context *context, SECURITY_STATUS status, sspia_step_result *result)
{
    X509 *peer;

    if (status < 0 && context->sent_alert[0] == SSL3_AL_FATAL)
        memcpy(result->alert, context->sent_alert, sizeof(result->alert));
    if (context->state != CONTEXT_OPEN)
        return;
    result->attributes = handshake_attributes(context);
    peer = SSL_get0_peer_certificate(context->ssl);
    if (peer != NULL)
        result->expiry = certificate_not_after(peer);
}

static SECURITY_STATUS create(struct credential *credential, const sspia_step *step,
                              struct context **context, sspia_report *report)
{
    SECURITY_STATUS status = context_create(credential, step, context, report);

    if (status != SEC_E_OK)
        return status;
    status = verify_prepare(*context, report);
    if (status == SEC_E_OK && (*context)->messages)
        status = messages_prepare(*context, report);
    if (status == SEC_E_OK && (*context)->datagrams)
        status = datagram_prepare(*context, report);
    if (status != SEC_E_OK)
        context_delete(*context);
    return status;
}

/* Whether there is a whole record, or a message, or something to refuse. */
static bool can_begin(enum mode mode, const struct input *input, size_t *missing)
{
    size_t whole;
    struct record record;

    if (mode == MODE_MESSAGES)
        return !messages_measure(input->bytes, input->size, &whole, missing) || whole > 0;
    record = record_parse(input->bytes, input->size);
    *missing = record.missing;
    return record.kind != RECORD_PARTIAL;
}

/* The leg of a connection in datagrams. After a fragment there is another, whatever comes in.
 */
static SECURITY_STATUS run_datagrams(struct context *context, const sspia_step *step,
                                     const struct input *input, bool first,
                                     sspia_step_result *result, sspia_report *report)
{
    SECURITY_STATUS status = datagram_read_buffers(context, step, report);

    if (status != SEC_E_OK)
        return status;
    status = context->fragments ? context->fragments_status
                                : run(context, input, first, result, report);
    return datagram_give(context, status, result);
}

SECURITY_STATUS handshake_leg(void **state, const sspia_step *step, sspia_step_result *result,
                              sspia_report *report)
{
    struct context *context = *state;
    const bool first = context == NULL;
    struct credential *credential = step->credential;
    struct input input;
    enum mode mode;
    SECURITY_STATUS status = choose_mode(context, step, &mode, report);

    if (status == SEC_E_OK)
        status = read_input(step, mode, &input, report);
    if (status != SEC_E_OK)
        return status;
    /* No context is made before there is something to make it of. */
    if (first && credential->profile->server && mode == MODE_DATAGRAMS &&
        datagram_record(input.bytes, input.size) == 0) {
        report_line(report, "the input is not a DTLS datagram");
        return SEC_E_INVALID_TOKEN;
    }
    if (first && credential->profile->server && mode != MODE_DATAGRAMS &&
        !can_begin(mode, &input, &result->missing))
        return SEC_E_INCOMPLETE_MESSAGE;
    status = first ? create(credential, step, &context, report)
                   : context_adopt(context, credential, report);
    if (status != SEC_E_OK)
        return status;
    *state = context;
    context->requested |= step->requested;
    switch (mode) {
    case MODE_MESSAGES:
        status = messages_leg(context, step, input.bytes, input.size, first, result, report);
        break;
    case MODE_DATAGRAMS:
        status = run_datagrams(context, step, &input, first, result, report);
        break;
    default:
        status = run(context, &input, first, result, report);
        if (status != SEC_E_INCOMPLETE_MESSAGE && take_output(context, result) != SEC_E_OK)
            status = SEC_E_INSUFFICIENT_MEMORY;
    }
    fill_in(context, status, result);
    return status;
}
