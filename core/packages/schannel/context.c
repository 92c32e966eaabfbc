/* SPDX-License-Identifier: MIT */
/*
 *  1. The core runs one function of a context at a time, so nothing here is locked; what
 *     contexts share (profile, sessions) is constant or guards itself.
 *  2. A context owns its SSL, the SSL owns both BIOs. Between two calls `in` is empty; `out` is
 *     emptied by every leg and every message.
 *  3. Callbacks of OpenSSL run inside SSL_do_handshake, SSL_read and SSL_write of this
 *     context, hence under rule 1. They find it by SSL_get_app_data.
 *  4. CONTEXT_FAILED is final.
 */
#include "context.h"

#include <openssl/err.h>
#include <string.h>
#include <time.h>

#include "alpn.h"
#include "status.h"

bool context_session_key(const struct context *context, char key[CONTEXT_SESSION_KEY_SIZE])
{
    /* How far the server was trusted is part of the key: a session that nobody validated
     * must not stand in for one that somebody must. */
    static const char *const prefixes[] = {
        [VALIDATION_STRICT] = "s:", [VALIDATION_DEFERRED] = "d:", [VALIDATION_MANUAL] = "m:"};
    const char *transport = context->messages ? "q" : context->datagrams ? "u" : "";

    if (context->server || context->no_sessions || context->target.name[0] == '\0' ||
        (context->credential->profile->flags & SCH_CRED_DISABLE_RECONNECTS) != 0)
        return false;
    strcpy(key, transport);
    strcat(key, prefixes[context->validation]);
    strcat(key, context->target.name);
    return true;
}

static SECURITY_STATUS prepare_initiator(struct context *context, sspia_report *report)
{
    char key[CONTEXT_SESSION_KEY_SIZE];
    SSL_SESSION *session = NULL;

    SSL_set_connect_state(context->ssl);
    /* RFC 6066 3: no addresses in SNI. */
    if (context->target.name[0] != '\0' && !context->target.is_address &&
        SSL_set_tlsext_host_name(context->ssl, context->target.name) != 1)
        return report_openssl(report, "setting the server name");
    if (context->protocols != NULL &&
        SSL_set_alpn_protos(context->ssl, context->protocols,
                            (unsigned)context->protocols_size) != 0)
        return report_openssl(report, "setting the application protocols");
    if (context_session_key(context, key))
        session = session_cache_take(&context->credential->sessions, key);
    if (session != NULL) {
        SSL_set_session(context->ssl, session);
        SSL_SESSION_free(session);
    }
    return SEC_E_OK;
}

static enum validation validation_of(const struct credential *credential, uint64_t requested)
{
    const uint32_t flags = credential->profile->flags;
    /* These two are bits of the initiator's alone. */
    const uint64_t initiator = credential->profile->server ? 0 : requested;

    if ((flags & SCH_CRED_MANUAL_CRED_VALIDATION) != 0 ||
        (initiator & ISC_REQ_MANUAL_CRED_VALIDATION) != 0)
        return VALIDATION_MANUAL;
    if ((flags & SCH_CRED_DEFERRED_CRED_VALIDATION) != 0 ||
        (initiator & ISC_REQ_DEFERRED_CRED_VALIDATION) != 0)
        return VALIDATION_DEFERRED;
    return VALIDATION_STRICT;
}

static SECURITY_STATUS copy_protocols(struct context *context, const sspia_step *step,
                                      sspia_report *report)
{
    for (uint32_t i = 0; i < step->input_count; i++) {
        const uint8_t *list;
        size_t size;

        if (step->input[i].BufferType != SECBUFFER_APPLICATION_PROTOCOLS)
            continue;
        if (context->protocols != NULL ||
            alpn_parse(&step->input[i], &list, &size) != SEC_E_OK) {
            report_line(report, "the APPLICATION_PROTOCOLS buffer is malformed");
            return SEC_E_INVALID_PARAMETER;
        }
        context->protocols = OPENSSL_memdup(list, size);
        if (context->protocols == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        context->protocols_size = size;
    }
    return SEC_E_OK;
}

static SECURITY_STATUS prepare(struct context *context, const sspia_step *step,
                               sspia_report *report)
{
    SECURITY_STATUS status;

    SSL_CTX *ctx = NULL;

    status = profile_ctx(context->credential->profile, context->datagrams, &ctx, report);
    if (status != SEC_E_OK)
        return status;
    context->ssl = SSL_new(ctx);
    context->in = BIO_new(BIO_s_mem());
    context->out = BIO_new(BIO_s_mem());
    if (context->ssl == NULL || context->in == NULL || context->out == NULL) {
        BIO_free(context->in);
        BIO_free(context->out);
        return report_openssl(report, "a new connection");
    }
    SSL_set_bio(context->ssl, context->in, context->out);
    SSL_set_app_data(context->ssl, context);
    /* An empty BIO means "not yet", not "never". */
    BIO_set_mem_eof_return(context->in, -1);

    context->validation = validation_of(context->credential, step->requested);
    status = copy_protocols(context, step, report);
    if (status == SEC_E_OK && !context->server)
        status = target_parse(step->target, &context->target, report);
    if (status != SEC_E_OK)
        return status;
    if (!context->server)
        return prepare_initiator(context, report);
    SSL_set_accept_state(context->ssl);
    return SEC_E_OK;
}

SECURITY_STATUS context_create(struct credential *credential, const sspia_step *step,
                               struct context **result, sspia_report *report)
{
    struct context *context = OPENSSL_zalloc(sizeof(*context));
    SECURITY_STATUS status;

    if (context == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    credential_retain(credential);
    context->credential = credential;
    context->server = credential->profile->server;
    context->requested = step->requested;
    context->messages = (step->requested & ISC_REQ_MESSAGES) != 0;
    context->datagrams = (step->requested & ISC_REQ_DATAGRAM) != 0;
    status = prepare(context, step, report);
    if (status != SEC_E_OK) {
        context_delete(context);
        return status;
    }
    *result = context;
    return SEC_E_OK;
}

void context_delete(void *state)
{
    struct context *context = state;

    if (context == NULL)
        return;
    /* SSL_free spoils the session of a connection that was not closed with close_notify, a
     * rule of SSLv3 that RFC 5246 7.2.1 dropped. Ours ends the way callers end it. */
    if (context->ssl != NULL && context->state == CONTEXT_OPEN)
        SSL_set_shutdown(context->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(context->ssl);
    seal_clear(&context->seal);
    flight_clear(&context->flight);
    wrapper_clear(&context->wrapper);
    extension_clear(&context->extensions);
    OPENSSL_free(context->waiting);
    credential_release(context->credential);
    OPENSSL_free(context->seen);
    OPENSSL_free(context->protocols);
    OPENSSL_clear_free(context->export_label, context->export_label_size);
    OPENSSL_clear_free(context->export_context, context->export_context_size);
    OPENSSL_clear_free(context, sizeof(*context)); /* with the traffic secret in it */
}

SECURITY_STATUS context_adopt(struct context *context, struct credential *credential,
                              sspia_report *report)
{
    if (credential == context->credential)
        return SEC_E_OK;
    if (credential->profile->server != context->server) {
        report_line(report, "the credential is for the other side of a handshake");
        return SEC_E_WRONG_CREDENTIAL_HANDLE;
    }
    /* Only its certificate counts from now on: what was negotiated with the first one's
     * settings stands. */
    if (!context->server && context->state == CONTEXT_HANDSHAKE) {
        SSL_certs_clear(context->ssl);
        profile_use_identities(credential->profile, context->ssl, NULL);
    }
    credential_retain(credential);
    credential_release(context->credential);
    context->credential = credential;
    /* The peer was validated with the roots of the first one: a session must not carry that
     * into a credential that may trust others. */
    context->no_sessions = true;
    return SEC_E_OK;
}

SECURITY_STATUS context_fail(struct context *context, SECURITY_STATUS status,
                             sspia_report *report)
{
    context->state = CONTEXT_FAILED;
    context->failure = status;
    context->failure_report = *report;
    return status;
}

SECURITY_STATUS context_fail_openssl(struct context *context, const char *what,
                                     sspia_report *report)
{
    const unsigned long error = error_newest();
    SECURITY_STATUS status;

    if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
        ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED &&
        context->verify_error != X509_V_OK) {
        report_line(report, "%s: %s", what, context->verify_text);
        status = context->verify_status;
    } else {
        status = report_openssl(report, what);
        /* Without a certificate nothing of the client's offer fits: no suite is to blame. */
        if (status == SEC_E_ALGORITHM_MISMATCH && context->server &&
            context->credential->profile->identity_count == 0) {
            report_line(report,
                        "%s: the inbound credential has no certificate: acquire one "
                        "with paCred",
                        what);
            status = SEC_E_NO_CREDENTIALS;
        }
    }
    return context_fail(context, status, report);
}

SECURITY_STATUS context_failed(const struct context *context, sspia_report *report)
{
    *report = context->failure_report;
    return context->failure;
}

bool context_waits(const struct context *context)
{
    /* SSL_want alone does not tell: it says "reading" after a fatal alert too. */
    return SSL_want(context->ssl) == SSL_READING && error_newest() == 0;
}
