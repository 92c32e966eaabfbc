/* SPDX-License-Identifier: MIT */
/* The legs of a TLS handshake, on the package's own table. */
#include "tls_fixture.h"

#include <string.h>

static const uint32_t versions[] = {TLS12, TLS13};

#define EACH_VERSION(without)                                                                  \
    for (size_t version = 0; version < 2; version++)                                           \
        for (uint32_t without = versions[version], once = 1; once != 0; once = 0)

/* Wrong: a handshake of a version does not complete, or with another version. */
static void completes_in_each_version(void **state)
{
    struct tls_side client, server;
    SecPkgContext_ConnectionInfo info;

    (void)state;
    EACH_VERSION(without)
    {
        tls_connected(&client, &server, without);
        assert_tls(tls_query(&client, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
        assert_int_equal(info.dwProtocol,
                         without == TLS12 ? SP_PROT_TLS1_2_CLIENT : SP_PROT_TLS1_3_CLIENT);
        assert_tls(tls_query(&server, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
        assert_int_equal(info.dwProtocol,
                         without == TLS12 ? SP_PROT_TLS1_2_SERVER : SP_PROT_TLS1_3_SERVER);
        tls_exchange(&client, &server);
        tls_release_both(&client, &server);
    }
}

/* Wrong: the attributes promise more than was reached or asked for, or in the other side's
 * bits. What Windows returns unasked is in Wine's dlls/secur32/tests/schannel.c. */
static void attributes_are_truthful(void **state)
{
    struct tls_side client, server;

    (void)state;
    tls_sides(&client, &server, 0);
    assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(client.result.attributes, 0);
    tls_reset(&client);
    assert_tls(tls_shake(&client, &server), SEC_E_OK);
    assert_int_equal(client.result.attributes, ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT |
                                                   ISC_RET_CONFIDENTIALITY | ISC_RET_STREAM);
    assert_int_equal(server.result.attributes, ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT |
                                                   ASC_RET_CONFIDENTIALITY | ASC_RET_STREAM);
    tls_reset(&client);
    tls_reset(&server);
    client.flags = ISC_REQ_INTEGRITY | ISC_REQ_EXTENDED_ERROR | ISC_REQ_MUTUAL_AUTH |
                   ISC_REQ_USE_SUPPLIED_CREDS;
    server.flags = ASC_REQ_INTEGRITY | ASC_REQ_EXTENDED_ERROR | ASC_REQ_SESSION_TICKET;
    assert_tls(tls_shake(&client, &server), SEC_E_OK);
    assert_int_equal(client.result.attributes,
                     ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT | ISC_RET_CONFIDENTIALITY |
                         ISC_RET_STREAM | ISC_RET_INTEGRITY | ISC_RET_EXTENDED_ERROR |
                         ISC_RET_MUTUAL_AUTH | ISC_RET_USED_SUPPLIED_CREDS);
    assert_int_equal(server.result.attributes, ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT |
                                                   ASC_RET_CONFIDENTIALITY | ASC_RET_STREAM |
                                                   ASC_RET_INTEGRITY | ASC_RET_EXTENDED_ERROR |
                                                   ASC_RET_SESSION_TICKET);
    /* What only the first leg asked for counts too. */
    tls_reset(&client);
    tls_reset(&server);
    assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
    client.flags = 0;
    tls_move(&client, &server);
    assert_tls(tls_advance(&server), SEC_I_CONTINUE_NEEDED);
    tls_move(&server, &client);
    assert_tls(tls_advance(&client), SEC_E_OK);
    assert_true((client.result.attributes & ISC_RET_MUTUAL_AUTH) != 0);
    tls_release_both(&client, &server);
}

/* Feeds one side of a handshake byte by byte, the other whole. */
static void shake_bytewise(struct tls_side *client, struct tls_side *server,
                           struct tls_side *slow)
{
    struct tls_side *sides[2] = {client, server};
    bool done[2] = {false, false};

    assert_tls(tls_leg(client, NULL, 0), SEC_I_CONTINUE_NEEDED);
    tls_move(client, server);
    for (int turn = 1; turn < 20 && !(done[0] && done[1]); turn++) {
        struct tls_side *side = sides[turn % 2];
        struct tls_bytes rest = {NULL, 0, 0};
        size_t missing = 0;

        if (done[turn % 2] || side->in.size == 0)
            continue;
        if (side == slow) {
            tls_append(&rest, side->in.data, side->in.size);
            side->in.size = 0;
        }
        do {
            if (rest.size > 0) {
                tls_append(&side->in, rest.data, 1);
                tls_consume(&rest, 1);
            }
            tls_advance(side);
            if (side->status == SEC_E_INCOMPLETE_MESSAGE) {
                /* Never more than really comes, and never nothing. */
                assert_true(side->result.missing > 0);
                assert_true(side != slow || side->result.missing <= rest.size);
                assert_true(missing == 0 || missing == 1 ||
                            side->result.missing == missing - 1);
                missing = side->result.missing;
                assert_int_equal(side->result.extra, 0);
            } else {
                missing = 0;
                assert_true(side->status >= 0);
            }
        } while (rest.size > 0 && side->status != SEC_E_OK);
        done[turn % 2] = side->status == SEC_E_OK;
        tls_append(&side->in, rest.data, rest.size);
        tls_clear(&rest);
        tls_move(side, sides[1 - turn % 2]);
    }
    assert_true(done[0] && done[1]);
}

/* Wrong: a part of a record changes the state, or MISSING is not what is missing. */
static void input_may_come_byte_by_byte(void **state)
{
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        for (int i = 0; i < 2; i++) {
            tls_sides(&client, &server, without);
            shake_bytewise(&client, &server, i == 0 ? &client : &server);
            tls_exchange(&client, &server);
            tls_release_both(&client, &server);
        }
    }
}

/* Wrong: a server that wants another group than the client guessed (HelloRetryRequest, RFC 8446
 * 4.1.4) does not get it. */
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
    struct tls_side client, server;
    SecPkgContext_ConnectionInfo info;

    (void)state;
    for (int slow = 0; slow < 3; slow++) {
        tls_sides(&client, &server, TLS13);
        assert_tls(tls_acquire(&server, &settings), SEC_E_OK);
        if (slow == 0)
            assert_tls(tls_shake(&client, &server), SEC_E_OK);
        else
            shake_bytewise(&client, &server, slow == 1 ? &client : &server);
        assert_tls(tls_query(&client, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
        assert_true(info.dwExchStrength >= 384);
        tls_exchange(&client, &server);
        tls_release_both(&client, &server);
    }
}

/* Wrong: a first leg with half a hello leaves a context behind. */
static void acceptor_makes_no_context_of_half_a_record(void **state)
{
    struct tls_side client, server;

    (void)state;
    tls_sides(&client, &server, 0);
    assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
    assert_tls(tls_leg(&server, NULL, 0), SEC_E_INCOMPLETE_MESSAGE);
    assert_int_equal(server.result.missing, 5);
    assert_tls(tls_leg(&server, client.out.data, 100), SEC_E_INCOMPLETE_MESSAGE);
    assert_int_equal(server.result.missing, client.out.size - 100);
    assert_null(server.context);
    assert_int_equal(server.out.size, 0);
    tls_release_both(&client, &server);
}

/* Wrong: a record behind whole ones is consumed, or makes the leg fail. */
static void half_a_record_behind_whole_ones_is_extra(void **state)
{
    struct tls_side client, server;
    size_t size;

    (void)state;
    tls_sides(&client, &server, TLS13);
    assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
    tls_move(&client, &server);
    assert_tls(tls_advance(&server), SEC_I_CONTINUE_NEEDED);
    size = server.out.size;
    assert_tls(tls_leg(&client, server.out.data, size - 3), SEC_I_CONTINUE_NEEDED);
    assert_true(client.result.extra > 0 && client.result.extra < size - 3);
    tls_consume(&server.out, size - 3 - client.result.extra);
    assert_tls(tls_leg(&client, server.out.data, server.out.size), SEC_E_OK);
    tls_release_both(&client, &server);
}

/* Wrong: application data that came with the last flight is lost, or eaten. */
static void data_behind_the_handshake_is_extra(void **state)
{
    struct tls_side client, server;
    struct tls_bytes data = {NULL, 0, 0};
    size_t handshake;

    (void)state;
    EACH_VERSION(without)
    {
        struct tls_side *first, *second;

        tls_sides(&client, &server, without);
        assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
        tls_move(&client, &server);
        assert_tls(tls_advance(&server), SEC_I_CONTINUE_NEEDED);
        tls_move(&server, &client);
        /* Who is done first sends at once: the server in TLS 1.2, the client in 1.3. */
        first = without == TLS12 ? &server : &client;
        second = without == TLS12 ? &client : &server;
        if (without == TLS12) {
            assert_tls(tls_advance(&client), SEC_I_CONTINUE_NEEDED);
            tls_move(&client, &server);
        }
        assert_tls(tls_advance(first), SEC_E_OK);
        handshake = first->out.size;
        assert_tls(tls_send(first, "early", 5), SEC_E_OK);
        assert_tls(tls_leg(second, first->out.data, first->out.size), SEC_E_OK);
        assert_int_equal(second->result.extra, first->out.size - handshake);
        tls_consume(&first->out, handshake);
        tls_move(first, second);
        assert_tls(tls_receive(second, &data), SEC_E_OK);
        assert_int_equal(data.size, 5);
        assert_memory_equal(data.data, "early", 5);
        tls_clear(&data);
        tls_release_both(&client, &server);
    }
}

static void expect_protocol(struct tls_side *side, const char *name)
{
    SecPkgContext_ApplicationProtocol protocol;

    assert_tls(tls_query(side, SECPKG_ATTR_APPLICATION_PROTOCOL, &protocol), SEC_E_OK);
    if (name == NULL) {
        assert_int_equal(protocol.ProtoNegoStatus,
                         SecApplicationProtocolNegotiationStatus_None);
        return;
    }
    assert_int_equal(protocol.ProtoNegoStatus, SecApplicationProtocolNegotiationStatus_Success);
    assert_int_equal(protocol.ProtoNegoExt, SecApplicationProtocolNegotiationExt_ALPN);
    assert_int_equal(protocol.ProtocolIdSize, strlen(name));
    assert_memory_equal(protocol.ProtocolId, name, strlen(name));
}

/* Wrong: ALPN picks by the client's order, or picks where there is nothing to pick. */
static void alpn_follows_the_servers_order(void **state)
{
    static const struct {
        const char *client, *server, *chosen;
    } cases[] = {
        {"http/1.1,h2", "h2,http/1.1", "h2"},
        {"http/1.1", "h2,http/1.1", "http/1.1"},
        {"h2", NULL, NULL},
        {NULL, "h2", NULL},
    };
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            tls_sides(&client, &server, without);
            client.protocols = cases[i].client;
            server.protocols = cases[i].server;
            assert_tls(tls_shake(&client, &server), SEC_E_OK);
            expect_protocol(&client, cases[i].chosen);
            expect_protocol(&server, cases[i].chosen);
            tls_release_both(&client, &server);
        }
    }
}

/* Wrong: without a protocol in common the handshake goes on, or the peer is not told. */
static void alpn_without_overlap_ends_with_its_alert(void **state)
{
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        client.protocols = "h2";
        server.protocols = "http/1.1";
        assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
        tls_move(&client, &server);
        assert_tls(tls_advance(&server), SEC_E_APPLICATION_PROTOCOL_MISMATCH);
        assert_int_equal(server.result.alert[0], TLS1_ALERT_FATAL);
        assert_int_equal(server.result.alert[1], TLS1_ALERT_NO_APP_PROTOCOL);
        tls_move(&server, &client);
        assert_tls(tls_advance(&client), SEC_E_APPLICATION_PROTOCOL_MISMATCH);
        assert_non_null(strstr(client.report.text, "no_application_protocol"));
        tls_release_both(&client, &server);
    }
}

/* Wrong: the server does not learn which name the client wants. */
static void server_name_is_sent(void **state)
{
    SecPkgContext_ClientSpecifiedTarget target = {NULL};
    struct tls_side client, server;

    (void)state;
    tls_sides(&client, &server, 0);
    client.target = "LocalHost.";
    assert_tls(tls_shake(&client, &server), SEC_E_OK);
    assert_tls(tls_query(&server, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target), SEC_E_OK);
    assert_memory_equal(target.sTargetName, u"localhost", sizeof(u"localhost"));
    tls_free(target.sTargetName);
    tls_reset(&client);
    tls_reset(&server);
    /* RFC 6066 3: an address is not a name. */
    client.target = "127.0.0.1";
    assert_tls(tls_shake(&client, &server), SEC_E_OK);
    assert_tls(tls_query(&server, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target),
               SEC_E_TARGET_UNKNOWN);
    tls_release_both(&client, &server);
}

/* Wrong: of several certificates the server shows one that is not for the name asked for. */
static void server_chooses_its_certificate_by_name(void **state)
{
    struct tls_cert other =
        tls_make(&tls.authority, "other", &(struct tls_traits){.names = "DNS:other.test"});
    PCCERT_CONTEXT contexts[2] = {tls.server_context, tls_load(&other, NULL)};
    SCH_CREDENTIALS settings = {
        .dwVersion = SCH_CREDENTIALS_VERSION, .cCreds = 2, .paCred = contexts};
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        assert_tls(tls_acquire(&server, &settings), SEC_E_OK);
        client.target = "other.test";
        assert_tls(tls_shake(&client, &server), SEC_E_OK);
        tls_reset(&client);
        tls_reset(&server);
        client.target = "localhost";
        assert_tls(tls_shake(&client, &server), SEC_E_OK);
        tls_release_both(&client, &server);
    }
    sspia_certificate_free(contexts[1]);
    tls_unmake(&other);
}

/* Wrong: a client certificate that is there does not arrive. */
static void client_certificate_is_shown(void **state)
{
    struct tls_side client, server;
    PCCERT_CONTEXT remote = NULL, local = NULL;
    SecPkgContext_NamesA names;

    (void)state;
    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        assert_tls(tls_acquire_without(&client, tls.client_context, tls.roots, 0, without),
                   SEC_E_OK);
        server.flags = ASC_REQ_MUTUAL_AUTH;
        assert_tls(tls_shake(&client, &server), SEC_E_OK);
        assert_true((server.result.attributes & ASC_RET_MUTUAL_AUTH) != 0);
        assert_tls(tls_query(&server, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &remote), SEC_E_OK);
        assert_tls(tls_query(&client, SECPKG_ATTR_LOCAL_CERT_CONTEXT, &local), SEC_E_OK);
        assert_int_equal(remote->cbCertEncoded, local->cbCertEncoded);
        assert_memory_equal(remote->pbCertEncoded, local->pbCertEncoded, local->cbCertEncoded);
        tls_free(remote);
        tls_free(local);
        assert_tls(tls_query(&server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        assert_string_equal(names.sUserName, "CN=Some Client");
        tls_free(names.sUserName);
        tls_exchange(&client, &server);
        tls_release_both(&client, &server);
    }
}

/* Brings a client to the point where it lacks a certificate. */
static void until_asked(struct tls_side *client, struct tls_side *server)
{
    server->flags = ASC_REQ_MUTUAL_AUTH;
    assert_tls(tls_leg(client, NULL, 0), SEC_I_CONTINUE_NEEDED);
    tls_move(client, server);
    assert_tls(tls_advance(server), SEC_I_CONTINUE_NEEDED);
    tls_move(server, client);
}

static void finish(struct tls_side *client, struct tls_side *server)
{
    for (int i = 0; i < 4 && (client->status != SEC_E_OK || server->status != SEC_E_OK); i++) {
        tls_move(client, server);
        if (server->status != SEC_E_OK)
            tls_advance(server);
        tls_move(server, client);
        if (client->status != SEC_E_OK)
            tls_advance(client);
    }
    assert_tls(client->status, SEC_E_OK);
    assert_tls(server->status, SEC_E_OK);
}

/* Wrong: the client is not asked for a certificate, cannot bring one, or the input that
 * Windows' programs present a second time is taken for new. */
static void certificate_may_be_brought_when_asked_for(void **state)
{
    struct tls_side client, server;
    SecPkgContext_IssuerListInfoEx issuers;

    (void)state;
    for (int again = 0; again < 2; again++) {
        EACH_VERSION(without)
        {
            struct tls_bytes input = {NULL, 0, 0};

            tls_sides(&client, &server, without);
            until_asked(&client, &server);
            tls_append(&input, client.in.data, client.in.size);
            assert_tls(tls_advance(&client), SEC_I_INCOMPLETE_CREDENTIALS);
            assert_int_equal(client.out.size, 0);
            assert_tls(tls_query(&client, SECPKG_ATTR_ISSUER_LIST_EX, &issuers), SEC_E_OK);
            assert_int_equal(issuers.cIssuers, 1);
            tls_free(issuers.aIssuers);
            assert_tls(tls_acquire_without(&client, tls.client_context, tls.roots, 0, without),
                       SEC_E_OK);
            /* All of it again, or what was left of it. */
            if (again) {
                tls_clear(&client.in);
                tls_append(&client.in, input.data, input.size);
            }
            tls_advance(&client);
            assert_int_equal(client.in.size, 0);
            assert_tls(client.status, without == TLS12 ? SEC_I_CONTINUE_NEEDED : SEC_E_OK);
            finish(&client, &server);
            assert_true((server.result.attributes & ASC_RET_MUTUAL_AUTH) != 0);
            tls_exchange(&client, &server);
            tls_clear(&input);
            tls_release_both(&client, &server);
        }
    }
}

/* Wrong: a client is asked twice, or asked although it said that it has none. */
static void client_without_certificate_is_asked_once(void **state)
{
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        /* Manual validation does not insist on a certificate. */
        tls_sides(&client, &server, without);
        assert_tls(tls_acquire_with(&server, tls.server_context, tls.roots,
                                    SCH_CRED_MANUAL_CRED_VALIDATION),
                   SEC_E_OK);
        until_asked(&client, &server);
        assert_tls(tls_advance(&client), SEC_I_INCOMPLETE_CREDENTIALS);
        tls_advance(&client);
        finish(&client, &server);
        assert_int_equal(server.result.attributes & ASC_RET_MUTUAL_AUTH, 0);
        tls_reset(&client);
        tls_reset(&server);

        client.flags = ISC_REQ_USE_SUPPLIED_CREDS;
        until_asked(&client, &server);
        tls_advance(&client);
        finish(&client, &server);
        tls_reset(&client);
        tls_reset(&server);

        client.flags = 0;
        assert_tls(
            tls_acquire_without(&client, NULL, tls.roots, SCH_CRED_NO_DEFAULT_CREDS, without),
            SEC_E_OK);
        until_asked(&client, &server);
        tls_advance(&client);
        finish(&client, &server);
        tls_release_both(&client, &server);
    }
}

/* Wrong: a server that insists on a certificate goes on without one. */
static void missing_client_certificate_ends_the_handshake(void **state)
{
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        client.flags = ISC_REQ_USE_SUPPLIED_CREDS;
        until_asked(&client, &server);
        tls_advance(&client);
        tls_move(&client, &server);
        assert_tls(tls_advance(&server), SEC_E_INCOMPLETE_CREDENTIALS);
        assert_int_equal(server.result.alert[0], TLS1_ALERT_FATAL);
        tls_move(&server, &client);
        if (without == TLS12)
            assert_true(tls_advance(&client) < 0);
        else
            assert_tls(tls_receive(&client, NULL), SEC_E_INCOMPLETE_CREDENTIALS);
        tls_release_both(&client, &server);
    }
}

/* Wrong: sides without a version in common do not say so. */
static void no_common_version_is_an_error_on_both_sides(void **state)
{
    struct tls_side client, server;

    (void)state;
    tls_sides(&client, &server, TLS12);
    assert_tls(tls_acquire_without(&server, tls.server_context, NULL, 0, SP_PROT_TLS1_2),
               SEC_E_OK);
    assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
    tls_move(&client, &server);
    assert_tls(tls_advance(&server), SEC_E_ALGORITHM_MISMATCH);
    assert_int_equal(server.result.alert[1], TLS1_ALERT_PROTOCOL_VERSION);
    tls_move(&server, &client);
    assert_tls(tls_advance(&client), SEC_E_UNSUPPORTED_FUNCTION);
    assert_non_null(strstr(client.report.text, "protocol_version"));
    /* The failure is final, and says the same again. */
    assert_tls(tls_leg(&client, NULL, 0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_non_null(strstr(client.report.text, "protocol_version"));
    tls_release_both(&client, &server);
}

/* Wrong: what is not supported is taken in silence. */
static void unsupported_requests_are_refused(void **state)
{
    struct tls_side client, server;

    (void)state;
    tls_sides(&client, &server, 0);
    client.flags = ISC_REQ_DATAGRAM | ISC_REQ_MESSAGES;
    assert_tls(tls_leg(&client, NULL, 0), SEC_E_INVALID_PARAMETER);
    client.flags = 0;
    assert_tls(tls_leg(&client, "x", 1), SEC_E_INVALID_TOKEN);
    tls_release_both(&client, &server);
}

/* Wrong: a context cannot be deleted at some point of the handshake (leaks show under a
 * sanitizer, use after free too). */
static void delete_works_at_every_point(void **state)
{
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        for (int legs = 0; legs < 5; legs++) {
            struct tls_side *sides[2] = {&client, &server};

            tls_sides(&client, &server, without);
            for (int i = 0; i < legs; i++) {
                tls_advance(sides[i % 2]);
                tls_move(sides[i % 2], sides[1 - i % 2]);
            }
            /* The credential goes first: the context has its own reference. */
            tls_package()->release(client.credential);
            client.credential = NULL;
            tls_release_both(&client, &server);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completes_in_each_version),
        cmocka_unit_test(attributes_are_truthful),
        cmocka_unit_test(input_may_come_byte_by_byte),
        cmocka_unit_test(client_may_have_to_guess_again),
        cmocka_unit_test(acceptor_makes_no_context_of_half_a_record),
        cmocka_unit_test(half_a_record_behind_whole_ones_is_extra),
        cmocka_unit_test(data_behind_the_handshake_is_extra),
        cmocka_unit_test(alpn_follows_the_servers_order),
        cmocka_unit_test(alpn_without_overlap_ends_with_its_alert),
        cmocka_unit_test(server_name_is_sent),
        cmocka_unit_test(server_chooses_its_certificate_by_name),
        cmocka_unit_test(client_certificate_is_shown),
        cmocka_unit_test(certificate_may_be_brought_when_asked_for),
        cmocka_unit_test(client_without_certificate_is_asked_once),
        cmocka_unit_test(missing_client_certificate_ends_the_handshake),
        cmocka_unit_test(no_common_version_is_an_error_on_both_sides),
        cmocka_unit_test(unsupported_requests_are_refused),
        cmocka_unit_test(delete_works_at_every_point),
    };

    return cmocka_run_group_tests(tests, tls_fixture_setup, tls_fixture_teardown);
}
