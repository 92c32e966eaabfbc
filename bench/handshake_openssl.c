/* SPDX-License-Identifier: MIT */
/*
 * TLS by OpenSSL itself, with memory BIOs and what the Schannel package sets by default:
 * TLS 1.2 and 1.3 (so 1.3), the same suites, one session ticket, the server's certificate
 * validated against one root and the name.
 */
#include "handshake.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "measure.h"

#define SUITES                                                                                 \
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"              \
    "TLS_AES_128_CCM_SHA256"
#define LIFESPAN 36000

static SSL_CTX *contexts[2]; /* client, server */

static void check(long good, const char *what)
{
    char text[256];

    if (good == 1)
        return;
    ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
    measure_fail("%s: %s", what, text);
}

static SSL_CTX *make(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);

    check(context != NULL, "SSL_CTX_new");
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CLEANSE_PLAINTEXT);
    check(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION), "version");
    check(SSL_CTX_set_ciphersuites(context, SUITES), "suites");
    SSL_CTX_set_timeout(context, LIFESPAN);
    return context;
}

void openssl_open(void)
{
    const char *file = handshake_value("TLS_CERTIFICATE");

    contexts[0] = make(TLS_client_method());
    SSL_CTX_set_verify(contexts[0], SSL_VERIFY_PEER, NULL);
    check(SSL_CTX_load_verify_locations(contexts[0], file, NULL), file);
    SSL_CTX_set_session_cache_mode(contexts[0],
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    contexts[1] = make(TLS_server_method());
    check(SSL_CTX_use_certificate_chain_file(contexts[1], file), file);
    check(SSL_CTX_use_PrivateKey_file(contexts[1], file, SSL_FILETYPE_PEM), file);
    check(SSL_CTX_set_session_id_context(contexts[1], (const unsigned char *)"bench", 5),
          "session id");
    SSL_CTX_set_session_cache_mode(contexts[1], SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(contexts[1], 4096);
    check(SSL_CTX_set_num_tickets(contexts[1], 1), "tickets");
}

void openssl_close(void)
{
    SSL_CTX_free(contexts[0]);
    SSL_CTX_free(contexts[1]);
}

static SSL *connection(int server)
{
    SSL *ssl = SSL_new(contexts[server]);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

    check(ssl != NULL && in != NULL && out != NULL, "SSL_new");
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl, in, out);
    if (server) {
        SSL_set_accept_state(ssl);
        return ssl;
    }
    SSL_set_connect_state(ssl);
    check(SSL_set_tlsext_host_name(ssl, "localhost"), "server name");
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    check(SSL_set1_host(ssl, "localhost"), "host");
    return ssl;
}

/* What one side has written, through memory of ours as over a socket. Returns whether there
 * was anything. */
static bool carry(SSL *from, SSL *to)
{
    unsigned char token[8192];
    int size = BIO_read(SSL_get_wbio(from), token, sizeof(token));

    return size > 0 && BIO_write(SSL_get_rbio(to), token, size) == size;
}

static bool turn(SSL *ssl)
{
    int result = SSL_do_handshake(ssl);

    if (result != 1 && SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ)
        check(result, "handshake");
    return result == 1;
}

static void shake(void)
{
    SSL *sides[2] = {connection(0), connection(1)};
    bool done[2] = {false, false};

    for (int side = 0; !done[0] || !done[1]; side = !side) {
        done[side] = turn(sides[side]);
        if (!carry(sides[side], sides[!side]) && !done[side])
            measure_fail("the handshake stands still");
    }
    if (SSL_version(sides[0]) != TLS1_3_VERSION)
        measure_fail("not TLS 1.3");
    for (int side = 0; side < 2; side++) {
        /* As after an orderly end: otherwise SSL_free spoils the session. */
        SSL_set_shutdown(sides[side], SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(sides[side]);
    }
}

void openssl_run(long count)
{
    while (count-- > 0)
        shake();
}
