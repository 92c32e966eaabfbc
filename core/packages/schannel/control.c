/* SPDX-License-Identifier: MIT */
#include "control.h"

#include <string.h>

#include "alert.h"
#include "session.h"
#include "status.h"

static SECURITY_STATUS bad(sspia_report *report, const char *why)
{
    report_line(report, "%s", why);
    return SEC_E_INVALID_TOKEN;
}

static SECURITY_STATUS apply_key_update(struct context *context, sspia_report *report)
{
    if (context->state != CONTEXT_OPEN || context->closed) {
        report_line(report, "the connection is not open");
        return SEC_E_OUT_OF_SEQUENCE;
    }
    if (SSL_version(context->ssl) != TLS1_3_VERSION) {
        report_line(report, "renegotiation is not supported; TLS 1.3 has key updates instead");
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    context->control = CONTROL_KEY_UPDATE;
    return SEC_E_OK;
}

static SECURITY_STATUS apply_alert(struct context *context, const uint8_t *bytes, size_t size,
                                   sspia_report *report)
{
    SCHANNEL_ALERT_TOKEN token;

    if (size < sizeof(token))
        return bad(report, "the SCHANNEL_ALERT_TOKEN is too short");
    memcpy(&token, bytes, sizeof(token));
    if ((token.dwAlertType != TLS1_ALERT_WARNING && token.dwAlertType != TLS1_ALERT_FATAL) ||
        token.dwAlertNumber > UINT8_MAX)
        return bad(report, "the SCHANNEL_ALERT_TOKEN has no such type or number");
    if (token.dwAlertNumber == TLS1_ALERT_CLOSE_NOTIFY) {
        context->control = CONTROL_SHUTDOWN;
        return SEC_E_OK;
    }
    if (token.dwAlertType == TLS1_ALERT_WARNING) {
        /* RFC 8446 6: whatever its level says, it ends a TLS 1.3 connection. */
        report_line(report, "no warning other than close_notify can be sent");
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    context->control = CONTROL_ALERT;
    context->control_alert[0] = SSL3_AL_FATAL;
    context->control_alert[1] = (uint8_t)token.dwAlertNumber;
    return SEC_E_OK;
}

static SECURITY_STATUS apply_session(struct context *context, const uint8_t *bytes, size_t size,
                                     sspia_report *report)
{
    SCHANNEL_SESSION_TOKEN token;
    char key[CONTEXT_SESSION_KEY_SIZE];

    if (size < sizeof(token))
        return bad(report, "the SCHANNEL_SESSION_TOKEN is too short");
    memcpy(&token, bytes, sizeof(token));
    if (token.dwFlags == SSL_SESSION_ENABLE_RECONNECTS) {
        context->no_sessions = false;
        return SEC_E_OK;
    }
    if (token.dwFlags != SSL_SESSION_DISABLE_RECONNECTS)
        return bad(report, "the SCHANNEL_SESSION_TOKEN has no such flag");
    if (!context->server && context_session_key(context, key))
        session_cache_drop(&context->credential->sessions, key);
    context->no_sessions = true;
    if (context->server) {
        /* Whether or not the tickets have gone out: the connection makes no more. */
        SSL_set_options(context->ssl, SSL_OP_NO_TICKET);
        SSL_set_num_tickets(context->ssl, 0);
    }
    return SEC_E_OK;
}

SECURITY_STATUS control_apply(void *state, const SecBuffer *input, uint32_t input_count,
                              sspia_report *report)
{
    struct context *context = state;
    const SecBuffer *buffer = NULL;
    SECURITY_STATUS status;
    uint32_t type;

    for (uint32_t i = 0; i < input_count && buffer == NULL; i++) {
        if ((input[i].BufferType & ~SECBUFFER_ATTRMASK) == SECBUFFER_TOKEN)
            buffer = &input[i];
    }
    if (buffer == NULL || buffer->cbBuffer < sizeof(type))
        return bad(report, "there is no control token in a TOKEN buffer");
    memcpy(&type, buffer->pvBuffer, sizeof(type));
    if (context->messages && type != SCHANNEL_SESSION) {
        report_line(report,
                    "the control token is for records: the transport of TLS messages closes "
                    "and changes its keys by itself");
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    switch (type) {
    case SCHANNEL_RENEGOTIATE:
        status = apply_key_update(context, report);
        break;
    case SCHANNEL_SHUTDOWN:
        context->control = CONTROL_SHUTDOWN;
        status = SEC_E_OK;
        break;
    case SCHANNEL_ALERT:
        status = apply_alert(context, buffer->pvBuffer, buffer->cbBuffer, report);
        break;
    case SCHANNEL_SESSION:
        status = apply_session(context, buffer->pvBuffer, buffer->cbBuffer, report);
        break;
    default:
        report_line(report, "the control token %u is unknown", (unsigned)type);
        status = SEC_E_UNSUPPORTED_FUNCTION;
    }
    return status;
}

/* A record that OpenSSL does not know of: it writes no more. */
static SECURITY_STATUS close_with(struct context *context, uint8_t level, uint8_t description,
                                  sspia_report *report)
{
    /* Its records would have other numbers. */
    if (context->datagrams) {
        report_line(report,
                    "DTLS has no alerts here but one SCHANNEL_SHUTDOWN after the handshake");
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (!seal_alert(&context->seal, context->ssl, context->server, level, description,
                    context->out)) {
        if (error_newest() != 0)
            return report_openssl(report, "sealing the alert");
        report_line(
            report,
            "no alert can be sent after this key exchange, whose secret OpenSSL does not "
            "give out: delete the context and close the transport");
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    context->closed = true;
    return SEC_E_OK;
}

static SECURITY_STATUS run_alert(struct context *context, sspia_report *report)
{
    const uint8_t *alert = context->control_alert;
    SECURITY_STATUS status = close_with(context, alert[0], alert[1], report);
    sspia_report closed = {.text = ""};

    if (status != SEC_E_OK)
        return status;
    report_line(&closed, "the alert %s was sent", alert_name(alert[1]));
    context_fail(context, SEC_E_CONTEXT_EXPIRED, &closed);
    return SEC_E_OK;
}

/* Who asks again gets another one, as on Windows. */
static SECURITY_STATUS run_shutdown(struct context *context, sspia_report *report)
{
    if (context->closed || context->state == CONTEXT_HANDSHAKE)
        return close_with(context, SSL3_AL_WARNING, SSL_AD_CLOSE_NOTIFY, report);
    /* 0: the peer's close_notify has not come yet, which nobody here waits for. */
    if (SSL_shutdown(context->ssl) < 0)
        return context_fail_openssl(context, "closing the connection", report);
    context->closed = true;
    return SEC_E_OK;
}

SECURITY_STATUS control_run(struct context *context, sspia_report *report)
{
    const enum control control = context->control;

    context->control = CONTROL_NONE;
    /* After one's own alert there may be another; after a failure there is nothing to say. */
    if (context->state == CONTEXT_FAILED && !context->closed)
        return context_failed(context, report);
    switch (control) {
    case CONTROL_SHUTDOWN:
        return run_shutdown(context, report);
    case CONTROL_ALERT:
        return run_alert(context, report);
    case CONTROL_KEY_UPDATE:
        if (SSL_key_update(context->ssl, SSL_KEY_UPDATE_REQUESTED) != 1 ||
            SSL_do_handshake(context->ssl) != 1)
            return context_fail_openssl(context, "the key update failed", report);
        return SEC_E_OK;
    default:
        return SEC_E_OK;
    }
}
