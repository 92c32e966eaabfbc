/* SPDX-License-Identifier: MIT */
/* Whom an initiator, or an acceptor of client certificates, believes. */
#include "tls_fixture.h"

#include <stdlib.h>
#include <string.h>

static const uint32_t versions[] = {TLS12, TLS13};

#define EACH_VERSION(without)                                                                  \
    for (size_t version = 0; version < 2; version++)                                           \
        for (uint32_t without = versions[version], once = 1; once != 0; once = 0)

/* A handshake with a server that shows this certificate; the client must end it so. */
static void expect_refusal(const struct tls_cert *shown, HCERTSTORE roots, uint32_t flags,
                           const char *target, SECURITY_STATUS status, uint8_t alert,
                           const char *subject, const char *why)
{
    PCCERT_CONTEXT certificate = tls_load(shown, NULL);
    struct tls_side client, server;

    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        client.target = target;
        assert_tls(tls_acquire_with(&server, certificate, NULL, 0), SEC_E_OK);
        assert_tls(tls_acquire_without(&client, NULL, roots, flags, without), SEC_E_OK);
        assert_tls(tls_shake(&client, &server), status);
        assert_tls(client.status, status);
        if (strstr(client.report.text, subject) == NULL ||
            strstr(client.report.text, why) == NULL)
            fail_msg("\"%s\" does not name %s and %s", client.report.text, subject, why);
        assert_int_equal(client.result.alert[0], TLS1_ALERT_FATAL);
        assert_int_equal(client.result.alert[1], alert);
        assert_true(server.in.size > 0); /* the server is told */
        assert_true(tls_advance(&server) < 0);
        tls_release_both(&client, &server);
    }
    sspia_certificate_free(certificate);
}

/* Wrong: a certificate for another name is taken. */
static void wrong_host_name_is_refused(void **state)
{
    (void)state;
    expect_refusal(&tls.server, tls.roots, 0, "www.example.org", SEC_E_WRONG_PRINCIPAL,
                   TLS1_ALERT_BAD_CERTIFICATE, "CN=localhost", "www.example.org");
    expect_refusal(&tls.server, tls.roots, 0, "127.0.0.2", SEC_E_WRONG_PRINCIPAL,
                   TLS1_ALERT_BAD_CERTIFICATE, "CN=localhost", "127.0.0.2");
    expect_refusal(&tls.server, tls.roots, 0, "::1", SEC_E_WRONG_PRINCIPAL,
                   TLS1_ALERT_BAD_CERTIFICATE, "CN=localhost", "::1");
    /* A suffix is not the name, and "localhost" is not "LOCALHOST.evil". */
    expect_refusal(&tls.server, tls.roots, 0, "localhost.evil.test", SEC_E_WRONG_PRINCIPAL,
                   TLS1_ALERT_BAD_CERTIFICATE, "CN=localhost", "localhost.evil.test");
}

static void expired_certificate_is_refused(void **state)
{
    struct tls_cert cert = tls_make(
        &tls.authority, "old", &(struct tls_traits){.expired = true, .names = "DNS:localhost"});

    (void)state;
    expect_refusal(&cert, tls.roots, 0, "localhost", SEC_E_CERT_EXPIRED,
                   TLS1_ALERT_CERTIFICATE_EXPIRED, "CN=old", "expired");
    tls_unmake(&cert);
    cert = tls_make(&tls.authority, "young",
                    &(struct tls_traits){.not_yet = true, .names = "DNS:localhost"});
    expect_refusal(&cert, tls.roots, 0, "localhost", SEC_E_CERT_EXPIRED,
                   TLS1_ALERT_BAD_CERTIFICATE, "CN=young", "not yet valid");
    tls_unmake(&cert);
}

static void self_signed_certificate_is_refused(void **state)
{
    struct tls_cert cert =
        tls_make(NULL, "alone", &(struct tls_traits){.names = "DNS:localhost"});

    (void)state;
    expect_refusal(&cert, tls.roots, 0, "localhost", SEC_E_UNTRUSTED_ROOT,
                   TLS1_ALERT_UNKNOWN_CA, "CN=alone", "self-signed");
    tls_unmake(&cert);
}

/* Wrong: an authority that is not among the roots is believed, or the system's roots are
 * believed where the caller named others. */
static void unknown_authority_is_refused(void **state)
{
    struct tls_cert stranger =
        tls_make(NULL, "Stranger", &(struct tls_traits){.authority = true});
    struct tls_cert cert =
        tls_make(&stranger, "unknown", &(struct tls_traits){.names = "DNS:localhost"});

    (void)state;
    expect_refusal(&cert, tls.roots, 0, "localhost", SEC_E_UNTRUSTED_ROOT,
                   TLS1_ALERT_UNKNOWN_CA, "issued by CN=Stranger", "unable to get");
    /* NULL: the system's roots, which do not know it either. */
    expect_refusal(&cert, NULL, 0, "localhost", SEC_E_UNTRUSTED_ROOT, TLS1_ALERT_UNKNOWN_CA,
                   "CN=unknown", "unable to get");
    tls_unmake(&cert);
    tls_unmake(&stranger);
}

/* Wrong: an authority that is none, or a client's certificate, passes for a server's. */
static void certificate_for_another_use_is_refused(void **state)
{
    struct tls_cert fake = tls_make(&tls.authority, "No Authority", &(struct tls_traits){0});
    struct tls_cert cert =
        tls_make(&fake, "victim", &(struct tls_traits){.names = "DNS:localhost"});
    struct tls_cert client =
        tls_make(&tls.authority, "client",
                 &(struct tls_traits){.client_only = true, .names = "DNS:localhost"});
    PCCERT_CONTEXT chain = tls_load(&cert, &fake);
    struct tls_side initiator, acceptor;

    (void)state;
    expect_refusal(&client, tls.roots, 0, "localhost", SEC_E_CERT_WRONG_USAGE,
                   TLS1_ALERT_UNSUPPORTED_CERT, "CN=client", "purpose");
    tls_sides(&initiator, &acceptor, 0);
    assert_tls(tls_acquire_with(&acceptor, chain, NULL, 0), SEC_E_OK);
    assert_true(tls_shake(&initiator, &acceptor) < 0);
    assert_non_null(strstr(initiator.report.text, "CN=No Authority (depth 1"));
    tls_release_both(&initiator, &acceptor);
    sspia_certificate_free(chain);
    tls_unmake(&fake);
    tls_unmake(&cert);
    tls_unmake(&client);
}

/* Wrong: a revoked certificate is taken, or a missing list is taken for a clean one. */
static void revocation_lists_are_obeyed(void **state)
{
    const uint32_t flags = SCH_CRED_REVOCATION_CHECK_END_CERT;
    HCERTSTORE clean = tls_trust_with_list(&tls.authority, NULL);
    HCERTSTORE dirty = tls_trust_with_list(&tls.authority, &tls.server);
    struct tls_side client, server;

    (void)state;
    expect_refusal(&tls.server, dirty, flags, "localhost", CRYPT_E_REVOKED,
                   TLS1_ALERT_CERTIFICATE_REVOKED, "CN=localhost", "revoked");
    expect_refusal(&tls.server, tls.roots, flags, "localhost", CRYPT_E_NO_REVOCATION_CHECK,
                   TLS1_ALERT_UNKNOWN_CA, "CN=localhost", "CRL");
    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        assert_tls(tls_acquire_without(&client, NULL, clean, flags, without), SEC_E_OK);
        assert_tls(tls_shake(&client, &server), SEC_E_OK);
        tls_reset(&client);
        tls_reset(&server);
        assert_tls(tls_acquire_without(&client, NULL, tls.roots,
                                       flags | SCH_CRED_IGNORE_NO_REVOCATION_CHECK, without),
                   SEC_E_OK);
        assert_tls(tls_shake(&client, &server), SEC_E_OK);
        /* The flag forgives that one thing and no other. */
        tls_reset(&client);
        tls_reset(&server);
        client.target = "other.test";
        assert_tls(tls_shake(&client, &server), SEC_E_WRONG_PRINCIPAL);
        tls_release_both(&client, &server);
    }
    sspia_roots_free(clean);
    sspia_roots_free(dirty);
}

/* Wrong: without a name to compare with, any certificate of any host passes. */
static void name_is_required(void **state)
{
    struct tls_side client, server;

    (void)state;
    tls_sides(&client, &server, 0);
    client.target = NULL;
    assert_tls(tls_leg(&client, NULL, 0), SEC_E_TARGET_UNKNOWN);
    client.target = "";
    assert_tls(tls_leg(&client, NULL, 0), SEC_E_TARGET_UNKNOWN);
    assert_tls(tls_acquire_with(&client, NULL, tls.roots, SCH_CRED_NO_SERVERNAME_CHECK),
               SEC_E_OK);
    client.target = NULL;
    assert_tls(tls_shake(&client, &server), SEC_E_OK);
    tls_reset(&client);
    tls_reset(&server);
    client.target = "other.test";
    assert_tls(tls_shake(&client, &server), SEC_E_OK);
    tls_release_both(&client, &server);
}

/* Wrong: a flag that lets the name pass lets the chain pass too. */
static void no_name_check_still_checks_the_chain(void **state)
{
    struct tls_cert cert =
        tls_make(NULL, "alone", &(struct tls_traits){.names = "DNS:localhost"});

    (void)state;
    expect_refusal(&cert, tls.roots, SCH_CRED_NO_SERVERNAME_CHECK, "other.test",
                   SEC_E_UNTRUSTED_ROOT, TLS1_ALERT_UNKNOWN_CA, "CN=alone", "self-signed");
    tls_unmake(&cert);
}

static void target_names_are_checked(void **state)
{
    static const char *const bad[] = {"a b",  "host/path",    "ho\nst",   ".host",
                                      "a..b", "b\xC3\xBC.de", "host:443", "."};
    char longest[300];
    struct tls_side client, server;

    (void)state;
    tls_sides(&client, &server, 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        client.target = bad[i];
        assert_tls(tls_leg(&client, NULL, 0), SEC_E_TARGET_UNKNOWN);
        tls_reset(&client);
    }
    memset(longest, 'a', sizeof(longest));
    longest[299] = '\0';
    client.target = longest;
    assert_tls(tls_leg(&client, NULL, 0), SEC_E_TARGET_UNKNOWN);
    tls_reset(&client);
    client.target = "127.0.0.1";
    assert_tls(tls_shake(&client, &server), SEC_E_OK);
    tls_release_both(&client, &server);
}

/* Wrong: manual validation fails by itself, or claims that somebody validated. */
static void manual_validation_takes_anything(void **state)
{
    struct tls_cert cert = tls_make(NULL, "alone", &(struct tls_traits){.expired = true});
    PCCERT_CONTEXT certificate = tls_load(&cert, NULL), remote;
    SecPkgContext_CertificateValidationResult result;
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        for (int by_flag = 0; by_flag < 2; by_flag++) {
            tls_sides(&client, &server, without);
            client.target = NULL;
            client.flags = ISC_REQ_MUTUAL_AUTH | (by_flag ? ISC_REQ_MANUAL_CRED_VALIDATION : 0);
            assert_tls(tls_acquire_without(&client, NULL, tls.roots,
                                           by_flag ? 0 : SCH_CRED_MANUAL_CRED_VALIDATION,
                                           without),
                       SEC_E_OK);
            assert_tls(tls_acquire_with(&server, certificate, NULL, 0), SEC_E_OK);
            assert_tls(tls_shake(&client, &server), SEC_E_OK);
            assert_int_equal(client.result.attributes & ISC_RET_MUTUAL_AUTH, 0);
            /* Told to who asked for it here, as on Windows. */
            assert_int_equal((client.result.attributes & ISC_RET_MANUAL_CRED_VALIDATION) != 0,
                             by_flag);
            assert_tls(tls_query(&client, SECPKG_ATTR_CERT_CHECK_RESULT, &result),
                       SEC_E_UNSUPPORTED_FUNCTION);
            assert_tls(tls_query(&client, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &remote), SEC_E_OK);
            assert_int_equal(remote->dwCertEncodingType, X509_ASN_ENCODING);
            tls_free(remote);
            tls_release_both(&client, &server);
        }
    }
    sspia_certificate_free(certificate);
    tls_unmake(&cert);
}

/* Wrong: deferred validation forgets what it found. */
static void deferred_validation_tells_what_it_found(void **state)
{
    struct tls_cert cert =
        tls_make(NULL, "alone", &(struct tls_traits){.names = "DNS:localhost"});
    PCCERT_CONTEXT certificate = tls_load(&cert, NULL);
    SecPkgContext_CertificateValidationResult result;
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        client.flags = ISC_REQ_DEFERRED_CRED_VALIDATION | ISC_REQ_MUTUAL_AUTH;
        assert_tls(tls_shake(&client, &server), SEC_E_OK);
        assert_tls(tls_query(&client, SECPKG_ATTR_CERT_CHECK_RESULT, &result), SEC_E_OK);
        assert_tls(result.hrVerifyChainStatus, SEC_E_OK);
        assert_true((client.result.attributes & ISC_RET_MUTUAL_AUTH) != 0);
        tls_reset(&client);
        tls_reset(&server);

        assert_tls(tls_acquire_with(&server, certificate, NULL, 0), SEC_E_OK);
        assert_tls(tls_shake(&client, &server), SEC_E_OK);
        assert_tls(tls_query(&client, SECPKG_ATTR_CERT_CHECK_RESULT_INPROC, &result), SEC_E_OK);
        assert_tls(result.hrVerifyChainStatus, SEC_E_UNTRUSTED_ROOT);
        assert_int_not_equal(result.dwChainErrorStatus, 0);
        assert_int_equal(client.result.attributes & ISC_RET_MUTUAL_AUTH, 0);
        tls_release_both(&client, &server);
    }
    sspia_certificate_free(certificate);
    tls_unmake(&cert);
}

/* Wrong: a client certificate of an unknown authority is taken. */
static void client_certificates_are_validated(void **state)
{
    struct tls_cert cert = tls_make(NULL, "Nobody", &(struct tls_traits){.client_only = true});
    PCCERT_CONTEXT certificate = tls_load(&cert, NULL);
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        tls_sides(&client, &server, without);
        assert_tls(tls_acquire_without(&client, certificate, tls.roots, 0, without), SEC_E_OK);
        server.flags = ASC_REQ_MUTUAL_AUTH;
        assert_tls(tls_shake(&client, &server), SEC_E_UNTRUSTED_ROOT);
        assert_tls(server.status, SEC_E_UNTRUSTED_ROOT);
        assert_non_null(strstr(server.report.text, "CN=Nobody"));
        tls_release_both(&client, &server);
    }
    sspia_certificate_free(certificate);
    tls_unmake(&cert);
}

/* Wrong: a name in a certificate writes more than one line into a message. */
static void names_are_escaped(void **state)
{
    struct tls_cert cert =
        tls_make(NULL, "two\nlines\x1b[31m", &(struct tls_traits){.names = "DNS:localhost"});

    (void)state;
    expect_refusal(&cert, tls.roots, 0, "localhost", SEC_E_UNTRUSTED_ROOT,
                   TLS1_ALERT_UNKNOWN_CA, "two\\0Alines\\1B[31m", "self-signed");
    tls_unmake(&cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_host_name_is_refused),
        cmocka_unit_test(expired_certificate_is_refused),
        cmocka_unit_test(self_signed_certificate_is_refused),
        cmocka_unit_test(unknown_authority_is_refused),
        cmocka_unit_test(certificate_for_another_use_is_refused),
        cmocka_unit_test(revocation_lists_are_obeyed),
        cmocka_unit_test(name_is_required),
        cmocka_unit_test(no_name_check_still_checks_the_chain),
        cmocka_unit_test(target_names_are_checked),
        cmocka_unit_test(manual_validation_takes_anything),
        cmocka_unit_test(deferred_validation_tells_what_it_found),
        cmocka_unit_test(client_certificates_are_validated),
        cmocka_unit_test(names_are_escaped),
    };

    return cmocka_run_group_tests(tests, tls_fixture_setup, tls_fixture_teardown);
}
