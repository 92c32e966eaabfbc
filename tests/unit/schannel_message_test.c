/* SPDX-License-Identifier: MIT */
/* Messages, closing, alerts and key updates, on the package's own table. */
#include "tls_fixture.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t versions[] = {TLS12, TLS13};

#define EACH_VERSION(without)                                                                  \
    for (size_t version = 0; version < 2; version++)                                           \
        for (uint32_t without = versions[version], once = 1; once != 0; once = 0)

static const uint32_t shutdown_token = SCHANNEL_SHUTDOWN;
static const uint32_t renegotiate_token = SCHANNEL_RENEGOTIATE;

/* Connects with one suite alone: all others are disabled. */
static void connect_with(struct tls_side *client, struct tls_side *server, uint32_t without,
                         CRYPTO_SETTINGS *disabled, uint32_t count)
{
    TLS_PARAMETERS parameters = {.grbitDisabledProtocols = without,
                                 .cDisabledCrypto = count,
                                 .pDisabledCrypto = disabled};
    SCH_CREDENTIALS settings = {.dwVersion = SCH_CREDENTIALS_VERSION,
                                .hRootStore = tls.roots,
                                .cTlsParameters = 1,
                                .pTlsParameters = &parameters};

    tls_sides(client, server, 0);
    assert_tls(tls_acquire(client, &settings), SEC_E_OK);
    assert_tls(tls_shake(client, server), SEC_E_OK);
}

static UNICODE_STRING wide(const WCHAR *text)
{
    size_t length = 0;

    while (text[length] != 0)
        length++;
    return (UNICODE_STRING){(uint16_t)(length * 2), (uint16_t)(length * 2), (WCHAR *)text};
}

/* Wrong: STREAM_SIZES do not fit the records of some suite (tls_send would fail, or the peer
 * could not read them), or CIPHER_INFO names another suite. */
static void sizes_are_exact_for_each_suite(void **state)
{
    UNICODE_STRING gcm = wide(u"ChainingModeGCM"), ccm = wide(u"ChainingModeCCM");
    CRYPTO_SETTINGS no_gcm = {.eAlgorithmUsage = TlsParametersCngAlgUsageCipher,
                              .strCngAlgId = wide(u"AES"),
                              .cChainingModes = 1,
                              .rgstrChainingModes = &gcm};
    CRYPTO_SETTINGS no_ccm = {.eAlgorithmUsage = TlsParametersCngAlgUsageCipher,
                              .strCngAlgId = wide(u"AES"),
                              .cChainingModes = 1,
                              .rgstrChainingModes = &ccm};
    CRYPTO_SETTINGS no_chacha = {.eAlgorithmUsage = TlsParametersCngAlgUsageCipher,
                                 .strCngAlgId = wide(u"CHACHA20_POLY1305")};
    CRYPTO_SETTINGS no_256 = {.eAlgorithmUsage = TlsParametersCngAlgUsageCipher,
                              .strCngAlgId = wide(u"AES"),
                              .dwMaxBitLength = 128};
    const struct {
        CRYPTO_SETTINGS disabled[3];
        uint32_t count;
        uint32_t without;
        uint32_t header, trailer;
        uint32_t suite;
    } cases[] = {
        {{no_chacha, no_ccm}, 2, TLS13, 5, 17, 0x1302},
        {{no_chacha, no_ccm, no_256}, 3, TLS13, 5, 17, 0x1301},
        {{no_gcm, no_chacha}, 2, TLS13, 5, 17, 0x1304},
        {{no_gcm, no_ccm}, 2, TLS13, 5, 17, 0x1303},
        {{no_chacha, no_ccm}, 2, TLS12, 13, 16, 0xC02C},
        {{no_chacha, no_ccm, no_256}, 3, TLS12, 13, 16, 0xC02B},
        {{no_gcm, no_chacha}, 2, TLS12, 13, 16, 0xC0AD},
        {{no_gcm, no_ccm}, 2, TLS12, 5, 16, 0xCCA9},
    };
    static uint8_t data[20000];
    struct tls_side client, server;
    SecPkgContext_StreamSizes sizes;
    SecPkgContext_CipherInfo cipher;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CRYPTO_SETTINGS disabled[3];

        memcpy(disabled, cases[i].disabled, sizeof(disabled));
        connect_with(&client, &server, cases[i].without, disabled, cases[i].count);
        assert_tls(tls_query(&client, SECPKG_ATTR_CIPHER_INFO, &cipher), SEC_E_OK);
        assert_int_equal(cipher.dwCipherSuite, cases[i].suite);
        assert_int_equal(cipher.dwProtocol, cases[i].without == TLS12 ? 0x0303 : 0x0304);
        assert_tls(tls_query(&client, SECPKG_ATTR_STREAM_SIZES, &sizes), SEC_E_OK);
        assert_int_equal(sizes.cbHeader, cases[i].header);
        assert_int_equal(sizes.cbTrailer, cases[i].trailer);
        assert_int_equal(sizes.cbMaximumMessage, 16384);
        assert_int_equal(sizes.cBuffers, 4);
        for (size_t size = 1; size <= sizeof(data); size = size * 3 + 1) {
            struct tls_bytes received = {NULL, 0, 0};

            assert_tls(tls_send(&client, data, size), SEC_E_OK);
            tls_move(&client, &server);
            assert_tls(tls_receive_all(&server, &received), SEC_E_OK);
            assert_int_equal(received.size, size);
            tls_clear(&received);
        }
        tls_exchange(&client, &server);
        tls_release_both(&client, &server);
    }
}

/* Wrong: 16 MiB do not arrive whole and in order, one way or the other. */
static void sixteen_mebibytes_arrive(void **state)
{
    const size_t size = (size_t)16 << 20;
    uint8_t *data = malloc(size);
    struct tls_side client, server;

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    EACH_VERSION(without)
    {
        tls_connected(&client, &server, without);
        for (int way = 0; way < 2; way++) {
            struct tls_side *from = way == 0 ? &client : &server;
            struct tls_side *to = way == 0 ? &server : &client;
            struct tls_bytes received = {NULL, 0, 0};

            for (size_t at = 0; at < size; at += 262144) {
                assert_tls(tls_send(from, data + at, 262144), SEC_E_OK);
                tls_move(from, to);
                assert_tls(tls_receive_all(to, &received), SEC_E_OK);
            }
            assert_int_equal(received.size, size);
            assert_memory_equal(received.data, data, size);
            tls_clear(&received);
        }
        tls_release_both(&client, &server);
    }
    free(data);
}

/* Wrong: half a record changes the state, or several in one input confuse it. */
static void input_may_be_cut_anywhere(void **state)
{
    struct tls_side client, server;
    struct tls_bytes record = {NULL, 0, 0}, data = {NULL, 0, 0};

    (void)state;
    EACH_VERSION(without)
    {
        tls_connected(&client, &server, without);
        tls_receive_all(&client, NULL);
        assert_tls(tls_send(&client, "one", 3), SEC_E_OK);
        tls_append(&record, client.out.data, client.out.size);
        client.out.size = 0;
        for (size_t i = 0; i < record.size; i++) {
            assert_tls(tls_receive(&server, NULL), SEC_E_INCOMPLETE_MESSAGE);
            assert_int_equal(server.result.missing, i < 5 ? 5 - i : record.size - i);
            tls_append(&server.in, record.data + i, 1);
        }
        assert_tls(tls_send(&client, "two", 3), SEC_E_OK);
        assert_tls(tls_send(&client, "three", 5), SEC_E_OK);
        tls_append(&server.in, client.out.data, client.out.size - 1);
        assert_tls(tls_receive(&server, &data), SEC_E_OK);
        assert_tls(tls_receive(&server, &data), SEC_E_OK);
        assert_tls(tls_receive(&server, &data), SEC_E_INCOMPLETE_MESSAGE);
        assert_int_equal(server.result.missing, 1);
        tls_append(&server.in, client.out.data + client.out.size - 1, 1);
        assert_tls(tls_receive(&server, &data), SEC_E_OK);
        assert_int_equal(data.size, 11);
        assert_memory_equal(data.data, "onetwothree", 11);
        tls_clear(&data);
        tls_clear(&record);
        tls_release_both(&client, &server);
    }
}

/* Wrong: buffers that do not fit are written to, or spend a sequence number. */
static void bad_buffers_change_nothing(void **state)
{
    struct tls_side client, server;
    const sspia_package *package = tls_package();
    uint8_t header[13], data[20000] = "data", trailer[17];
    SecBuffer good[3] = {{sizeof(header), SECBUFFER_STREAM_HEADER, header},
                         {4, SECBUFFER_DATA, data},
                         {sizeof(trailer), SECBUFFER_STREAM_TRAILER, trailer}};
    SecBuffer buffers[4];
    SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};
    sspia_report report;

    (void)state;
    EACH_VERSION(without)
    {
        tls_connected(&client, &server, without);
        memcpy(buffers, good, sizeof(good));
        buffers[0].cbBuffer = 4;
        assert_tls(package->encrypt(client.context, 0, &message, &report),
                   SEC_E_BUFFER_TOO_SMALL);
        memcpy(buffers, good, sizeof(good));
        buffers[2].cbBuffer = 15;
        assert_tls(package->encrypt(client.context, 0, &message, &report),
                   SEC_E_BUFFER_TOO_SMALL);
        memcpy(buffers, good, sizeof(good));
        buffers[1].cbBuffer = 16385;
        assert_tls(package->encrypt(client.context, 0, &message, &report),
                   SEC_E_INVALID_PARAMETER);
        memcpy(buffers, good, sizeof(good));
        buffers[1].BufferType |= SECBUFFER_READONLY;
        assert_tls(package->encrypt(client.context, 0, &message, &report), SEC_E_INVALID_TOKEN);
        for (int i = 0; i < 3; i++) {
            memcpy(buffers, good, sizeof(good));
            buffers[i].BufferType = SECBUFFER_EMPTY;
            assert_tls(package->encrypt(client.context, 0, &message, &report),
                       SEC_E_INVALID_TOKEN);
        }
        memcpy(buffers, good, sizeof(good));
        assert_tls(package->encrypt(client.context, SECQOP_WRAP_NO_ENCRYPT, &message, &report),
                   SEC_E_QOP_NOT_SUPPORTED);
        assert_memory_equal(data, "data", 4);

        /* Decrypt: one DATA and three EMPTY. */
        buffers[0] = (SecBuffer){4, SECBUFFER_DATA, data};
        buffers[1] = buffers[2] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
        assert_tls(package->decrypt(client.context, &message, NULL, &report),
                   SEC_E_INVALID_TOKEN);
        buffers[0].BufferType = SECBUFFER_EMPTY;
        assert_tls(package->decrypt(client.context, &message, NULL, &report),
                   SEC_E_INVALID_TOKEN);
        tls_exchange(&client, &server);

        /* No data is no record. */
        assert_tls(tls_send(&client, "", 0), SEC_E_OK);
        assert_int_equal(client.out.size, 0);
        tls_release_both(&client, &server);
    }
}

/* Wrong: messages flow before the handshake is complete. */
static void messages_need_a_complete_handshake(void **state)
{
    struct tls_side client, server;
    uint8_t memory[64] = {0};
    SecBuffer buffers[4] = {{sizeof(memory), SECBUFFER_DATA, memory}};
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
    SecPkgContext_StreamSizes sizes;
    sspia_report report;

    (void)state;
    tls_sides(&client, &server, 0);
    assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
    assert_tls(tls_package()->decrypt(client.context, &message, NULL, &report),
               SEC_E_OUT_OF_SEQUENCE);
    assert_tls(tls_package()->encrypt(client.context, 0, &message, &report),
               SEC_E_OUT_OF_SEQUENCE);
    assert_tls(tls_query(&client, SECPKG_ATTR_STREAM_SIZES, &sizes), SEC_E_OUT_OF_SEQUENCE);
    tls_release_both(&client, &server);
}

/* Wrong: an altered record is taken, or the context lives on. */
static void altered_record_ends_the_connection(void **state)
{
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        tls_connected(&client, &server, without);
        tls_receive_all(&client, NULL);
        assert_tls(tls_send(&client, "hello", 5), SEC_E_OK);
        client.out.data[client.out.size - 3] ^= 1;
        tls_move(&client, &server);
        assert_tls(tls_receive(&server, NULL), SEC_E_MESSAGE_ALTERED);
        assert_tls(tls_receive(&server, NULL), SEC_E_MESSAGE_ALTERED);
        /* The alert is fetched with a leg, and the client understands it. */
        assert_tls(tls_leg(&server, NULL, 0), SEC_E_MESSAGE_ALTERED);
        assert_true(server.out.size > 0);
        tls_move(&server, &client);
        assert_tls(tls_receive(&client, NULL), SEC_E_MESSAGE_ALTERED);
        assert_non_null(strstr(client.report.text, "bad_record_mac"));
        tls_release_both(&client, &server);
    }
}

/* Wrong: closing is not told to the peer, or data can be sent afterwards, or what the peer
 * had sent before is lost. */
static void close_notify_closes_one_direction(void **state)
{
    struct tls_side client, server;
    struct tls_bytes data = {NULL, 0, 0};

    (void)state;
    EACH_VERSION(without)
    {
        tls_connected(&client, &server, without);
        tls_receive_all(&client, NULL);
        assert_tls(tls_send(&client, "last", 4), SEC_E_OK);
        assert_tls(tls_control(&client, &shutdown_token, sizeof(shutdown_token)), SEC_E_OK);
        assert_tls(tls_leg(&client, NULL, 0), SEC_E_OK);
        tls_move(&client, &server);
        assert_tls(tls_send(&client, "more", 4), SEC_E_CONTEXT_EXPIRED);
        assert_tls(tls_receive(&server, &data), SEC_E_OK);
        assert_int_equal(data.size, 4);
        assert_tls(tls_receive(&server, &data), SEC_I_CONTEXT_EXPIRED);
        assert_int_equal(server.in.size, 0);
        assert_tls(tls_receive(&server, &data), SEC_I_CONTEXT_EXPIRED);
        /* The other direction is still open. */
        assert_tls(tls_send(&server, "answer", 6), SEC_E_OK);
        assert_tls(tls_control(&server, &shutdown_token, sizeof(shutdown_token)), SEC_E_OK);
        assert_tls(tls_leg(&server, NULL, 0), SEC_E_OK);
        tls_move(&server, &client);
        assert_tls(tls_receive(&client, &data), SEC_E_OK);
        assert_memory_equal(data.data, "lastanswer", 10);
        assert_tls(tls_receive(&client, &data), SEC_I_CONTEXT_EXPIRED);
        assert_tls(tls_receive(&client, &data), SEC_E_CONTEXT_EXPIRED);
        tls_clear(&data);
        tls_release_both(&client, &server);
    }
}

static void send_alert(struct tls_side *side, uint32_t number)
{
    const SCHANNEL_ALERT_TOKEN token = {SCHANNEL_ALERT, TLS1_ALERT_FATAL, number};

    assert_tls(tls_control(side, &token, sizeof(token)), SEC_E_OK);
    assert_tls(tls_leg(side, NULL, 0), SEC_E_OK);
    assert_true(side->out.size > 0);
}

/* Wrong: an alert of the caller's choice does not reach the peer, with any suite, after any
 * number of records and key updates. */
static void caller_may_send_any_alert(void **state)
{
    UNICODE_STRING gcm = wide(u"ChainingModeGCM");
    CRYPTO_SETTINGS disabled[] = {{.eAlgorithmUsage = TlsParametersCngAlgUsageCipher,
                                   .strCngAlgId = wide(u"CHACHA20_POLY1305")},
                                  {.eAlgorithmUsage = TlsParametersCngAlgUsageCipher,
                                   .strCngAlgId = wide(u"AES"),
                                   .cChainingModes = 1,
                                   .rgstrChainingModes = &gcm}};
    struct tls_side sides[2];

    (void)state;
    EACH_VERSION(without)
    {
        for (uint32_t i = 0; i < 24; i++) {
            struct tls_side *from = &sides[i % 2], *to = &sides[1 - i % 2];
            const uint32_t suite = i / 2 % 4, records = i / 8;

            /* 0: the default; 1: no ChaCha; 2: no GCM, ChaCha; 3: CCM alone. */
            if (suite == 2)
                connect_with(&sides[0], &sides[1], without, disabled + 1, 1);
            else
                connect_with(&sides[0], &sides[1], without, disabled,
                             suite == 3   ? 2
                             : suite == 1 ? 1
                                          : 0);
            tls_receive_all(&sides[0], NULL);
            for (uint32_t r = 0; r < records; r++)
                tls_exchange(&sides[0], &sides[1]);
            if (without == TLS13 && records == 2) {
                assert_tls(tls_control(from, &renegotiate_token, sizeof(uint32_t)), SEC_E_OK);
                assert_tls(tls_leg(from, NULL, 0), SEC_E_OK);
                tls_move(from, to);
                assert_tls(tls_receive_all(to, NULL), SEC_E_OK);
                tls_move(to, from);
                assert_tls(tls_receive_all(from, NULL), SEC_E_OK);
                tls_exchange(&sides[0], &sides[1]);
            }
            send_alert(from, TLS1_ALERT_ACCESS_DENIED);
            tls_move(from, to);
            assert_tls(tls_receive(to, NULL), SEC_E_LOGON_DENIED);
            assert_non_null(strstr(to->report.text, "access_denied"));
            assert_tls(tls_send(from, "x", 1), SEC_E_CONTEXT_EXPIRED);
            assert_tls(tls_leg(from, NULL, 0), SEC_E_CONTEXT_EXPIRED);
            tls_release_both(&sides[0], &sides[1]);
        }
    }
}

/* Wrong: an alert in the middle of the handshake is not understood. */
static void alert_may_come_in_the_handshake(void **state)
{
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        /* The server's flight is out: in TLS 1.3 it already writes with its last keys. */
        tls_sides(&client, &server, without);
        assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
        tls_move(&client, &server);
        assert_tls(tls_advance(&server), SEC_I_CONTINUE_NEEDED);
        tls_move(&server, &client);
        send_alert(&server, TLS1_ALERT_INTERNAL_ERROR);
        tls_move(&server, &client);
        if (without == TLS12) {
            assert_tls(tls_advance(&client), SEC_E_INTERNAL_ERROR);
        } else {
            assert_tls(tls_advance(&client), SEC_E_OK);
            assert_tls(tls_receive(&client, NULL), SEC_E_INTERNAL_ERROR);
        }
        assert_non_null(strstr(client.report.text, "internal_error"));
        tls_release_both(&client, &server);

        /* The client stops before its last flight: TLS 1.3 has the handshake's keys. */
        tls_sides(&client, &server, without);
        server.flags = ASC_REQ_MUTUAL_AUTH;
        assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
        tls_move(&client, &server);
        assert_tls(tls_advance(&server), SEC_I_CONTINUE_NEEDED);
        tls_move(&server, &client);
        assert_tls(tls_advance(&client), SEC_I_INCOMPLETE_CREDENTIALS);
        send_alert(&client, TLS1_ALERT_BAD_CERTIFICATE);
        tls_move(&client, &server);
        assert_tls(tls_advance(&server), SEC_E_CERT_UNKNOWN);
        assert_non_null(strstr(server.report.text, "bad_certificate"));
        tls_release_both(&client, &server);
    }
}

/* Wrong: control tokens that mean nothing here are taken. */
static void bad_control_tokens_are_refused(void **state)
{
    const SCHANNEL_ALERT_TOKEN warning = {SCHANNEL_ALERT, TLS1_ALERT_WARNING, 90};
    const SCHANNEL_ALERT_TOKEN number = {SCHANNEL_ALERT, TLS1_ALERT_FATAL, 256};
    const SCHANNEL_ALERT_TOKEN type = {SCHANNEL_ALERT, 3, 40};
    const SCHANNEL_SESSION_TOKEN session = {SCHANNEL_SESSION, 3};
    const uint32_t unknown = 99;
    struct tls_side client, server;

    (void)state;
    tls_connected(&client, &server, TLS12);
    assert_tls(tls_control(&client, &unknown, 4), SEC_E_UNSUPPORTED_FUNCTION);
    assert_tls(tls_control(&client, &unknown, 3), SEC_E_INVALID_TOKEN);
    assert_tls(tls_control(&client, &warning, sizeof(warning)), SEC_E_UNSUPPORTED_FUNCTION);
    assert_tls(tls_control(&client, &warning, 8), SEC_E_INVALID_TOKEN);
    assert_tls(tls_control(&client, &number, sizeof(number)), SEC_E_INVALID_TOKEN);
    assert_tls(tls_control(&client, &type, sizeof(type)), SEC_E_INVALID_TOKEN);
    assert_tls(tls_control(&client, &session, sizeof(session)), SEC_E_INVALID_TOKEN);
    assert_tls(tls_control(&client, &renegotiate_token, 4), SEC_E_UNSUPPORTED_FUNCTION);
    assert_tls(tls_leg(&client, NULL, 0), SEC_E_OK);
    assert_int_equal(client.out.size, 0);
    tls_exchange(&client, &server);
    tls_release_both(&client, &server);
}

/* Wrong: tickets and key updates are not announced, or the answer to a key update gets lost,
 * or data is sent before it. */
static void handshake_messages_are_announced(void **state)
{
    struct tls_side client, server;
    struct tls_bytes data = {NULL, 0, 0};

    (void)state;
    tls_connected(&client, &server, TLS13);
    assert_true(client.in.size > 0); /* the ticket */
    assert_tls(tls_receive(&client, NULL), SEC_I_RENEGOTIATE);
    assert_int_equal(client.in.size, 0);
    assert_tls(tls_leg(&client, NULL, 0), SEC_E_OK);
    assert_int_equal(client.out.size, 0);
    tls_exchange(&client, &server);

    assert_tls(tls_control(&server, &renegotiate_token, 4), SEC_E_OK);
    assert_tls(tls_leg(&server, NULL, 0), SEC_E_OK);
    assert_tls(tls_send(&server, "after", 5), SEC_E_OK);
    tls_move(&server, &client);
    assert_tls(tls_receive(&client, &data), SEC_I_RENEGOTIATE);
    assert_true(client.in.size > 0);
    /* The peer is owed an answer. */
    assert_tls(tls_send(&client, "x", 1), SEC_E_OUT_OF_SEQUENCE);
    assert_tls(tls_advance(&client), SEC_E_OK);
    assert_true(client.out.size > 0);
    assert_true(client.in.size > 0); /* the data came back as EXTRA */
    assert_tls(tls_receive(&client, &data), SEC_E_OK);
    assert_int_equal(data.size, 5);
    assert_tls(tls_send(&client, "reply", 5), SEC_E_OK);
    tls_move(&client, &server);
    assert_tls(tls_receive(&server, &data), SEC_I_RENEGOTIATE);
    assert_tls(tls_advance(&server), SEC_E_OK);
    assert_int_equal(server.out.size, 0); /* no answer to the answer */
    assert_tls(tls_receive(&server, &data), SEC_E_OK);
    assert_memory_equal(data.data, "afterreply", 10);
    tls_clear(&data);
    for (int i = 0; i < 3; i++)
        tls_exchange(&client, &server);
    tls_release_both(&client, &server);
}

/* Wrong: what the host program left in the error queue is gone, or ours is added to it; or it
 * makes a handshake that waits look like one that failed. */
static void error_queue_is_left_as_found(void **state)
{
    struct tls_side client, server;

    (void)state;
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 111);
    ERR_raise(ERR_LIB_USER, 222);
    EACH_VERSION(without)
    {
        tls_connected(&client, &server, without);
        tls_exchange(&client, &server);
        client.in.size = 0;
        tls_append(&client.in, "\x17\x03\x03\x00\x20garbage garbage garbage garbage ", 37);
        assert_tls(tls_receive(&client, NULL), SEC_E_MESSAGE_ALTERED);
        tls_release_both(&client, &server);
    }
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 111);
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 222);
    assert_int_equal(ERR_get_error(), 0);

    tls_sides(&client, &server, 0);
    client.target = "other.test";
    assert_tls(tls_shake(&client, &server), SEC_E_WRONG_PRINCIPAL);
    assert_int_equal(ERR_peek_error(), 0);
    tls_release_both(&client, &server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_exact_for_each_suite),
        cmocka_unit_test(sixteen_mebibytes_arrive),
        cmocka_unit_test(input_may_be_cut_anywhere),
        cmocka_unit_test(bad_buffers_change_nothing),
        cmocka_unit_test(messages_need_a_complete_handshake),
        cmocka_unit_test(altered_record_ends_the_connection),
        cmocka_unit_test(close_notify_closes_one_direction),
        cmocka_unit_test(caller_may_send_any_alert),
        cmocka_unit_test(alert_may_come_in_the_handshake),
        cmocka_unit_test(bad_control_tokens_are_refused),
        cmocka_unit_test(handshake_messages_are_announced),
        cmocka_unit_test(error_queue_is_left_as_found),
    };

    return cmocka_run_group_tests(tests, tls_fixture_setup, tls_fixture_teardown);
}
