/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL has had an interface for this only since 3.5, so it is given records, and what it
 * writes is taken before it becomes records. One way for all versions:
 *
 *   out  its message callback shows each message (callback.c), and its own records are thrown
 *        away;
 *   in   each message is wrapped into records of its own, sealed with the peer's secret
 *        (wrapper.c). No message shares a record with another, so the keys can change between
 *        any two.
 *
 *  1. Everything is whole messages: what is not whole is left to the caller as EXTRA.
 *  2. `waiting` has the messages that a leg took and OpenSSL has not been given: only where the
 *     leg stopped to ask the caller (`stopped`).
 *  3. A leg that asks gives neither token nor secrets; the next one does.
 */
#include "messages.h"

#include <string.h>

#include "host.h"
#include "secret.h"
#include "status.h"
#include "turn.h"

#define HEADER_SIZE 4u

/* OpenSSL takes no longer ones: its bound for certificates is 100 KiB. */
#define MESSAGE_MAX 131072u

SECURITY_STATUS messages_prepare(struct context *context, sspia_report *report)
{
    const uint32_t tls13 = SP_PROT_TLS1_3_CLIENT | SP_PROT_TLS1_3_SERVER;

    if ((context->credential->profile->protocols & tls13) == 0) {
        report_line(report, "messages without records need TLS 1.3, which the credential's "
                            "settings leave out");
        return SEC_E_ALGORITHM_MISMATCH;
    }
    if (SSL_set_min_proto_version(context->ssl, TLS1_3_VERSION) != 1)
        return report_openssl(report, "insisting on TLS 1.3");
    /* RFC 9001 8.4: no records, no middleboxes that know them. */
    SSL_clear_options(context->ssl, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
    return SEC_E_OK;
}

void messages_note(struct context *context, bool writing, int type, const uint8_t *message,
                   size_t size)
{
    if (type == SSL3_RT_ALERT && writing && size == 2)
        memcpy(context->sent_alert, message, 2);
    if (type != SSL3_RT_HANDSHAKE || size < HEADER_SIZE)
        return;
    if (traffic_is_hello(message, size))
        context->hello = true;
    if (!writing)
        return;
    if (message[0] == SSL3_MT_FINISHED)
        context->finished = true;
    flight_add(&context->flight, message, size);
}

/* With its header. */
static size_t message_size(const uint8_t *message)
{
    return HEADER_SIZE + ((size_t)message[1] << 16 | (size_t)message[2] << 8 | message[3]);
}

bool messages_measure(const uint8_t *bytes, size_t size, size_t *whole, size_t *missing)
{
    *whole = 0;
    while (size - *whole >= HEADER_SIZE) {
        const size_t next = message_size(bytes + *whole);

        if (next > MESSAGE_MAX)
            return false;
        if (next > size - *whole) {
            *missing = next - (size - *whole);
            return true;
        }
        *whole += next;
    }
    *missing = HEADER_SIZE - (size - *whole);
    return true;
}

static SECURITY_STATUS refuse(struct context *context, uint8_t alert, const char *why,
                              sspia_report *report)
{
    report_line(report, "%s", why);
    context->sent_alert[0] = SSL3_AL_FATAL;
    context->sent_alert[1] = alert;
    return context_fail(context, SEC_E_ILLEGAL_MESSAGE, report);
}

static SECURITY_STATUS read_extensions(struct context *context, const sspia_step *step,
                                       sspia_report *report)
{
    SECURITY_STATUS status = SEC_E_OK;

    for (uint32_t i = 0; i < step->input_count && status == SEC_E_OK; i++) {
        const SecBuffer *buffer = &step->input[i];

        if (buffer->BufferType == SECBUFFER_SEND_GENERIC_TLS_EXTENSION)
            status = extension_send(&context->extensions, context->server, buffer, report);
        else if (buffer->BufferType == SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION)
            status = extension_subscribe(&context->extensions, context->server, buffer, report);
    }
    return status;
}

/* One turn, and whether the caller is to be asked after it. */
static SECURITY_STATUS turn(struct context *context, sspia_report *report)
{
    SECURITY_STATUS status = turn_handshake(context, report);

    (void)BIO_reset(context->out);
    if (context->flight.lost)
        return context_fail(context, SEC_E_INSUFFICIENT_MEMORY, report);
    if (status == SEC_I_CONTINUE_NEEDED && extension_is_due(&context->extensions))
        return SEC_I_GENERIC_EXTENSION_RECEIVED;
    return status;
}

/* After the handshake a server sends tickets. OpenSSL looks for them when it is asked for
 * data, of which there is none. */
static SECURITY_STATUS read_ticket(struct context *context, sspia_report *report)
{
    uint8_t nothing;

    if (SSL_read(context->ssl, &nothing, 1) <= 0 && context_waits(context)) {
        (void)BIO_reset(context->out);
        return SEC_E_OK;
    }
    return context_fail_openssl(context, "the message was not understood", report);
}

static SECURITY_STATUS take(struct context *context, const uint8_t *message, size_t size,
                            sspia_report *report)
{
    const bool open = context->state == CONTEXT_OPEN;
    const enum level level = open             ? LEVEL_APPLICATION
                             : context->hello ? LEVEL_HANDSHAKE
                                              : LEVEL_INITIAL;

    /* RFC 9001 6: the transport changes its keys by itself. */
    if (message[0] == SSL3_MT_KEY_UPDATE)
        return refuse(context, SSL_AD_UNEXPECTED_MESSAGE, "the peer sent a KeyUpdate", report);
    if (level_of(message[0]) != level)
        return refuse(context, SSL_AD_UNEXPECTED_MESSAGE,
                      "the message does not belong here: it is of another encryption level",
                      report);
    if (!wrapper_write(&context->wrapper, &context->seal.traffic, context->ssl, context->server,
                       level, message, size, context->in)) {
        if (error_newest() != 0)
            return context_fail_openssl(context, "wrapping a message", report);
        report_line(report, "OpenSSL does not give out the secret of this key exchange");
        return context_fail(context, SEC_E_UNSUPPORTED_FUNCTION, report);
    }
    return open ? read_ticket(context, report) : turn(context, report);
}

/* Adds whole messages to those that wait. */
static bool keep(struct context *context, const uint8_t *bytes, size_t size)
{
    uint8_t *larger;

    if (size == 0)
        return true;
    larger = OPENSSL_realloc(context->waiting, context->waiting_size + size);
    if (larger == NULL)
        return false;
    memcpy(larger + context->waiting_size, bytes, size);
    context->waiting = larger;
    context->waiting_size += size;
    return true;
}

/* Gives OpenSSL what waits, until it is through or asks. */
static SECURITY_STATUS take_waiting(struct context *context, SECURITY_STATUS status,
                                    sspia_report *report)
{
    size_t at = 0, size;

    while (at < context->waiting_size &&
           (status == SEC_I_CONTINUE_NEEDED || status == SEC_E_OK)) {
        const uint8_t *message = context->waiting + at;

        size = message_size(message);
        status = take(context, message, size, report);
        at += size;
    }
    context->waiting_size -= at;
    if (context->waiting_size > 0) {
        memmove(context->waiting, context->waiting + at, context->waiting_size);
    } else {
        OPENSSL_free(context->waiting);
        context->waiting = NULL;
    }
    return status;
}

/* Where the part of the token begins that no leg has taken: one that asks takes all, and is
 * followed by one with the same token, or none. What is in it does not count then, as the
 * answer may have been written over it. */
static SECURITY_STATUS skip_taken(struct context *context, size_t size, size_t *skip,
                                  sspia_report *report)
{
    *skip = size > 0 ? context->taken : 0;
    if (*skip > size) {
        report_line(report,
                    "the token is not the one of the leg before: pass it again, or none");
        return SEC_E_INVALID_TOKEN;
    }
    context->taken = 0;
    return SEC_E_OK;
}

/* The extension that the leg stopped for. */
static SECURITY_STATUS give_extension(struct context *context, sspia_step_result *result)
{
    sspia_output *output = &result->outputs[0];

    output->type = SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION;
    if (!extension_deliver(&context->extensions, &output->content))
        return SEC_E_INSUFFICIENT_MEMORY;
    result->output_count = 1;
    return SEC_I_GENERIC_EXTENSION_RECEIVED;
}

static SECURITY_STATUS give_flight(struct context *context, SECURITY_STATUS status,
                                   sspia_step_result *result, sspia_report *report)
{
    struct flight *flight = &context->flight;
    uint8_t *token = NULL;
    SECURITY_STATUS given;

    if (flight->size > UINT16_MAX) {
        report_line(report, "the messages are longer than the 65535 bytes that "
                            "SEC_TRAFFIC_SECRETS can count: use a shorter certificate chain");
        return context_fail(context, SEC_E_UNSUPPORTED_FUNCTION, report);
    }
    if (flight->size > 0 && (token = host->allocate(flight->size)) == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    given = secret_give(context, result, report);
    if (given != SEC_E_OK) {
        if (token != NULL)
            host->free(token);
        return given;
    }
    if (token != NULL)
        memcpy(token, flight->bytes, flight->size);
    result->token = (sspia_bytes){token, flight->size};
    flight_clear(flight);
    return status;
}

/* Takes the whole messages of the token; SEC_E_INCOMPLETE_MESSAGE: there is not even one. */
static SECURITY_STATUS run(struct context *context, const uint8_t *token, size_t size,
                           bool begin, sspia_step_result *result, sspia_report *report)
{
    SECURITY_STATUS status = context->state == CONTEXT_OPEN ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
    size_t skip, whole, missing;

    if (context->state == CONTEXT_FAILED)
        return context_failed(context, report);
    if (skip_taken(context, size, &skip, report) != SEC_E_OK)
        return SEC_E_INVALID_TOKEN;
    if (!messages_measure(token + skip, size - skip, &whole, &missing))
        return refuse(context, SSL_AD_DECODE_ERROR, "the message is longer than any of TLS is",
                      report);
    if (whole == 0 && !begin && !context->stopped &&
        (size > 0 || context->state == CONTEXT_HANDSHAKE)) {
        result->missing = missing;
        return SEC_E_INCOMPLETE_MESSAGE;
    }
    if (!keep(context, token + skip, whole))
        return SEC_E_INSUFFICIENT_MEMORY;
    result->extra = size - skip - whole;
    if (begin || context->stopped) {
        context->stopped = false;
        status = turn(context, report);
    }
    status = take_waiting(context, status, report);
    context->stopped =
        status == SEC_I_GENERIC_EXTENSION_RECEIVED || status == SEC_I_INCOMPLETE_CREDENTIALS;
    if (context->stopped)
        context->taken = skip + whole;
    return status;
}

SECURITY_STATUS messages_leg(struct context *context, const sspia_step *step,
                             const uint8_t *token, size_t size, bool first,
                             sspia_step_result *result, sspia_report *report)
{
    const bool begin = first && !context->server;
    SECURITY_STATUS status = read_extensions(context, step, report);

    if (status != SEC_E_OK)
        return status;
    if (begin && size > 0) {
        report_line(report, "the first leg of an initiator takes no token");
        return SEC_E_INVALID_TOKEN;
    }
    status = run(context, token, size, begin, result, report);
    if (status == SEC_I_GENERIC_EXTENSION_RECEIVED)
        return give_extension(context, result);
    if (status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED)
        return give_flight(context, status, result, report);
    return status;
}
