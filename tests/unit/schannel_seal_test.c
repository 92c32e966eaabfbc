/* SPDX-License-Identifier: MIT */
/* Alerts that the package seals itself, one after another, read by a plain OpenSSL server. */
#include "tls_fixture.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

static const uint32_t shutdown_token = SCHANNEL_SHUTDOWN;
static const SCHANNEL_ALERT_TOKEN denied = {SCHANNEL_ALERT, TLS1_ALERT_FATAL,
                                            TLS1_ALERT_ACCESS_DENIED};

/* What it was given, and what it wants to send, are in the memory BIOs of the SSL. */
static SSL *plain_server(const char *suite, bool tls12, const char *groups)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL *ssl;

    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_use_certificate(ctx, tls.server.x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, tls.server.key), 1);
    SSL_CTX_set_num_tickets(ctx, 0);
    assert_int_equal(
        tls12 ? SSL_CTX_set_cipher_list(ctx, suite) : SSL_CTX_set_ciphersuites(ctx, suite), 1);
    SSL_CTX_set_max_proto_version(ctx, tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_min_proto_version(ctx, tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    if (groups != NULL)
        assert_int_equal(SSL_CTX_set1_groups_list(ctx, groups), 1);
    ssl = SSL_new(ctx);
    SSL_CTX_free(ctx); /* the SSL has a reference */
    assert_non_null(ssl);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    BIO_set_mem_eof_return(SSL_get_rbio(ssl), -1);
    SSL_set_accept_state(ssl);
    return ssl;
}

static void to_plain(struct tls_side *side, SSL *ssl)
{
    assert_int_equal(BIO_write(SSL_get_rbio(ssl), side->out.data, (int)side->out.size),
                     side->out.size);
    side->out.size = 0;
}

static void from_plain(SSL *ssl, struct tls_side *side)
{
    uint8_t bytes[16384];
    int count;

    while ((count = BIO_read(SSL_get_wbio(ssl), bytes, sizeof(bytes))) > 0)
        tls_append(&side->in, bytes, (size_t)count);
}

static void shake(struct tls_side *client, SSL *ssl)
{
    assert_tls(tls_leg(client, NULL, 0), SEC_I_CONTINUE_NEEDED);
    for (int turn = 0; turn < 4 && (client->status != SEC_E_OK || !SSL_is_init_finished(ssl));
         turn++) {
        to_plain(client, ssl);
        SSL_do_handshake(ssl);
        from_plain(ssl, client);
        if (client->status != SEC_E_OK)
            tls_advance(client);
    }
    assert_tls(client->status, SEC_E_OK);
    assert_int_equal(SSL_is_init_finished(ssl), 1);
    ERR_clear_error();
}

/* A token that the peer opens and takes for close_notify. It is made to forget it, so that it
 * reads on: a record under a number or nonce of another would not open. */
static void close_once_more(struct tls_side *client, SSL *ssl, struct tls_bytes *nonces)
{
    uint8_t byte;

    assert_tls(tls_control(client, &shutdown_token, sizeof(shutdown_token)), SEC_E_OK);
    assert_tls(tls_leg(client, NULL, 0), SEC_E_OK);
    assert_true(client->out.size >= 5 + 8);
    tls_append(nonces, client->out.data + 5, 8);
    to_plain(client, ssl);
    assert_int_equal(SSL_read(ssl, &byte, 1), 0);
    assert_int_equal(ERR_peek_error(), 0);
    if (OpenSSL_version_num() < 0x30200000L)
        assert_int_equal(BIO_pending(SSL_get_rbio(ssl)), 0); /* it did read it */
    assert_int_equal(SSL_get_shutdown(ssl), SSL_RECEIVED_SHUTDOWN);
    SSL_set_shutdown(ssl, 0);
}

/* Wrong: after a shutdown neither another nor an alert has a token, or the peer cannot open it;
 * what the peer had sent is lost; or OpenSSL's own alert goes out under a number that was
 * taken. Windows gives each its token (Wine's dlls/secur32/tests/schannel.c,
 * test_connection_shutdown, which runs there too). */
static void each_shutdown_and_alert_has_its_token(void **state)
{
    static const struct {
        const char *suite;
        bool tls12;
    } cases[] = {
        {"TLS_AES_256_GCM_SHA384", false},       {"TLS_CHACHA20_POLY1305_SHA256", false},
        {"TLS_AES_128_CCM_SHA256", false},       {"ECDHE-ECDSA-AES256-GCM-SHA384", true},
        {"ECDHE-ECDSA-CHACHA20-POLY1305", true}, {"ECDHE-ECDSA-AES256-CCM", true},
    };
    struct tls_bytes data = {NULL, 0, 0}, nonces = {NULL, 0, 0};
    struct tls_side client, server;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SSL *ssl = plain_server(cases[i].suite, cases[i].tls12, NULL);
        const bool explicit_nonce =
            cases[i].tls12 && strstr(cases[i].suite, "CHACHA20") == NULL;
        uint8_t byte;

        tls_sides(&client, &server, 0);
        shake(&client, ssl);
        assert_int_equal(SSL_write(ssl, "rest", 4), 4);
        from_plain(ssl, &client);
        for (int n = 0; n < 3; n++)
            close_once_more(&client, ssl, &nonces);
        assert_tls(tls_receive(&client, &data), SEC_E_OK);
        assert_memory_equal(data.data, "rest", 4);
        assert_tls(tls_send(&client, "x", 1), SEC_E_CONTEXT_EXPIRED);
        if (i % 2 == 1) {
            /* What comes cannot be read: nobody is told, and the alert still fits. */
            tls_append(&client.in, "\x17\x03\x03\x00\x20garbage garbage garbage garbage ", 37);
            assert_tls(tls_receive(&client, NULL), SEC_E_MESSAGE_ALTERED);
            assert_tls(tls_leg(&client, NULL, 0), SEC_E_MESSAGE_ALTERED);
            assert_int_equal(client.out.size, 0);
        }
        assert_tls(tls_control(&client, &denied, sizeof(denied)), SEC_E_OK);
        assert_tls(tls_leg(&client, NULL, 0), SEC_E_OK);
        tls_append(&nonces, client.out.data + 5, 8);
        /* RFC 5288 3 and RFC 6655 3: the record begins with its nonce, the sender's choice. */
        for (size_t a = 0; explicit_nonce && a < nonces.size; a += 8) {
            for (size_t b = 0; b < a; b += 8)
                assert_memory_not_equal(nonces.data + a, nonces.data + b, 8);
        }
        to_plain(&client, ssl);
        assert_true(SSL_read(ssl, &byte, 1) <= 0);
        /* Newer ones read nothing after a close_notify, whatever they are made to forget. */
        if (BIO_pending(SSL_get_rbio(ssl)) == 0 || OpenSSL_version_num() < 0x30200000L)
            assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()),
                             SSL_R_TLSV1_ALERT_ACCESS_DENIED);
        ERR_clear_error();
        assert_tls(tls_leg(&client, NULL, 0), SEC_E_CONTEXT_EXPIRED);
        tls_clear(&data);
        tls_clear(&nonces);
        SSL_free(ssl);
        tls_release_both(&client, &server);
    }
}

/* Wrong: the peer cannot open an alert after a HelloRetryRequest (for all but the first of
 * these groups), or after an exchange in a finite field. */
static void an_alert_opens_after_every_key_exchange(void **state)
{
    static const char *const groups[] = {"X25519", "P-256", "P-384", "ffdhe2048"};
    struct tls_side client, server;

    (void)state;
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        SSL *ssl = plain_server("TLS_AES_128_GCM_SHA256", false, groups[i]);
        uint8_t byte;

        tls_sides(&client, &server, 0);
        shake(&client, ssl);
        assert_tls(tls_control(&client, &denied, sizeof(denied)), SEC_E_OK);
        assert_tls(tls_leg(&client, NULL, 0), SEC_E_OK);
        to_plain(&client, ssl);
        assert_true(SSL_read(ssl, &byte, 1) <= 0);
        assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()),
                         SSL_R_TLSV1_ALERT_ACCESS_DENIED);
        ERR_clear_error();
        SSL_free(ssl);
        tls_release_both(&client, &server);
    }
}

static void key_update(struct tls_side *side, struct tls_side *peer)
{
    static const uint32_t token = SCHANNEL_RENEGOTIATE;

    assert_tls(tls_control(side, &token, sizeof(token)), SEC_E_OK);
    assert_tls(tls_leg(side, NULL, 0), SEC_E_OK);
    tls_move(side, peer);
    assert_tls(tls_receive_all(peer, NULL), SEC_E_OK);
    tls_move(peer, side);
    assert_tls(tls_receive_all(side, NULL), SEC_E_OK);
}

/* Wrong: an alert of one side cannot be opened by the other: of the acceptor; of a resumed
 * connection, whose secrets depend on the first one's; after tickets, data, and new keys. */
static void an_alert_of_either_side_opens_at_any_time(void **state)
{
    struct tls_side sides[2];

    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        struct tls_side *from = &sides[i & 1], *to = &sides[!(i & 1)];
        const bool resumed = (i & 2) != 0, updated = (i & 4) != 0;
        SecPkgContext_SessionInfo session;

        tls_sides(&sides[0], &sides[1], i < 8 ? TLS13 : TLS12);
        for (int n = 0; n <= resumed; n++) {
            tls_reset(&sides[0]);
            tls_reset(&sides[1]);
            assert_tls(tls_shake(&sides[0], &sides[1]), SEC_E_OK);
            tls_exchange(&sides[0], &sides[1]);
        }
        assert_tls(tls_query(from, SECPKG_ATTR_SESSION_INFO, &session), SEC_E_OK);
        assert_int_equal((session.dwFlags & SSL_SESSION_RECONNECT) != 0, resumed);
        for (int n = 0; updated && i < 8 && n < 2; n++) {
            key_update(from, to);
            tls_exchange(&sides[0], &sides[1]);
        }
        assert_tls(tls_control(from, &denied, sizeof(denied)), SEC_E_OK);
        assert_tls(tls_leg(from, NULL, 0), SEC_E_OK);
        tls_move(from, to);
        assert_tls(tls_receive(to, NULL), SEC_E_LOGON_DENIED);
        tls_release_both(&sides[0], &sides[1]);
    }
}

/* Wrong: the same in the midst of the handshake, where nothing is encrypted yet. */
static void shutdowns_may_come_in_the_handshake(void **state)
{
    static const uint8_t close_notify[] = {0x15, 3, 3, 0, 2, 1, 0};
    static const uint8_t access_denied[] = {0x15, 3, 3, 0, 2, 2, TLS1_ALERT_ACCESS_DENIED};
    struct tls_side client, server;

    (void)state;
    tls_sides(&client, &server, 0);
    assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
    for (int i = 0; i < 2; i++) {
        client.out.size = 0;
        assert_tls(tls_control(&client, &shutdown_token, sizeof(shutdown_token)), SEC_E_OK);
        assert_tls(tls_control(&client, &shutdown_token, sizeof(shutdown_token)), SEC_E_OK);
        assert_tls(tls_leg(&client, NULL, 0), SEC_E_OK);
        assert_int_equal(client.out.size, sizeof(close_notify));
        assert_memory_equal(client.out.data, close_notify, sizeof(close_notify));
        client.out.size = 0;
        assert_tls(tls_leg(&client, NULL, 0), SEC_E_INCOMPLETE_MESSAGE);
        assert_int_equal(client.out.size, 0);
    }
    assert_tls(tls_leg(&client, close_notify, sizeof(close_notify)), SEC_E_CONTEXT_EXPIRED);
    assert_tls(tls_control(&client, &denied, sizeof(denied)), SEC_E_OK);
    assert_tls(tls_leg(&client, NULL, 0), SEC_E_OK);
    assert_int_equal(client.out.size, sizeof(access_denied));
    assert_memory_equal(client.out.data, access_denied, sizeof(access_denied));
    tls_release_both(&client, &server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_shutdown_and_alert_has_its_token),
        cmocka_unit_test(an_alert_opens_after_every_key_exchange),
        cmocka_unit_test(an_alert_of_either_side_opens_at_any_time),
        cmocka_unit_test(shutdowns_may_come_in_the_handshake),
    };

    return cmocka_run_group_tests(tests, tls_fixture_setup, tls_fixture_teardown);
}
