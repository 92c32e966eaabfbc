/* SPDX-License-Identifier: MIT */
/* Handshakes by TLS messages without records, on the package's own table. */
#include "tls_messages.h"

#include <stdlib.h>
#include <string.h>

#include "tls_fixture.h"
#include "tls_peer.h"

static void assert_extension(const struct tls_messages_side *side, const char *content)
{
    const size_t size = strlen(content);

    assert_int_equal(side->extension.size, 4 + size);
    assert_int_equal(side->extension.data[0] << 8 | side->extension.data[1], side->type);
    assert_int_equal(side->extension.data[2] << 8 | side->extension.data[3], size);
    assert_memory_equal(side->extension.data + 4, content, size);
}

static void assert_protocol(struct tls_messages_side *side, const char *name)
{
    SecPkgContext_ApplicationProtocol protocol;

    assert_tls(tls_query(&side->tls, SECPKG_ATTR_APPLICATION_PROTOCOL, &protocol), SEC_E_OK);
    assert_int_equal(protocol.ProtoNegoStatus, SecApplicationProtocolNegotiationStatus_Success);
    assert_int_equal(protocol.ProtocolIdSize, strlen(name));
    assert_memory_equal(protocol.ProtocolId, name, strlen(name));
}

/* Wrong: a handshake needs records, the sides have different secrets, or what was negotiated is
 * not told. */
static void messages_are_enough(void **state)
{
    struct tls_messages_side client, server;
    SecPkgContext_ConnectionInfo info;

    (void)state;
    tls_messages_sides(&client, &server);
    assert_tls(tls_messages_shake(&client, &server), SEC_E_OK);
    tls_messages_agree(&client, &server);
    assert_extension(&client, server.parameters);
    assert_extension(&server, client.parameters);
    assert_protocol(&client, "hq");
    assert_protocol(&server, "hq");
    assert_tls(tls_query(&client.tls, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
    assert_int_equal(info.dwProtocol, SP_PROT_TLS1_3_CLIENT);
    tls_messages_release(&client, &server);
}

static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                     "TLS_CHACHA20_POLY1305_SHA256"};

static bool is_resumed(struct tls_messages_side *side)
{
    SecPkgContext_SessionInfo info;

    assert_tls(tls_query(&side->tls, SECPKG_ATTR_SESSION_INFO, &info), SEC_E_OK);
    return (info.dwFlags & SSL_SESSION_RECONNECT) != 0;
}

/* Wrong: the secrets are not those of OpenSSL's key log, or do not protect what the token's
 * offsets say. The peer is OpenSSL with records, which the secrets alone seal and open. */
static void secrets_are_those_of_the_key_log(void **state)
{
    struct tls_messages_side client, server;
    struct tls_peer peer;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        tls_messages_sides(&client, &server);
        tls_peer_init(&peer, true, suites[i]);
        assert_tls(tls_peer_shake(&peer, &client), SEC_E_OK);
        tls_peer_agree(&peer, &client);
        assert_extension(&client, peer.parameters);
        assert_int_equal(peer.peers_parameters.size, strlen(client.parameters));
        tls_peer_end(&peer);

        tls_peer_init(&peer, false, suites[i]);
        assert_tls(tls_peer_shake(&peer, &server), SEC_E_OK);
        tls_peer_agree(&peer, &server);
        assert_extension(&server, peer.parameters);
        assert_int_equal(peer.peers_parameters.size, strlen(server.parameters));
        tls_peer_end(&peer);
        tls_messages_release(&client, &server);
    }
}

/* Wrong: half a message changes the state, or MISSING is not what is missing; or the answer to
 * a message depends on what came with it. */
static void messages_may_come_byte_by_byte(void **state)
{
    struct tls_messages_side client, server;
    struct tls_messages_side *sides[2];
    bool done[2];

    (void)state;
    for (int slow = 0; slow < 2; slow++) {
        tls_messages_sides(&client, &server);
        sides[0] = &client, sides[1] = &server;
        done[0] = done[1] = false;
        assert_tls(tls_messages_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
        tls_move(&client.tls, &server.tls);
        for (int turn = 1; turn < 20 && !(done[0] && done[1]); turn++) {
            struct tls_messages_side *side = sides[turn % 2], *other = sides[1 - turn % 2];
            struct tls_bytes all = side->tls.in;

            if (done[turn % 2] || all.size == 0)
                continue;
            side->tls.in = (struct tls_bytes){NULL, 0, 0};
            while (all.size > 0 && !done[turn % 2]) {
                const size_t piece = turn % 2 == slow ? 1 : all.size;

                tls_append(&side->tls.in, all.data, piece);
                tls_consume(&all, piece);
                tls_messages_advance(side);
                if (side->tls.status == SEC_E_INCOMPLETE_MESSAGE) {
                    assert_true(side->tls.result.missing > 0);
                    assert_true(side->tls.result.missing <= all.size);
                } else {
                    assert_true(side->tls.status >= 0);
                }
                done[turn % 2] = side->tls.status == SEC_E_OK;
            }
            tls_append(&side->tls.in, all.data, all.size);
            tls_clear(&all);
            tls_move(&side->tls, &other->tls);
        }
        assert_true(done[0] && done[1]);
        tls_messages_agree(&client, &server);
        /* A client that has the ServerHello alone can already protect what it answers; its
         * Finished then comes with its place. */
        assert_int_equal(client.given[TLS_CLIENT_HANDSHAKE], slow == 0 ? 2 : 1);
        assert_extension(&client, server.parameters);
        tls_messages_release(&client, &server);
    }
}

/* Wrong: a server that wants another group (HelloRetryRequest) does not get it, or the secrets
 * differ after that. */
static void client_may_have_to_guess_again(void **state)
{
    UNICODE_STRING names[] = {{20, 20, (WCHAR *)u"curve25519"},
                              {18, 18, (WCHAR *)u"ECDH_P256"}};
    CRYPTO_SETTINGS disabled[] = {
        {.eAlgorithmUsage = TlsParametersCngAlgUsageKeyExchange, .strCngAlgId = names[0]},
        {.eAlgorithmUsage = TlsParametersCngAlgUsageKeyExchange, .strCngAlgId = names[1]}};
    TLS_PARAMETERS parameters = {.cDisabledCrypto = 2, .pDisabledCrypto = disabled};
    SCH_CREDENTIALS settings = {.dwVersion = SCH_CREDENTIALS_VERSION,
                                .cCreds = 1,
                                .paCred = &tls.server_context,
                                .cTlsParameters = 1,
                                .pTlsParameters = &parameters};
    struct tls_messages_side client, server;

    (void)state;
    tls_messages_sides(&client, &server);
    assert_tls(tls_acquire(&server.tls, &settings), SEC_E_OK);
    assert_tls(tls_messages_advance(&client), SEC_I_CONTINUE_NEEDED);
    tls_move(&client.tls, &server.tls);
    assert_tls(tls_messages_advance(&server), SEC_I_CONTINUE_NEEDED);
    /* A retry is protected by nothing. */
    assert_null(server.secrets[TLS_SERVER_HANDSHAKE]);
    tls_move(&server.tls, &client.tls);
    assert_tls(tls_messages_advance(&client), SEC_I_CONTINUE_NEEDED);
    assert_null(client.secrets[TLS_SERVER_HANDSHAKE]);
    tls_move(&client.tls, &server.tls);
    assert_tls(tls_messages_advance(&server), SEC_I_CONTINUE_NEEDED);
    tls_move(&server.tls, &client.tls);
    assert_tls(tls_messages_advance(&client), SEC_E_OK);
    tls_move(&client.tls, &server.tls);
    assert_tls(tls_messages_advance(&server), SEC_E_OK);
    tls_messages_agree(&client, &server);
    tls_messages_release(&client, &server);
}

/* Wrong: a ticket cannot be taken in, does not resume, or the secrets of a resumed session
 * differ; or a session of a connection with records is resumed by one without. */
static void tickets_resume(void **state)
{
    struct tls_messages_side client, server;

    (void)state;
    tls_messages_sides(&client, &server);
    for (int i = 0; i < 3; i++) {
        assert_tls(tls_messages_shake(&client, &server), SEC_E_OK);
        tls_messages_agree(&client, &server);
        assert_extension(&client, server.parameters);
        assert_int_equal(is_resumed(&client), i > 0);
        assert_int_equal(is_resumed(&server), i > 0);
        assert_int_equal(client.tls.in.data[0], 4); /* NewSessionTicket */
        /* Half of it is left alone. */
        assert_tls(tls_messages_leg(&client, client.tls.in.data, client.tls.in.size - 1),
                   SEC_E_INCOMPLETE_MESSAGE);
        assert_tls(tls_messages_advance(&client), SEC_E_OK);
        assert_int_equal(client.tls.in.size, 0);
        assert_int_equal(client.tls.out.size, 0);
        assert_tls(tls_messages_leg(&client, NULL, 0), SEC_E_OK);
        tls_messages_reset(&client);
        tls_messages_reset(&server);
    }
    client.tls.flags = server.tls.flags = 0;
    assert_tls(tls_shake(&client.tls, &server.tls), SEC_E_OK);
    assert_false(is_resumed(&client));
    tls_messages_release(&client, &server);
}

/* Wrong: a client certificate cannot be shown, or not when it is asked for. */
static void client_certificate_is_shown(void **state)
{
    struct tls_messages_side client, server;
    PCCERT_CONTEXT shown;

    (void)state;
    tls_messages_sides(&client, &server);
    server.tls.flags |= ASC_REQ_MUTUAL_AUTH;
    assert_tls(tls_messages_advance(&client), SEC_I_CONTINUE_NEEDED);
    tls_move(&client.tls, &server.tls);
    assert_tls(tls_messages_advance(&server), SEC_I_CONTINUE_NEEDED);
    tls_move(&server.tls, &client.tls);
    assert_tls(tls_messages_leg(&client, client.tls.in.data, client.tls.in.size),
               SEC_I_GENERIC_EXTENSION_RECEIVED);
    assert_tls(tls_messages_leg(&client, client.tls.in.data, client.tls.in.size),
               SEC_I_INCOMPLETE_CREDENTIALS);
    assert_int_equal(client.tls.out.size, 0);
    assert_tls(tls_acquire_with(&client.tls, tls.client_context, tls.roots, 0), SEC_E_OK);
    assert_tls(tls_messages_leg(&client, client.tls.in.data, client.tls.in.size), SEC_E_OK);
    tls_move(&client.tls, &server.tls);
    assert_tls(tls_messages_advance(&server), SEC_E_OK);
    tls_messages_agree(&client, &server);
    assert_true((server.tls.result.attributes & ASC_RET_MUTUAL_AUTH) != 0);
    assert_tls(tls_query(&server.tls, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &shown), SEC_E_OK);
    tls_free(shown);
    tls_messages_release(&client, &server);
}

/* Wrong: a leg that asks gives other things too, insists on its token, or takes another one. */
static void asking_leg_wants_its_token_again(void **state)
{
    struct tls_messages_side client, server;

    (void)state;
    tls_messages_sides(&client, &server);
    assert_tls(tls_messages_advance(&client), SEC_I_CONTINUE_NEEDED);
    tls_move(&client.tls, &server.tls);
    assert_tls(tls_messages_leg(&server, server.tls.in.data, server.tls.in.size),
               SEC_I_GENERIC_EXTENSION_RECEIVED);
    assert_int_equal(server.tls.out.size, 0);
    assert_null(server.secrets[TLS_SERVER_HANDSHAKE]);
    assert_tls(tls_messages_leg(&server, "x", 1), SEC_E_INVALID_TOKEN);
    /* The acceptor's parameters may depend on the initiator's. */
    server.parameters = "an answer";
    assert_tls(tls_messages_leg(&server, NULL, 0), SEC_I_CONTINUE_NEEDED);
    assert_non_null(server.secrets[TLS_SERVER_HANDSHAKE]);
    assert_true(server.start > 0 && server.start < server.end);
    assert_int_equal(server.end, server.tls.out.size);
    tls_move(&server.tls, &client.tls);
    assert_tls(tls_messages_advance(&client), SEC_E_OK);
    assert_extension(&client, "an answer");
    tls_messages_release(&client, &server);
}

/* A flight of the server for a client that waits for one. */
static void until_the_servers_flight(struct tls_messages_side *client,
                                     struct tls_messages_side *server)
{
    tls_messages_sides(client, server);
    assert_tls(tls_messages_advance(client), SEC_I_CONTINUE_NEEDED);
    tls_move(&client->tls, &server->tls);
    assert_tls(tls_messages_advance(server), SEC_I_CONTINUE_NEEDED);
    tls_move(&server->tls, &client->tls);
}

static void assert_refused(struct tls_messages_side *side, const void *message, size_t size,
                           uint8_t alert)
{
    assert_tls(tls_messages_leg(side, message, size), SEC_E_ILLEGAL_MESSAGE);
    assert_int_equal(side->tls.result.alert[0], TLS1_ALERT_FATAL);
    assert_int_equal(side->tls.result.alert[1], alert);
    assert_int_equal(side->tls.result.token.size, 0);
    /* For good. */
    assert_tls(tls_messages_leg(side, NULL, 0), SEC_E_ILLEGAL_MESSAGE);
}

/* Wrong: a message is taken at a level that is not its own, or one that the transport replaces
 * (KeyUpdate), or a length that none has is waited for. */
static void messages_out_of_place_are_refused(void **state)
{
    static const uint8_t key_update[] = {24, 0, 0, 1, 0}, finished[36] = {20, 0, 0, 32},
                         huge[] = {2, 0xff, 0xff, 0xff}, ticket[] = {4, 0, 0, 0};
    struct tls_messages_side client, server;

    (void)state;
    until_the_servers_flight(&client, &server);
    assert_refused(&client, finished, sizeof(finished), TLS1_ALERT_UNEXPECTED_MESSAGE);
    tls_messages_release(&client, &server);

    until_the_servers_flight(&client, &server);
    assert_refused(&client, huge, sizeof(huge), TLS1_ALERT_DECODE_ERROR);
    assert_refused(&server, key_update, sizeof(key_update), TLS1_ALERT_UNEXPECTED_MESSAGE);
    tls_messages_release(&client, &server);

    /* The ServerHello once more. */
    until_the_servers_flight(&client, &server);
    assert_tls(tls_messages_leg(&client, client.tls.in.data, server.start),
               SEC_I_CONTINUE_NEEDED);
    assert_refused(&client, client.tls.in.data, server.start, TLS1_ALERT_UNEXPECTED_MESSAGE);
    assert_refused(&server, ticket, sizeof(ticket), TLS1_ALERT_UNEXPECTED_MESSAGE);
    tls_messages_release(&client, &server);

    tls_messages_sides(&client, &server);
    assert_tls(tls_messages_shake(&client, &server), SEC_E_OK);
    assert_refused(&client, key_update, sizeof(key_update), TLS1_ALERT_UNEXPECTED_MESSAGE);
    assert_refused(&server, finished, sizeof(finished), TLS1_ALERT_UNEXPECTED_MESSAGE);
    tls_messages_release(&client, &server);
}

/* Wrong: a message with a changed byte is taken, or does harm (sanitizers look). */
static void changed_messages_are_refused(void **state)
{
    struct tls_messages_side client, server;
    size_t size = 1;

    (void)state;
    for (size_t at = 0; at < size; at += 13) {
        until_the_servers_flight(&client, &server);
        size = client.tls.in.size;
        /* A signature is not always as long as the one before. */
        client.tls.in.data[at < size ? at : size - 1] ^= 0x41;
        for (int legs = 0; legs < 3 && client.tls.status >= 0; legs++)
            tls_messages_advance(&client);
        /* A length may have grown: then the client waits for more. */
        assert_true(client.tls.status < 0);
        tls_messages_release(&client, &server);
    }
}

/* Wrong: what needs records, or another version, is taken in silence. */
static void what_needs_records_is_refused(void **state)
{
    struct tls_messages_side client, server;
    SecPkgContext_StreamSizes sizes;
    uint32_t token = SCHANNEL_SHUTDOWN;

    (void)state;
    tls_messages_sides(&client, &server);
    assert_tls(tls_messages_shake(&client, &server), SEC_E_OK);
    assert_tls(tls_query(&client.tls, SECPKG_ATTR_STREAM_SIZES, &sizes),
               SEC_E_UNSUPPORTED_FUNCTION);
    assert_tls(tls_control(&client.tls, &token, sizeof(token)), SEC_E_UNSUPPORTED_FUNCTION);
    tls_append(&client.tls.in, "\x17\3\3\0\1x", 6);
    assert_tls(tls_receive(&client.tls, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    tls_messages_reset(&client);
    assert_tls(tls_acquire_without(&client.tls, NULL, tls.roots, 0, SP_PROT_TLS1_3), SEC_E_OK);
    assert_tls(tls_messages_leg(&client, NULL, 0), SEC_E_ALGORITHM_MISMATCH);
    tls_messages_release(&client, &server);
}

/* Wrong: an extension that cannot be carried, or is malformed, is taken in silence. */
static void extensions_are_looked_at(void **state)
{
    struct tls_messages_side client, server;
    uint8_t send[12] = {0x39, 0, 1, 0, 0, 0, 0, 0, 3};
    SecBuffer buffer = {10, SECBUFFER_SEND_GENERIC_TLS_EXTENSION, send};

    (void)state;
    tls_messages_sides(&client, &server);
    client.type = 0x1234;
    assert_tls(tls_messages_leg(&client, NULL, 0), SEC_E_UNSUPPORTED_FUNCTION);
    tls_messages_reset(&client);
    client.tls.more = &buffer;
    client.tls.more_count = 1;
    assert_tls(tls_leg(&client.tls, NULL, 0), SEC_E_INVALID_PARAMETER); /* too short */
    tls_reset(&client.tls);
    send[8] = 0;
    send[2] = 8; /* of the other side */
    assert_tls(tls_leg(&client.tls, NULL, 0), SEC_E_INVALID_PARAMETER);
    tls_reset(&client.tls);
    buffer = (SecBuffer){8, SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION, "\0\0\0\0\1\0\0\0"};
    assert_tls(tls_leg(&client.tls, NULL, 0), SEC_E_INVALID_PARAMETER);
    tls_reset(&client.tls);
    /* Without messages there are none. */
    client.tls.flags = 0;
    assert_tls(tls_leg(&client.tls, NULL, 0), SEC_E_UNSUPPORTED_FUNCTION);
    client.tls.more_count = 0;
    assert_tls(tls_leg(&client.tls, NULL, 0), SEC_I_CONTINUE_NEEDED);
    /* What the first leg did not ask for comes too late. */
    client.tls.flags = ISC_REQ_MESSAGES;
    assert_tls(tls_leg(&client.tls, NULL, 0), SEC_E_INVALID_PARAMETER);
    tls_messages_release(&client, &server);
}

/* Wrong: QUIC's parameters pass over records, which RFC 9001 8.2 forbids. */
static void parameters_are_for_quic_alone(void **state)
{
    struct tls_side server;
    struct tls_messages_side client, other;
    struct tls_peer peer;
    uint8_t hello[4096];
    int size;

    (void)state;
    tls_messages_sides(&client, &other);
    server = other.tls;
    server.flags = 0;
    tls_peer_init(&peer, false, suites[0]);
    assert_int_equal(SSL_do_handshake(peer.ssl), -1);
    size = BIO_read(SSL_get_wbio(peer.ssl), hello, sizeof(hello));
    assert_true(size > 0);
    assert_true(tls_leg(&server, hello, (size_t)size) < 0);
    assert_int_equal(server.result.alert[1], TLS1_ALERT_UNSUPPORTED_EXT);
    tls_reset(&server);
    other.tls.out = server.out;
    tls_peer_end(&peer);
    tls_messages_release(&client, &other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_enough),
        cmocka_unit_test(secrets_are_those_of_the_key_log),
        cmocka_unit_test(messages_may_come_byte_by_byte),
        cmocka_unit_test(client_may_have_to_guess_again),
        cmocka_unit_test(tickets_resume),
        cmocka_unit_test(client_certificate_is_shown),
        cmocka_unit_test(asking_leg_wants_its_token_again),
        cmocka_unit_test(messages_out_of_place_are_refused),
        cmocka_unit_test(changed_messages_are_refused),
        cmocka_unit_test(what_needs_records_is_refused),
        cmocka_unit_test(extensions_are_looked_at),
        cmocka_unit_test(parameters_are_for_quic_alone),
    };

    return cmocka_run_group_tests(tests, tls_fixture_setup, tls_fixture_teardown);
}
