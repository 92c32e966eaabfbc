/* SPDX-License-Identifier: MIT */
/*
 *  1. The core runs one function of a context at a time, so nothing here is locked; what
 *     contexts share (profile, sessions) is constant or guards itself.
 *  2. A context owns its SSL, the SSL owns both BIOs. `in` never holds more than the one
 *     record that is being processed; `out` is emptied by every leg and every message.
 *  3. Callbacks of OpenSSL run inside SSL_do_handshake, SSL_read and SSL_write of this
 *     context, hence under rule 1. They find it by SSL_get_app_data.
 *  4. CONTEXT_FAILED is final.
 */
#include "context.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "alpn.h"
#include "status.h"
#include "verify.h"

static bool install_identities(SSL *ssl, const struct profile *profile, const char *name)
{
    bool any = false;

    for (uint32_t i = 0; i < profile->identity_count; i++) {
        const struct identity *identity = &profile->identities[i];

        if (name != NULL && X509_check_host(identity->leaf, name, 0, 0, NULL) != 1)
            continue;
        /* 0: the first of a kind of key stays. */
        if (SSL_use_cert_and_key(ssl, identity->leaf, identity->key, identity->chain, 0) == 1)
            any = true;
    }
    return any;
}

/* Initiator: a certificate was asked for. -1 halts the handshake with SSL_X509_LOOKUP. */
static int choose_for_initiator(struct context *context)
{
    const uint32_t flags = context->credential->profile->flags;

    context->paused = false;
    context->answered = context->credential->profile->identity_count > 0;
    if (context->answered || context->asked || (flags & SCH_CRED_NO_DEFAULT_CREDS) != 0 ||
        (context->requested & ISC_REQ_USE_SUPPLIED_CREDS) != 0)
        return 1;
    context->asked = true;
    context->paused = true;
    return -1;
}

static int on_certificate(SSL *ssl, void *data)
{
    struct context *context = SSL_get_app_data(ssl);
    const struct profile *profile = context->credential->profile;
    struct error_scope scope;
    const char *name;

    (void)data;
    if (!context->server)
        return choose_for_initiator(context);
    name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (profile->identity_count < 2 || name == NULL)
        return 1;
    error_scope_open(&scope);
    SSL_certs_clear(ssl);
    if (!install_identities(ssl, profile, name))
        install_identities(ssl, profile, NULL);
    error_scope_close(&scope);
    return 1;
}

static int on_alpn(SSL *ssl, const unsigned char **name, unsigned char *length,
                   const unsigned char *client, unsigned int client_size, void *data)
{
    const struct context *context = SSL_get_app_data(ssl);

    (void)data;
    if (context->protocols == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    /* RFC 7301 3.2: no overlap is the fatal alert no_application_protocol. */
    return alpn_choose(context->protocols, context->protocols_size, client, client_size, name,
                       length)
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void on_message(int writing, int version, int type, const void *bytes, size_t size,
                       SSL *ssl, void *data)
{
    struct context *context = SSL_get_app_data(ssl);
    const uint8_t *message = bytes;
    const bool tls13 = SSL_version(ssl) >= TLS1_3_VERSION;

    (void)version;
    (void)data;
    if (context == NULL)
        return;
    if (writing == 0) {
        if (type == SSL3_RT_HANDSHAKE)
            context->handshake_seen = true;
        return;
    }
    if (type == SSL3_RT_HEADER)
        seal_note_record(&context->seal);
    else if (type == SSL3_RT_CHANGE_CIPHER_SPEC)
        seal_note_change_cipher_spec(&context->seal, tls13);
    else if (type == SSL3_RT_HANDSHAKE && size > 0)
        seal_note_handshake(&context->seal, tls13, message[0]);
    else if (type == SSL3_RT_ALERT && size == 2 && !context->seal.own)
        memcpy(context->sent_alert, message, 2);
}

static void on_secret(const SSL *ssl, const char *line)
{
    struct context *context = SSL_get_app_data(ssl);

    if (context != NULL)
        seal_note_secret(&context->seal, line, context->server);
}

/* When a session ends: the caller's lifespan, the server's, or that of its certificate,
 * which is not looked at again when the session is resumed. */
static int64_t session_expiry(const struct context *context, const SSL_SESSION *session)
{
    const X509 *peer = SSL_SESSION_get0_peer((SSL_SESSION *)session);
    const unsigned long hint = SSL_SESSION_get_ticket_lifetime_hint(session);
    int64_t lifespan = context->credential->profile->lifespan_seconds;
    int64_t expiry;

    if (hint > 0 && (int64_t)hint < lifespan)
        lifespan = (int64_t)hint;
    expiry = (int64_t)time(NULL) + lifespan;
    if (peer != NULL && context->validation == VALIDATION_STRICT &&
        certificate_not_after(peer) < expiry)
        expiry = certificate_not_after(peer);
    return expiry;
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct context *context = SSL_get_app_data(ssl);
    char key[CONTEXT_SESSION_KEY_SIZE];

    return context_session_key(context, key) &&
           session_cache_put(&context->credential->sessions, key, session,
                             session_expiry(context, session));
}

void context_install(SSL_CTX *ctx, bool server)
{
    SSL_CTX_set_cert_cb(ctx, on_certificate, NULL);
    SSL_CTX_set_msg_callback(ctx, on_message);
    SSL_CTX_set_keylog_callback(ctx, on_secret);
    if (server)
        SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    else
        SSL_CTX_sess_set_new_cb(ctx, on_session);
}

bool context_session_key(const struct context *context, char key[CONTEXT_SESSION_KEY_SIZE])
{
    /* How far the server was trusted is part of the key: a session that nobody validated
     * must not stand in for one that somebody must. */
    static const char *const prefixes[] = {
        [VALIDATION_STRICT] = "s:", [VALIDATION_DEFERRED] = "d:", [VALIDATION_MANUAL] = "m:"};

    if (context->server || context->no_sessions || context->target.name[0] == '\0' ||
        (context->credential->profile->flags & SCH_CRED_DISABLE_RECONNECTS) != 0)
        return false;
    strcpy(key, prefixes[context->validation]);
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

    context->ssl = SSL_new(context->credential->profile->ctx);
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
    if (status == SEC_E_OK)
        status = verify_prepare(context, report);
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
        report_line(report, "the credential is for the other side");
        return SEC_E_WRONG_CREDENTIAL_HANDLE;
    }
    /* Only its certificate counts from now on: what was negotiated with the first one's
     * settings stands. */
    if (!context->server && context->state == CONTEXT_HANDSHAKE) {
        SSL_certs_clear(context->ssl);
        install_identities(context->ssl, credential->profile, NULL);
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

SECURITY_STATUS context_failed(const struct context *context, sspia_report *report)
{
    *report = context->failure_report;
    return context->failure;
}
