/* SPDX-License-Identifier: MIT */
/* Resumption, shared profiles, bindings, exported keys. */
#include "tls_fixture.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t versions[] = {TLS12, TLS13};

#define EACH_VERSION(without)                                                                  \
    for (size_t version = 0; version < 2; version++)                                           \
        for (uint32_t without = versions[version], once = 1; once != 0; once = 0)

static bool is_resumed(struct tls_side *side)
{
    SecPkgContext_SessionInfo info;

    assert_tls(tls_query(side, SECPKG_ATTR_SESSION_INFO, &info), SEC_E_OK);
    return (info.dwFlags & SSL_SESSION_RECONNECT) != 0;
}

/* Connects anew with the same credentials; true if that was a resumption. */
static bool again(struct tls_side *client, struct tls_side *server)
{
    bool resumed;

    tls_reset(client);
    tls_reset(server);
    assert_tls(tls_shake(client, server), SEC_E_OK);
    assert_tls(tls_receive_all(client, NULL), SEC_E_OK); /* a ticket, in TLS 1.3 */
    resumed = is_resumed(client);
    assert_int_equal(is_resumed(server), resumed);
    tls_exchange(client, server);
    return resumed;
}

/* Wrong: a second connection to a target makes a full handshake; or one to another target
 * resumes a session that is not its own. */
static void same_target_resumes(void **state)
{
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        client.flags = ISC_REQ_MUTUAL_AUTH;
        assert_false(again(&client, &server));
        assert_true(again(&client, &server));
        assert_true((client.result.attributes & ISC_RET_MUTUAL_AUTH) != 0);
        assert_true(again(&client, &server));
        client.target = "127.0.0.1";
        assert_false(again(&client, &server));
        client.target = "LOCALHOST";
        assert_true(again(&client, &server));
        tls_release_both(&client, &server);
    }
}

/* Wrong: a session that nobody validated stands in for one that must be validated. */
static void validation_separates_sessions(void **state)
{
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        client.flags = ISC_REQ_MANUAL_CRED_VALIDATION;
        assert_false(again(&client, &server));
        assert_true(again(&client, &server));
        client.flags = 0;
        assert_false(again(&client, &server));
        client.flags = ISC_REQ_DEFERRED_CRED_VALIDATION;
        assert_false(again(&client, &server));
        tls_release_both(&client, &server);
    }
}

/* Wrong: another credential resumes what it has not seen. */
static void sessions_belong_to_a_credential(void **state)
{
    struct tls_side client, server, other;

    (void)state;
    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        assert_false(again(&client, &server));
        other = (struct tls_side){.target = "localhost"};
        assert_tls(tls_acquire_without(&other, NULL, tls.roots, 0, without), SEC_E_OK);
        assert_false(again(&other, &server));
        assert_true(again(&client, &server));
        tls_release(&other);
        tls_release_both(&client, &server);
    }
}

/* Wrong: credentials with equal settings have an SSL_CTX each: then the tickets of one would
 * be worth nothing to the other. Those with other settings must not share. */
static void equal_settings_share_one_ssl_ctx(void **state)
{
    struct tls_side client, server, twin = {.server = true}, other = {.server = true};

    (void)state;
    tls_sides(&client, &server, TLS13);
    assert_tls(tls_acquire_with(&twin, tls.server_context, tls.roots, 0), SEC_E_OK);
    assert_tls(tls_acquire_with(&other, tls.server_context, tls.roots, SCH_SEND_ROOT_CERT),
               SEC_E_OK);
    assert_false(again(&client, &server));
    assert_true(again(&client, &twin));
    assert_false(again(&client, &other));
    /* The profile lives as long as one of them. */
    tls_release(&server);
    assert_true(again(&client, &twin) || again(&client, &twin));
    tls_release(&other);
    tls_release_both(&client, &twin);
}

/* Wrong: reconnects go on although a credential, or a context, said no. */
static void reconnects_can_be_disabled(void **state)
{
    const SCHANNEL_SESSION_TOKEN disable = {SCHANNEL_SESSION, SSL_SESSION_DISABLE_RECONNECTS};
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        assert_tls(
            tls_acquire_without(&client, NULL, tls.roots, SCH_CRED_DISABLE_RECONNECTS, without),
            SEC_E_OK);
        assert_false(again(&client, &server));
        assert_false(again(&client, &server));
        tls_release_both(&client, &server);

        tls_sides(&client, &server, without);
        assert_tls(tls_acquire_with(&server, tls.server_context, tls.roots,
                                    SCH_CRED_DISABLE_RECONNECTS),
                   SEC_E_OK);
        assert_false(again(&client, &server));
        assert_false(again(&client, &server));
        tls_release_both(&client, &server);

        tls_sides(&client, &server, without);
        assert_false(again(&client, &server));
        assert_tls(tls_control(&client, &disable, sizeof(disable)), SEC_E_OK);
        assert_false(again(&client, &server));
        tls_release_both(&client, &server);
    }
}

/* Wrong: a client that brought its certificate late leaves a session validated with other
 * roots in the new credential. */
static void late_credential_keeps_no_session(void **state)
{
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        for (int turn = 0; turn < 2; turn++) {
            if (turn == 0) {
                tls_sides(&client, &server, without);
                server.flags = ASC_REQ_MUTUAL_AUTH;
                assert_tls(tls_shake(&client, &server), SEC_I_INCOMPLETE_CREDENTIALS);
                assert_tls(
                    tls_acquire_without(&client, tls.client_context, tls.roots, 0, without),
                    SEC_E_OK);
                for (int i = 0; i < 3 && server.status != SEC_E_OK; i++) {
                    tls_advance(&client);
                    tls_move(&client, &server);
                    tls_advance(&server);
                    tls_move(&server, &client);
                }
                if (client.status != SEC_E_OK)
                    tls_advance(&client);
                assert_tls(client.status, SEC_E_OK);
                assert_tls(server.status, SEC_E_OK);
                tls_receive_all(&client, NULL);
            } else {
                assert_false(again(&client, &server));
                assert_true(again(&client, &server));
            }
        }
        tls_release_both(&client, &server);
    }
}

/* The three kinds must be equal on both sides, and well-formed. */
static void expect_bindings(struct tls_side *client, struct tls_side *server,
                            uint32_t attribute, const char *prefix, size_t size)
{
    SecPkgContext_Bindings mine, theirs;
    const uint8_t *data;

    assert_tls(tls_query(client, attribute, &mine), SEC_E_OK);
    assert_tls(tls_query(server, attribute, &theirs), SEC_E_OK);
    assert_int_equal(mine.BindingsLength, sizeof(SEC_CHANNEL_BINDINGS) + strlen(prefix) + size);
    assert_int_equal(mine.BindingsLength, theirs.BindingsLength);
    assert_memory_equal(mine.Bindings, theirs.Bindings, mine.BindingsLength);
    assert_int_equal(mine.Bindings->cbInitiatorLength, 0);
    assert_int_equal(mine.Bindings->cbAcceptorLength, 0);
    assert_int_equal(mine.Bindings->dwApplicationDataOffset, sizeof(SEC_CHANNEL_BINDINGS));
    assert_int_equal(mine.Bindings->cbApplicationDataLength, strlen(prefix) + size);
    data = (const uint8_t *)(mine.Bindings + 1);
    assert_memory_equal(data, prefix, strlen(prefix));
    if (attribute == SECPKG_ATTR_ENDPOINT_BINDINGS) {
        uint8_t hash[SHA256_DIGEST_LENGTH];
        unsigned char *der = NULL;
        int length = i2d_X509(tls.server.x509, &der);

        SHA256(der, (size_t)length, hash);
        OPENSSL_free(der);
        assert_memory_equal(data + strlen(prefix), hash, sizeof(hash));
    }
    tls_free(mine.Bindings);
    tls_free(theirs.Bindings);
}

/* Wrong: the two sides have different bindings, or of another format. */
static void bindings_are_equal_on_both_sides(void **state)
{
    struct tls_side client, server;
    SecPkgContext_Bindings bindings;

    (void)state;
    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        for (int resumed = 0; resumed < 2; resumed++) {
            assert_int_equal(again(&client, &server), resumed);
            expect_bindings(&client, &server, SECPKG_ATTR_ENDPOINT_BINDINGS,
                            "tls-server-end-point:", 32);
            expect_bindings(&client, &server, SSPIA_ATTR_EXPORTER_BINDINGS,
                            "tls-exporter:", 32);
            if (without == TLS12)
                expect_bindings(&client, &server, SECPKG_ATTR_UNIQUE_BINDINGS,
                                "tls-unique:", 12);
            else
                assert_tls(tls_query(&client, SECPKG_ATTR_UNIQUE_BINDINGS, &bindings),
                           SEC_E_UNSUPPORTED_FUNCTION);
        }
        tls_release_both(&client, &server);
    }
}

/* Wrong: RFC 5929 4.1's rule about hashes is not kept: SHA-384 stays, SHA-1 becomes SHA-256. */
static void end_point_hash_follows_the_signature(void **state)
{
    static const struct {
        bool sha1;
        size_t size;
    } cases[] = {{false, 48}, {true, 32}};
    struct tls_side client, server;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct tls_cert cert =
            tls_make(&tls.authority, "hash",
                     &(struct tls_traits){.names = "DNS:localhost",
                                          .digest = cases[i].sha1 ? EVP_sha1() : EVP_sha384()});
        PCCERT_CONTEXT certificate = tls_load(&cert, NULL);
        SecPkgContext_Bindings bindings;

        tls_sides(&client, &server, 0);
        if (tls_acquire_with(&server, certificate, NULL, 0) == SEC_E_OK) {
            client.flags = ISC_REQ_MANUAL_CRED_VALIDATION;
            assert_tls(tls_shake(&client, &server), SEC_E_OK);
            assert_tls(tls_query(&client, SECPKG_ATTR_ENDPOINT_BINDINGS, &bindings), SEC_E_OK);
            assert_int_equal(bindings.Bindings->cbApplicationDataLength,
                             strlen("tls-server-end-point:") + cases[i].size);
            tls_free(bindings.Bindings);
        } else {
            /* OpenSSL's security level may forbid SHA-1 certificates altogether. */
            assert_true(cases[i].sha1);
        }
        tls_release_both(&client, &server);
        sspia_certificate_free(certificate);
        tls_unmake(&cert);
    }
}

static SECURITY_STATUS export_keys(struct tls_side *side, const char *label, uint8_t *context,
                                   uint16_t context_size, uint32_t size,
                                   SecPkgContext_KeyingMaterial *material)
{
    SecPkgContext_KeyingMaterialInfo info = {
        .cbLabel = (uint16_t)strlen(label),
        .pszLabel = (char *)label,
        .cbContextValue = context_size,
        .pbContextValue = context,
        .cbKeyingMaterial = size,
    };
    SECURITY_STATUS status = tls_package()->set_context(
        side->context, SECPKG_ATTR_KEYING_MATERIAL_INFO, &info, sizeof(info), &side->report);

    return status == SEC_E_OK ? tls_query(side, SECPKG_ATTR_KEYING_MATERIAL, material) : status;
}

/* Wrong: exported keys differ between the sides, or do not depend on the label. */
static void keying_material_is_exported(void **state)
{
    uint8_t context[] = {1, 2, 3};
    struct tls_side client, server;
    SecPkgContext_KeyingMaterial mine, theirs;

    (void)state;
    EACH_VERSION(without)
    {
        tls_connected(&client, &server, without);
        assert_tls(tls_query(&client, SECPKG_ATTR_KEYING_MATERIAL, &mine),
                   SEC_E_OUT_OF_SEQUENCE);
        assert_tls(export_keys(&client, "EXPERIMENTAL a", context, 3, 40, &mine), SEC_E_OK);
        assert_tls(export_keys(&server, "EXPERIMENTAL a", context, 3, 40, &theirs), SEC_E_OK);
        assert_int_equal(mine.cbKeyingMaterial, 40);
        assert_memory_equal(mine.pbKeyingMaterial, theirs.pbKeyingMaterial, 40);
        tls_free(theirs.pbKeyingMaterial);
        assert_tls(export_keys(&server, "EXPERIMENTAL b", context, 3, 40, &theirs), SEC_E_OK);
        assert_memory_not_equal(mine.pbKeyingMaterial, theirs.pbKeyingMaterial, 40);
        tls_free(theirs.pbKeyingMaterial);
        tls_free(mine.pbKeyingMaterial);
        assert_tls(export_keys(&server, "", NULL, 0, 40, &theirs), SEC_E_INVALID_PARAMETER);
        assert_tls(export_keys(&server, "x", NULL, 1, 40, &theirs), SEC_E_INVALID_PARAMETER);
        assert_tls(export_keys(&server, "x", NULL, 0, 0, &theirs), SEC_E_INVALID_PARAMETER);
        assert_tls(export_keys(&server, "x", NULL, 0, UINT32_MAX, &theirs),
                   SEC_E_INVALID_PARAMETER);
        assert_tls(tls_package()->set_context(server.context, SECPKG_ATTR_KEYING_MATERIAL_INFO,
                                              context, 3, &server.report),
                   SEC_E_BUFFER_TOO_SMALL);
        assert_tls(tls_package()->set_context(server.context, SECPKG_ATTR_APP_DATA, context, 3,
                                              &server.report),
                   SEC_E_UNSUPPORTED_FUNCTION);
        tls_release_both(&client, &server);
    }
}

/* Wrong: the peer's chain is cut, doubled, not as it was sent, or not laid out as the comment
 * at SecPkgContext_Certificates in the SDK's schannel.h says. */
static void peer_chain_is_told(void **state)
{
    struct tls_side client, server;
    SecPkgContext_Certificates chain;
    SecPkgContext_AuthorityA authority;
    SecPkgContext_Lifespan lifespan;
    struct tls_cert middle =
        tls_make(&tls.authority, "Middle", &(struct tls_traits){.authority = true});
    struct tls_cert leaf =
        tls_make(&middle, "leaf", &(struct tls_traits){.names = "DNS:localhost"});
    PCCERT_CONTEXT certificate = tls_load(&leaf, &middle);
    const uint8_t *at;

    (void)state;
    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        assert_tls(tls_acquire_with(&server, certificate, tls.roots, 0), SEC_E_OK);
        assert_tls(tls_acquire_without(&client, certificate, tls.roots, 0, without), SEC_E_OK);
        server.flags = ASC_REQ_MUTUAL_AUTH;
        assert_tls(tls_shake(&client, &server), SEC_E_OK);
        for (int i = 0; i < 2; i++) {
            assert_tls(
                tls_query(i == 0 ? &client : &server, SECPKG_ATTR_REMOTE_CERTIFICATES, &chain),
                SEC_E_OK);
            assert_int_equal(chain.cCertificates, 2);
            at = chain.pbCertificateChain;
            for (int n = 0; n < 2; n++) {
                const uint8_t *end;
                uint32_t length;
                X509 *parsed;

                memcpy(&length, at, sizeof(length));
                at += sizeof(length);
                end = at + length;
                assert_true(end <= chain.pbCertificateChain + chain.cbCertificateChain);
                parsed = d2i_X509(NULL, &at, (long)length);
                assert_ptr_equal(at, end);
                assert_int_equal(X509_cmp(parsed, n == 0 ? leaf.x509 : middle.x509), 0);
                X509_free(parsed);
            }
            assert_ptr_equal(at, chain.pbCertificateChain + chain.cbCertificateChain);
            tls_free(chain.pbCertificateChain);
        }
        assert_tls(tls_query(&client, SECPKG_ATTR_AUTHORITY, &authority), SEC_E_OK);
        assert_string_equal(authority.sAuthorityName, "CN=Middle");
        tls_free(authority.sAuthorityName);
        assert_tls(tls_query(&client, SECPKG_ATTR_LIFESPAN, &lifespan), SEC_E_OK);
        assert_true(lifespan.tsExpiry.HighPart > lifespan.tsStart.HighPart);
        tls_release_both(&client, &server);
    }
    sspia_certificate_free(certificate);
    tls_unmake(&middle);
    tls_unmake(&leaf);
}

static void *handshakes(void *data)
{
    const struct tls_side *shared = data;

    for (int i = 0; i < 25; i++) {
        struct tls_side client = shared[0], server = shared[1], own = {.target = "localhost"};

        /* Credentials of other threads, and one that comes and goes. */
        assert_tls(tls_shake(&client, &server), SEC_E_OK);
        tls_exchange(&client, &server);
        tls_reset(&client);
        assert_tls(tls_acquire_with(&own, NULL, tls.roots, 0), SEC_E_OK);
        tls_reset(&server);
        assert_tls(tls_shake(&own, &server), SEC_E_OK);
        tls_reset(&server);
        tls_release(&own);
    }
    return NULL;
}

/* Wrong: threads that share credentials and profiles get in each other's way (TSan looks). */
static void credentials_are_shared_by_threads(void **state)
{
    struct tls_side shared[2];
    pthread_t threads[4];

    (void)state;
    tls_sides(&shared[0], &shared[1], 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, handshakes, shared), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    tls_release_both(&shared[0], &shared[1]);
}

/* Wrong: the cache of sessions grows without bound, or loses the newest. */
static void session_cache_is_bounded(void **state)
{
    struct tls_side client, server;
    char target[32];

    (void)state;
    tls_sides(&client, &server, TLS12);
    client.flags = ISC_REQ_MANUAL_CRED_VALIDATION;
    client.target = target;
    for (int i = 0; i < 300; i++) {
        snprintf(target, sizeof(target), "host%d.test", i);
        assert_false(again(&client, &server));
    }
    assert_true(again(&client, &server));
    strcpy(target, "host0.test");
    assert_false(again(&client, &server));
    tls_release_both(&client, &server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_target_resumes),
        cmocka_unit_test(validation_separates_sessions),
        cmocka_unit_test(sessions_belong_to_a_credential),
        cmocka_unit_test(equal_settings_share_one_ssl_ctx),
        cmocka_unit_test(reconnects_can_be_disabled),
        cmocka_unit_test(late_credential_keeps_no_session),
        cmocka_unit_test(bindings_are_equal_on_both_sides),
        cmocka_unit_test(end_point_hash_follows_the_signature),
        cmocka_unit_test(keying_material_is_exported),
        cmocka_unit_test(peer_chain_is_told),
        cmocka_unit_test(credentials_are_shared_by_threads),
        cmocka_unit_test(session_cache_is_bounded),
    };

    return cmocka_run_group_tests(tests, tls_fixture_setup, tls_fixture_teardown);
}
