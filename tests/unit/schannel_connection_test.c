/* SPDX-License-Identifier: MIT */
/* What the attributes tell of a connection's algorithms. */
#include "tls_fixture.h"

#include <string.h>

static const uint32_t versions[] = {TLS12, TLS13};

#define EACH_VERSION(without)                                                                  \
    for (size_t version = 0; version < 2; version++)                                           \
        for (uint32_t without = versions[version], once = 1; once != 0; once = 0)

static UNICODE_STRING wide(const WCHAR *text)
{
    size_t length = 0;

    while (text[length] != 0)
        length++;
    return (UNICODE_STRING){(uint16_t)(length * 2), (uint16_t)(length * 2), (WCHAR *)text};
}

/* Wrong: the names in CIPHER_INFO are not UTF-16, or not these; or the numbers are not those
 * that Windows gives for the same suite (Wine's dlls/secur32/tests/schannel.c). */
static void cipher_info_names_the_algorithms(void **state)
{
    struct tls_side client, server;
    SecPkgContext_CipherInfo cipher;
    SecPkgContext_ConnectionInfo info;
    SecPkgContext_KeyInfoA key;

    (void)state;
    tls_connected(&client, &server, TLS12);
    assert_tls(tls_query(&client, SECPKG_ATTR_CIPHER_INFO, &cipher), SEC_E_OK);
    assert_memory_equal(cipher.szCipherSuite, u"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                        sizeof(u"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"));
    assert_memory_equal(cipher.szCipher, u"AES", sizeof(u"AES"));
    assert_int_equal(cipher.szHash[0], 0);
    assert_int_equal(cipher.dwHashLen, 0);
    assert_int_equal(cipher.dwMinExchangeLen, 0);
    assert_int_equal(cipher.dwMaxExchangeLen, 65536);
    assert_int_equal(cipher.dwKeyType, 0x1d);
    assert_memory_equal(cipher.szExchange, u"ECDH", sizeof(u"ECDH"));
    assert_memory_equal(cipher.szCertificate, u"ECDSA", sizeof(u"ECDSA"));
    assert_int_equal(cipher.dwCipherLen, 256);
    assert_tls(tls_query(&client, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
    assert_int_equal(info.aiCipher, CALG_AES_256);
    assert_int_equal(info.dwCipherStrength, 256);
    assert_int_equal(info.aiHash, CALG_SHA_384);
    assert_int_equal(info.dwHashStrength, 0);
    assert_int_equal(info.aiExch, CALG_ECDH_EPHEM);
    assert_true(info.dwExchStrength >= 253);
    assert_tls(tls_query(&client, SECPKG_ATTR_KEY_INFO, &key), SEC_E_OK);
    assert_string_equal(key.sSignatureAlgorithmName, "ECDSA");
    assert_string_equal(key.sEncryptAlgorithmName, "AES");
    assert_int_equal(key.KeySize, 256);
    assert_int_equal(key.SignatureAlgorithm, CALG_ECDSA);
    assert_int_equal(key.EncryptAlgorithm, CALG_AES_256);
    tls_free(key.sSignatureAlgorithmName);
    tls_free(key.sEncryptAlgorithmName);
    tls_release_both(&client, &server);
}

/* Wrong: dwKeyType is not the curve of the exchange, or names one where there is none; or an
 * RSA certificate has another algorithm's number. */
static void key_type_is_the_curve(void **state)
{
    const UNICODE_STRING names[] = {wide(u"curve25519"), wide(u"ECDH_P256"), wide(u"ECDH_P384"),
                                    wide(u"ECDH_P521")};
    static const uint32_t curves[] = {0x1d, 0x17, 0x18, 0x19};
    struct tls_cert cert = tls_make(
        &tls.authority, "rsa", &(struct tls_traits){.rsa = true, .names = "DNS:localhost"});
    PCCERT_CONTEXT certificate = tls_load(&cert, NULL);
    SecPkgContext_CipherInfo cipher;
    SecPkgContext_KeyInfoA key;
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        for (uint32_t i = 0; i < 5; i++) {
            CRYPTO_SETTINGS disabled[4];
            TLS_PARAMETERS parameters = {.grbitDisabledProtocols = without,
                                         .pDisabledCrypto = disabled};
            SCH_CREDENTIALS settings = {.dwVersion = SCH_CREDENTIALS_VERSION,
                                        .hRootStore = tls.roots,
                                        .cTlsParameters = 1,
                                        .pTlsParameters = &parameters};

            /* All curves but one; at last none, and finite fields are left. */
            for (uint32_t c = 0; c < 4; c++) {
                if (c != i)
                    disabled[parameters.cDisabledCrypto++] = (CRYPTO_SETTINGS){
                        TlsParametersCngAlgUsageKeyExchange, names[c], 0, NULL, 0, 0};
            }
            if (i == 4) {
                parameters.cDisabledCrypto = 1;
                disabled[0].strCngAlgId = wide(u"ECDH");
            }
            tls_sides(&client, &server, 0);
            assert_tls(tls_acquire_with(&server, certificate, NULL, 0), SEC_E_OK);
            assert_tls(tls_acquire(&client, &settings), SEC_E_OK);
            assert_tls(tls_shake(&client, &server), SEC_E_OK);
            for (int side = 0; side < 2; side++) {
                struct tls_side *asked = side == 0 ? &client : &server;

                assert_tls(tls_query(asked, SECPKG_ATTR_CIPHER_INFO, &cipher), SEC_E_OK);
                assert_int_equal(cipher.dwKeyType, i < 4 ? curves[i] : 0);
                assert_tls(tls_query(asked, SECPKG_ATTR_KEY_INFO, &key), SEC_E_OK);
                assert_string_equal(key.sSignatureAlgorithmName, "RSA");
                assert_int_equal(key.SignatureAlgorithm, CALG_RSA_SIGN);
                tls_free(key.sSignatureAlgorithmName);
                tls_free(key.sEncryptAlgorithmName);
            }
            tls_release_both(&client, &server);
        }
    }
    sspia_certificate_free(certificate);
    tls_unmake(&cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cipher_info_names_the_algorithms),
        cmocka_unit_test(key_type_is_the_curve),
    };

    return cmocka_run_group_tests(tests, tls_fixture_setup, tls_fixture_teardown);
}
