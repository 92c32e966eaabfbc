/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL calls these inside SSL_do_handshake, SSL_read and SSL_write of a context, hence on
 * the one thread that is in it. They find it by SSL_get_app_data.
 */
#include "callback.h"

#include <string.h>
#include <time.h>

#include "alpn.h"
#include "certificate.h"
#include "context.h"
#include "cookie.h"
#include "messages.h"
#include "status.h"
#include "ticket.h"

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
    if (!profile_use_identities(profile, ssl, name))
        profile_use_identities(profile, ssl, NULL);
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
    const bool tls13 = SSL_version(ssl) == TLS1_3_VERSION;

    (void)version;
    (void)data;
    if (context == NULL)
        return;
    if (context->datagrams) {
        if (writing == 0 && type == SSL3_RT_HANDSHAKE)
            context->handshake_seen = true;
        else if (writing != 0 && type == SSL3_RT_ALERT && size == 2)
            memcpy(context->sent_alert, message, 2);
        return;
    }
    if (type == SSL3_RT_HANDSHAKE && !traffic_is_logged())
        traffic_note_message(&context->seal.traffic, ssl, message, size);
    if (context->messages) {
        messages_note(context, writing != 0, type, message, size);
        return;
    }
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
        traffic_note_log(&context->seal.traffic, line);
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

static int on_extension_out(SSL *ssl, unsigned type, unsigned where,
                            const unsigned char **bytes, size_t *size, X509 *certificate,
                            size_t index, int *alert, void *data)
{
    const struct context *context = SSL_get_app_data(ssl);

    (void)where;
    (void)certificate;
    (void)index;
    (void)alert;
    (void)data;
    return extension_own(&context->extensions, type, bytes, size) ? 1 : 0;
}

static int on_extension_in(SSL *ssl, unsigned type, unsigned where, const unsigned char *bytes,
                           size_t size, X509 *certificate, size_t index, int *alert, void *data)
{
    struct context *context = SSL_get_app_data(ssl);

    (void)where;
    (void)certificate;
    (void)index;
    (void)data;
    /* RFC 9001 8.2: over any other transport than QUIC this is how it ends. */
    if (!context->messages) {
        *alert = SSL_AD_UNSUPPORTED_EXTENSION;
        return 0;
    }
    *alert = SSL_AD_INTERNAL_ERROR;
    return extension_keep(&context->extensions, type, bytes, size) ? 1 : 0;
}

/* Acceptor: OpenSSL answers a ClientHello in one go, so this is where a caller who wants to
 * know an extension before is asked. */
static int on_client_hello(SSL *ssl, int *alert, void *data)
{
    struct context *context = SSL_get_app_data(ssl);
    const unsigned char *bytes;
    size_t size;

    (void)data;
    if (!context->messages)
        return SSL_CLIENT_HELLO_SUCCESS;
    for (size_t place = 0; place < EXTENSION_TYPES; place++) {
        const uint16_t type = extension_type(place);

        if (SSL_client_hello_get0_ext(ssl, type, &bytes, &size) == 1 &&
            !extension_keep(&context->extensions, type, bytes, size)) {
            *alert = SSL_AD_INTERNAL_ERROR;
            return SSL_CLIENT_HELLO_ERROR;
        }
    }
    return extension_is_due(&context->extensions) ? SSL_CLIENT_HELLO_RETRY
                                                  : SSL_CLIENT_HELLO_SUCCESS;
}

static bool install_extensions(SSL_CTX *ctx)
{
    bool done = true;

    for (size_t place = 0; place < EXTENSION_TYPES; place++)
        done = done && SSL_CTX_add_custom_ext(
                           ctx, extension_type(place),
                           SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS,
                           on_extension_out, NULL, NULL, on_extension_in, NULL) == 1;
    return done;
}

/* Acceptor. ssl.h: 1 the ticket is good; 2 and a new one is to be made; 0 it is not ours; -1
 * failure. */
static int on_ticket(SSL *ssl, unsigned char name[TICKET_NAME_SIZE], unsigned char *iv,
                     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int sealing)
{
    const struct context *context = SSL_get_app_data(ssl);
    struct credential *credential = context->credential;
    struct ticket_key key;
    const int place = ticket_find(&credential->tickets, &credential->profile->ticket_key,
                                  sealing ? NULL : name, &key);
    bool done;

    if (place < 0)
        return 0;
    if (sealing)
        memcpy(name, key.name, sizeof(key.name));
    done = ticket_use(&key, iv, cipher, mac, sealing != 0);
    OPENSSL_cleanse(&key, sizeof(key));
    if (!done)
        return -1;
    /* RFC 8446 C.4: a ticket is for one connection, so the next one is due. */
    return place == 0 && SSL_version(ssl) != TLS1_3_VERSION ? 1 : 2;
}

static bool make_cookie(const SSL *ssl, uint8_t cookie[COOKIE_SIZE])
{
    const struct context *context = SSL_get_app_data(ssl);

    return cookie_make(context->credential->profile->cookie_key, context->peer.bytes,
                       context->peer.size, cookie);
}

static int on_cookie_out(SSL *ssl, unsigned char *cookie, unsigned *size)
{
    *size = COOKIE_SIZE;
    return make_cookie(ssl, cookie) ? 1 : 0;
}

static int on_cookie_in(SSL *ssl, const unsigned char *cookie, unsigned size)
{
    uint8_t expected[COOKIE_SIZE];

    return size == COOKIE_SIZE && make_cookie(ssl, expected) &&
           CRYPTO_memcmp(cookie, expected, COOKIE_SIZE) == 0;
}

static bool install_for_server(SSL_CTX *ctx)
{
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
    SSL_CTX_set_cookie_generate_cb(ctx, on_cookie_out);
    SSL_CTX_set_cookie_verify_cb(ctx, on_cookie_in);
    return SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket) == 1;
}

bool callback_install(SSL_CTX *ctx, bool server)
{
    SSL_CTX_set_cert_cb(ctx, on_certificate, NULL);
    SSL_CTX_set_msg_callback(ctx, on_message);
    if (traffic_is_logged())
        SSL_CTX_set_keylog_callback(ctx, on_secret);
    if (!server)
        SSL_CTX_sess_set_new_cb(ctx, on_session);
    return install_extensions(ctx) && (!server || install_for_server(ctx));
}
