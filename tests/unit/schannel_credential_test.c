/* SPDX-License-Identifier: MIT */
/* What a credential is made of. */
#include "tls_fixture.h"

#include "sspi_queue.h"

#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static PCCERT_CONTEXT from_text(const char *text, const char *key, const char *password)
{
    PCCERT_CONTEXT context = NULL;

    assert_tls(sspia_certificate_load_memory(text, strlen(text), key,
                                             key != NULL ? strlen(key) : 0, password, &context),
               SEC_E_OK);
    return context;
}

/* Acquires an inbound credential with it and frees both. */
static void expect(PCCERT_CONTEXT certificate, SECURITY_STATUS status, const char *why)
{
    struct tls_side side = {.server = true};

    assert_tls(tls_acquire_with(&side, certificate, NULL, 0), status);
    if (why != NULL && strstr(side.report.text, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", side.report.text, why);
    sspia_certificate_free(certificate);
    tls_release(&side);
}

static void pem_comes_in_many_forms(void **state)
{
    char *both = tls_pem(&tls.server, tls.server.key, NULL, &tls.authority, NULL);
    char *alone = tls_pem(&tls.server, NULL, NULL, NULL);
    char *sealed = tls_pem(&tls.server, tls.server.key, "secret", NULL);
    char *other = tls_pem(&tls.client, tls.client.key, NULL, NULL);
    const char *key = strstr(both, "-----BEGIN PRIVATE KEY");
    char *key_first;

    (void)state;
    expect(from_text(both, NULL, NULL), SEC_E_OK, NULL);
    expect(from_text(both, NULL, "not needed"), SEC_E_OK, NULL);
    expect(from_text(alone, both, NULL), SEC_E_OK, NULL);
    expect(from_text(sealed, NULL, "secret"), SEC_E_OK, NULL);
    expect(from_text(alone, NULL, NULL), SEC_E_NO_CREDENTIALS, "no private key");
    expect(from_text(sealed, NULL, NULL), SEC_E_LOGON_DENIED, "no password was given");
    expect(from_text(sealed, NULL, "Secret"), SEC_E_LOGON_DENIED,
           "password of the private key");
    expect(from_text(alone, other, NULL), SEC_E_UNKNOWN_CREDENTIALS,
           "does not match the certificate of CN=localhost");
    expect(from_text(alone, "garbage", NULL), SEC_E_UNKNOWN_CREDENTIALS, "neither");
    expect(from_text("garbage", NULL, NULL), SEC_E_UNKNOWN_CREDENTIALS, "no certificate");

    /* The key in front, as some tools write it. */
    key_first = malloc(strlen(both) * 2 + 1);
    assert_non_null(key_first);
    strcpy(key_first, key);
    *strstr(strstr(key_first, "-----END PRIVATE KEY"), "\n-----BEGIN CERT") = '\0';
    strcat(key_first, "\n");
    strcat(key_first, alone);
    expect(from_text(key_first, NULL, NULL), SEC_E_OK, NULL);
    free(key_first);

    /* A chain with a damaged certificate in it. */
    memcpy(strstr(strstr(both + 30, "-----BEGIN CERTIFICATE"), "\n") + 1, "!!!!", 4);
    expect(from_text(both, NULL, NULL), SEC_E_UNKNOWN_CREDENTIALS, "chain");
    free(both);
    free(alone);
    free(sealed);
    free(other);
}

static void key_may_be_der(void **state)
{
    char *alone = tls_pem(&tls.server, NULL, NULL, NULL);
    unsigned char *der = NULL;
    int size = i2d_PrivateKey(tls.server.key, &der);
    PCCERT_CONTEXT context;

    (void)state;
    assert_true(size > 0);
    assert_tls(
        sspia_certificate_load_memory(alone, strlen(alone), der, (size_t)size, NULL, &context),
        SEC_E_OK);
    expect(context, SEC_E_OK, NULL);
    OPENSSL_free(der);
    free(alone);
}

static PCCERT_CONTEXT from_pkcs12(const char *with, const char *password, size_t cut)
{
    size_t size;
    void *bytes = tls_pkcs12(&tls.server, with, &size);
    PCCERT_CONTEXT context = NULL;

    assert_tls(sspia_certificate_load_memory(bytes, size - cut, NULL, 0, password, &context),
               SEC_E_OK);
    free(bytes);
    return context;
}

static void pkcs12_is_read(void **state)
{
    (void)state;
    expect(from_pkcs12("secret", "secret", 0), SEC_E_OK, NULL);
    expect(from_pkcs12("", NULL, 0), SEC_E_OK, NULL);
    expect(from_pkcs12("", "", 0), SEC_E_OK, NULL);
    expect(from_pkcs12("secret", "Secret", 0), SEC_E_LOGON_DENIED, "password of the PKCS#12");
    expect(from_pkcs12("secret", NULL, 0), SEC_E_LOGON_DENIED, "no password was given");
    expect(from_pkcs12("secret", "secret", 1), SEC_E_UNKNOWN_CREDENTIALS, "no certificate");
}

/* Wrong: what older Windows exports (3DES for the key; RC2-40 or 3DES for the certificate)
 * cannot be read, or the key that comes out cannot be used; or it is not said what to do where
 * OpenSSL cannot read it. */
static void pkcs12_of_older_windows_is_read(void **state)
{
    static const int algorithms[] = {NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
                                     NID_pbe_WithSHA1And40BitRC2_CBC};
    struct tls_side client, server;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        size_t size;
        void *bytes = tls_old_pkcs12(&tls.server, algorithms[i], "secret", &size);
        PCCERT_CONTEXT context;

        if (bytes == NULL)
            skip();
        assert_tls(sspia_certificate_load_memory(bytes, size, NULL, 0, "secret", &context),
                   SEC_E_OK);
        tls_sides(&client, &server, 0);
        assert_tls(tls_acquire_with(&server, context, tls.roots, 0), SEC_E_OK);
        assert_tls(tls_shake(&client, &server), SEC_E_OK);
        tls_exchange(&client, &server);
        tls_release_both(&client, &server);
        /* The host program gets none of it. */
        assert_int_equal(OSSL_PROVIDER_available(NULL, "legacy"), 0);
        setenv("OPENSSL_MODULES", "/nonexistent", 1);
        expect(context, i == 0 ? SEC_E_OK : SEC_E_UNKNOWN_CREDENTIALS,
               i == 0 ? NULL : "install OpenSSL's legacy provider");
        unsetenv("OPENSSL_MODULES");
        assert_tls(sspia_certificate_load_memory(bytes, size, NULL, 0, "Secret", &context),
                   SEC_E_OK);
        expect(context, SEC_E_LOGON_DENIED, "password of the PKCS#12");
        free(bytes);
    }
}

/* Wrong: any cut or changed bit makes the parser do more than refuse (sanitizers look). */
static void damaged_packs_are_refused(void **state)
{
    size_t size;
    uint8_t *bytes = tls_pkcs12(&tls.server, "secret", &size);
    struct tls_side side = {.server = true};

    (void)state;
    for (size_t i = 0; i < size; i += 23) {
        PCCERT_CONTEXT context;

        bytes[i] ^= 0x41;
        assert_tls(sspia_certificate_load_memory(bytes, i % 2 ? size : i + 1, NULL, 0, "secret",
                                                 &context),
                   SEC_E_OK);
        tls_acquire_with(&side, context, NULL, 0);
        if (side.status != SEC_E_OK)
            assert_true(side.report.text[0] != '\0');
        sspia_certificate_free(context);
        bytes[i] ^= 0x41;
    }
    tls_release(&side);
    free(bytes);
}

static void files_are_read(void **state)
{
    char path[] = "/tmp/schannel-XXXXXX";
    char *pem = tls_pem(&tls.server, tls.server.key, NULL, NULL);
    char *root = tls_pem(&tls.authority, NULL, NULL, NULL);
    const int file = mkstemp(path);
    PCCERT_CONTEXT context = NULL;
    HCERTSTORE roots = NULL;
    char message[512];

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, pem, strlen(pem)), strlen(pem));
    assert_tls(sspia_certificate_load_file(path, NULL, NULL, &context), SEC_E_OK);
    expect(context, SEC_E_OK, NULL);
    assert_tls(sspia_certificate_load_file(path, path, NULL, &context), SEC_E_OK);
    expect(context, SEC_E_OK, NULL);
    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(lseek(file, 0, SEEK_SET), 0);
    assert_int_equal(write(file, root, strlen(root)), strlen(root));
    assert_tls(sspia_roots_load_file(path, SSPIA_ROOTS_SYSTEM, &roots), SEC_E_OK);
    assert_tls(sspia_roots_free(roots), SEC_E_OK);
    assert_tls(sspia_roots_free(roots), SEC_E_INVALID_HANDLE);
    close(file);
    unlink(path);
    assert_tls(sspia_certificate_load_file(path, NULL, NULL, &context), SEC_E_NO_CREDENTIALS);
    assert_null(context);
    sspia_last_message(message, sizeof(message));
    assert_non_null(strstr(message, path));
    assert_non_null(strstr(message, "No such file"));
    assert_tls(sspia_certificate_load_file("/tmp", NULL, NULL, &context), SEC_E_NO_CREDENTIALS);
    assert_tls(sspia_roots_load_file(path, 0, &roots), SEC_E_NO_CREDENTIALS);
    assert_tls(sspia_roots_load_file(NULL, 0, &roots), SEC_E_INVALID_PARAMETER);
    assert_tls(sspia_roots_load_file(path, 2, &roots), SEC_E_INVALID_PARAMETER);
    free(pem);
    free(root);
}

/* Wrong: the object must outlive the credential, or its memory is trusted after freeing. */
static void objects_are_copied_and_freed_once(void **state)
{
    struct tls_side client, server;
    PCCERT_CONTEXT context = tls_load(&tls.server, NULL);

    (void)state;
    tls_sides(&client, &server, 0);
    assert_tls(tls_acquire_with(&server, context, NULL, 0), SEC_E_OK);
    assert_tls(sspia_certificate_free(context), SEC_E_OK);
    assert_tls(sspia_certificate_free(context), SEC_E_INVALID_HANDLE);
    assert_tls(sspia_certificate_free(NULL), SEC_E_OK);
    assert_tls(tls_shake(&client, &server), SEC_E_OK);
    tls_release_both(&client, &server);
}

static void roots_must_be_roots(void **state)
{
    struct tls_side client = {.server = false};
    HCERTSTORE roots;

    (void)state;
    assert_tls(sspia_roots_load_memory("garbage", 7, 0, &roots), SEC_E_OK);
    assert_tls(tls_acquire_with(&client, NULL, roots, 0), SEC_E_UNKNOWN_CREDENTIALS);
    assert_non_null(strstr(client.report.text, "no certificate"));
    sspia_roots_free(roots);
    assert_tls(sspia_roots_load_memory(NULL, 0, SSPIA_ROOTS_SYSTEM, &roots), SEC_E_OK);
    assert_tls(tls_acquire_with(&client, NULL, roots, 0), SEC_E_OK);
    sspia_roots_free(roots);
    /* A certificate is no store, and the reverse. */
    assert_tls(tls_acquire_with(&client, NULL, (HCERTSTORE)tls.server_context, 0),
               SEC_E_INVALID_PARAMETER);
    assert_tls(tls_acquire_with(&client, tls.roots, NULL, 0), SEC_E_INVALID_PARAMETER);
    tls_release(&client);
}

/* Wrong: a setting that cannot be honoured is taken in silence. */
static void settings_are_checked(void **state)
{
    const SCH_CREDENTIALS good = {.dwVersion = SCH_CREDENTIALS_VERSION};
    SCH_CREDENTIALS settings;
    TLS_PARAMETERS parameters[2] = {{0}};
    CRYPTO_SETTINGS crypto = {0};
    UNICODE_STRING string = {2, 2, NULL};
    PCCERT_CONTEXT nothing = NULL;
    struct tls_side client = {.server = false}, server = {.server = true};

    (void)state;
    assert_tls(tls_acquire(&client, NULL), SEC_E_OK);
    assert_tls(tls_acquire(&server, NULL), SEC_E_OK);
    settings = good;
    assert_tls(tls_acquire(&client, &settings), SEC_E_OK);
    assert_tls(tls_acquire(&server, &settings), SEC_E_OK);
    /* What cannot matter is accepted; a server that is to staple OCSP responses is refused. */
    settings.dwFlags = SCH_CRED_SNI_CREDENTIAL | SCH_MACHINE_CERT_HASH;
    assert_tls(tls_acquire(&server, &settings), SEC_E_OK);
    settings.dwFlags |= SCH_CRED_SNI_ENABLE_OCSP;
    assert_tls(tls_acquire(&client, &settings), SEC_E_OK);
    assert_tls(tls_acquire(&server, &settings), SEC_E_UNSUPPORTED_FUNCTION);
    settings.dwFlags = 0;

#define REFUSED(status, change)                                                                \
    settings = good;                                                                           \
    change;                                                                                    \
    assert_tls(tls_acquire(&client, &settings), status);                                       \
    assert_true(client.report.text[0] != '\0')

    REFUSED(SEC_E_INVALID_PARAMETER, settings.dwVersion = 3);
    REFUSED(SEC_E_INVALID_PARAMETER, settings.cCreds = 1);
    REFUSED(SEC_E_INVALID_PARAMETER, (settings.cCreds = 1, settings.paCred = &nothing));
    REFUSED(SEC_E_INVALID_PARAMETER, settings.cCreds = 17);
    REFUSED(SEC_E_INVALID_PARAMETER, settings.cMappers = 1);
    REFUSED(SEC_E_UNSUPPORTED_FUNCTION,
            (settings.cCreds = 1, settings.paCred = &tls.client_context,
             settings.dwCredFormat = SCH_CRED_FORMAT_CERT_HASH));
    REFUSED(SEC_E_UNSUPPORTED_FUNCTION, settings.dwFlags = SCH_USE_PRESHAREDKEY_ONLY);
    REFUSED(SEC_E_UNSUPPORTED_FUNCTION, settings.dwFlags = SCH_ALLOW_NULL_ENCRYPTION);
    REFUSED(SEC_E_INVALID_PARAMETER, settings.dwFlags = 0x80000000u);
    REFUSED(SEC_E_INVALID_PARAMETER,
            settings.dwFlags = SCH_CRED_MANUAL_CRED_VALIDATION | SCH_CRED_AUTO_CRED_VALIDATION);
    REFUSED(SEC_E_INVALID_PARAMETER, settings.cTlsParameters = 1);
    REFUSED(SEC_E_INVALID_PARAMETER, settings.cTlsParameters = 17);

#define REFUSED_TLS(status, change)                                                            \
    memset(parameters, 0, sizeof(parameters));                                                 \
    memset(&crypto, 0, sizeof(crypto));                                                        \
    REFUSED(status, (settings.cTlsParameters = 2, settings.pTlsParameters = parameters,        \
                     parameters[1].pDisabledCrypto = &crypto, change))

    REFUSED_TLS(SEC_E_UNSUPPORTED_FUNCTION,
                (parameters[1].cAlpnIds = 1, parameters[1].rgstrAlpnIds = &string));
    REFUSED_TLS(SEC_E_UNSUPPORTED_FUNCTION, parameters[1].dwFlags = TLS_PARAMS_OPTIONAL);
    REFUSED_TLS(SEC_E_ALGORITHM_MISMATCH, parameters[1].grbitDisabledProtocols = UINT32_MAX);
    REFUSED_TLS(SEC_E_INVALID_PARAMETER,
                (parameters[1].cDisabledCrypto = 1, parameters[1].pDisabledCrypto = NULL));
    REFUSED_TLS(SEC_E_INVALID_PARAMETER, parameters[1].cDisabledCrypto = 17);
    REFUSED_TLS(SEC_E_INVALID_PARAMETER, parameters[1].cDisabledCrypto = 1); /* no name */
    REFUSED_TLS(SEC_E_INVALID_PARAMETER,
                (parameters[1].cDisabledCrypto = 1, crypto.strCngAlgId = string));
    string = (UNICODE_STRING){6, 6, (WCHAR *)u"AES"};
    REFUSED_TLS(SEC_E_INVALID_PARAMETER,
                (parameters[1].cDisabledCrypto = 1, crypto.strCngAlgId = string,
                 crypto.eAlgorithmUsage = (eTlsAlgorithmUsage)5));
    REFUSED_TLS(SEC_E_INVALID_PARAMETER,
                (parameters[1].cDisabledCrypto = 1, crypto.strCngAlgId = string,
                 crypto.cChainingModes = 1));
    tls_release(&client);
    tls_release(&server);
}

/* Wrong: the format of certificates that are not there is a reason to refuse. */
static void format_of_no_certificates_is_ignored(void **state)
{
    SCH_CREDENTIALS five = {.dwVersion = SCH_CREDENTIALS_VERSION,
                            .dwCredFormat = SCH_CRED_FORMAT_CERT_HASH_STORE};
    SCHANNEL_CRED four = {.dwVersion = SCHANNEL_CRED_VERSION, .dwCredFormat = 77};
    struct tls_side client = {.server = false};

    (void)state;
    assert_tls(tls_acquire(&client, &five), SEC_E_OK);
    assert_tls(tls_acquire(&client, (SCH_CREDENTIALS *)&four), SEC_E_OK);
    four.cCreds = 1;
    four.paCred = &tls.client_context;
    assert_tls(tls_acquire(&client, (SCH_CREDENTIALS *)&four), SEC_E_UNSUPPORTED_FUNCTION);
    tls_release(&client);
}

/* Wrong: it cannot be acquired at all, or fails without saying what is missing, or without an
 * alert for the client. Windows acquires (Wine's dlls/secur32/tests/schannel.c). */
static void acceptor_without_certificate_fails_on_its_first_leg(void **state)
{
    static const uint32_t versions[] = {TLS12, TLS13};
    struct tls_side client, server;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        tls_sides(&client, &server, versions[i]);
        assert_tls(tls_acquire(&server, NULL), SEC_E_OK);
        assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
        tls_move(&client, &server);
        assert_tls(tls_advance(&server), SEC_E_NO_CREDENTIALS);
        assert_non_null(strstr(server.report.text, "paCred"));
        tls_move(&server, &client);
        assert_tls(tls_advance(&client), SEC_E_ILLEGAL_MESSAGE);
        assert_non_null(strstr(client.report.text, "handshake_failure"));
        tls_release_both(&client, &server);
    }
}

/* Wrong: SCHANNEL_CRED's positive lists are taken for negative ones, or for nothing. */
static void version_four_settings_select(void **state)
{
    ALG_ID algorithms[] = {CALG_AES_128, CALG_ECDH_EPHEM};
    SCHANNEL_CRED settings = {.dwVersion = SCHANNEL_CRED_VERSION, .hRootStore = tls.roots};
    struct tls_side client, server;
    SecPkgContext_CipherInfo cipher;
    SecPkgCred_SupportedProtocols protocols;
    SecPkgCred_CipherStrengths strengths;
    sspia_report report;

    (void)state;
    tls_sides(&client, &server, 0);
    settings.grbitEnabledProtocols = SP_PROT_TLS1_0_CLIENT | SP_PROT_TLS1_2_CLIENT;
    settings.cSupportedAlgs = 2;
    settings.palgSupportedAlgs = algorithms;
    assert_tls(tls_acquire(&client, (SCH_CREDENTIALS *)&settings), SEC_E_OK);
    assert_tls(tls_shake(&client, &server), SEC_E_OK);
    assert_tls(tls_query(&client, SECPKG_ATTR_CIPHER_INFO, &cipher), SEC_E_OK);
    assert_int_equal(cipher.dwCipherSuite, 0xC02B);
    assert_tls(tls_package()->query_credential(
                   client.credential, SECPKG_ATTR_SUPPORTED_PROTOCOLS, &protocols, &report),
               SEC_E_OK);
    assert_int_equal(protocols.grbitProtocol, SP_PROT_TLS1_2_CLIENT);
    assert_tls(tls_package()->query_credential(client.credential, SECPKG_ATTR_CIPHER_STRENGTHS,
                                               &strengths, &report),
               SEC_E_OK);
    assert_int_equal(strengths.dwMaximumCipherStrength, 128);
    tls_reset(&client);
    tls_reset(&server);

    settings.grbitEnabledProtocols = 0;
    settings.cSupportedAlgs = 0;
    settings.dwMinimumCipherStrength = 256;
    assert_tls(tls_acquire(&client, (SCH_CREDENTIALS *)&settings), SEC_E_OK);
    assert_tls(tls_shake(&client, &server), SEC_E_OK);
    assert_tls(tls_query(&client, SECPKG_ATTR_CIPHER_INFO, &cipher), SEC_E_OK);
    assert_int_equal(cipher.dwCipherSuite, 0x1302);
    tls_reset(&client);

    settings.grbitEnabledProtocols = SP_PROT_TLS1_0_CLIENT;
    assert_tls(tls_acquire(&client, (SCH_CREDENTIALS *)&settings), SEC_E_ALGORITHM_MISMATCH);
    settings.grbitEnabledProtocols = 0;
    settings.dwMinimumCipherStrength = 512;
    assert_tls(tls_acquire(&client, (SCH_CREDENTIALS *)&settings), SEC_E_ALGORITHM_MISMATCH);
    settings.dwMinimumCipherStrength = UINT32_MAX;
    assert_tls(tls_acquire(&client, (SCH_CREDENTIALS *)&settings), SEC_E_UNSUPPORTED_FUNCTION);
    tls_release_both(&client, &server);
}

/* Wrong: a credential for both sides, which Schannel does not have. */
static void use_is_inbound_or_outbound(void **state)
{
    void *credential = NULL;
    int64_t expiry;
    sspia_report report;

    (void)state;
    assert_tls(
        tls_package()->acquire(NULL, SECPKG_CRED_BOTH, NULL, &credential, &expiry, &report),
        SEC_E_INVALID_PARAMETER);
    assert_tls(tls_package()->acquire(NULL, 0, NULL, &credential, &expiry, &report),
               SEC_E_INVALID_PARAMETER);
    assert_null(credential);
}

/* Wrong: a credential does not tell whose it is, and what it may use: of all four classes of
 * algorithms (wincrypt.h, GET_ALG_CLASS). */
static void credential_tells_of_itself(void **state)
{
    struct tls_side server = {.server = true};
    SecPkgCred_SupportedAlgs algorithms;
    uint32_t classes = 0;
    SecPkgCredentials_NamesA names;
    sspia_report report;

    (void)state;
    assert_tls(tls_acquire_with(&server, tls.server_context, NULL, 0), SEC_E_OK);
    assert_tls(tls_package()->query_credential(server.credential, SECPKG_CRED_ATTR_NAMES,
                                               &names, &report),
               SEC_E_OK);
    assert_string_equal(names.sUserName, "CN=localhost");
    tls_free(names.sUserName);
    assert_tls(tls_package()->query_credential(server.credential, SECPKG_ATTR_SUPPORTED_ALGS,
                                               &algorithms, &report),
               SEC_E_OK);
    assert_int_equal(algorithms.cSupportedAlgs, 8);
    for (uint32_t i = 0; i < algorithms.cSupportedAlgs; i++)
        classes |= 1u << (algorithms.palgSupportedAlgs[i] >> 13);
    assert_int_equal(classes, 1u << 1 | 1u << 3 | 1u << 4 | 1u << 5);
    tls_free(algorithms.palgSupportedAlgs);
    assert_tls(tls_package()->query_credential(server.credential, SECPKG_ATTR_ISSUER_LIST,
                                               &names, &report),
               SEC_E_UNSUPPORTED_FUNCTION);
    tls_release(&server);
}

static SECURITY_STATUS set(struct tls_side *side, uint32_t attribute, const void *buffer,
                           size_t size)
{
    side->report.text[0] = '\0';
    side->status =
        tls_package()->set_credential(side->credential, attribute, buffer, size, &side->report);
    return side->status;
}

static SECURITY_STATUS set_keys(struct tls_side *side, SecPkgCred_SessionTicketKey *keys,
                                uint32_t count)
{
    const SecPkgCred_SessionTicketKeys all = {count, keys};

    return set(side, SECPKG_ATTR_SESSION_TICKET_KEYS, &all, sizeof(all));
}

/* Connects, with TLS 1.2 or 1.3, takes the ticket, and says whether it was a resumption. */
static bool resumes(struct tls_side *client, struct tls_side *server)
{
    SecPkgContext_SessionInfo info;

    assert_tls(tls_shake(client, server), SEC_E_OK);
    assert_tls(tls_receive_all(client, NULL), SEC_E_OK);
    assert_tls(tls_query(client, SECPKG_ATTR_SESSION_INFO, &info), SEC_E_OK);
    tls_reset(client);
    tls_reset(server);
    return (info.dwFlags & SSL_SESSION_RECONNECT) != 0;
}

/* Wrong: tickets are not sealed with the caller's keys, or those of a key that is not the first
 * any more are refused. */
static void tickets_are_sealed_with_the_callers_keys(void **state)
{
    static const uint32_t without[] = {SP_PROT_TLS1_3, SP_PROT_TLS1_2};
    struct tls_side client, one, other;
    SecPkgCred_SessionTicketKey keys[2] = {{.KeyId = "old", .KeyingMaterialSize = 64},
                                           {.KeyId = "new", .KeyingMaterialSize = 32}};
    SecPkgCred_SessionTicketKey turned[2] = {keys[1], keys[0]};

    (void)state;
    for (int version = 0; version < 2; version++) {
        tls_sides(&client, &one, without[version]);
        other = (struct tls_side){.server = true};
        assert_tls(tls_acquire_with(&other, tls.server_context, tls.roots, 0), SEC_E_OK);
        assert_tls(set_keys(&one, keys, 1), SEC_E_OK);
        assert_false(resumes(&client, &one));
        assert_true(resumes(&client, &one));
        assert_false(resumes(&client, &other)); /* it has a random key */
        assert_true(resumes(&client, &other));
        assert_false(resumes(&client, &one));
        assert_tls(set_keys(&other, turned, 2), SEC_E_OK);
        assert_true(resumes(&client, &other));
        /* The new ticket is of the new key. */
        assert_false(resumes(&client, &one));
        tls_release(&other);
        tls_release_both(&client, &one);
    }
}

/* Wrong: keys that cannot be used are taken. */
static void ticket_keys_are_checked(void **state)
{
    struct tls_side client, server;
    SecPkgCred_SessionTicketKey keys[17] = {{.KeyingMaterialSize = 32}};
    uint32_t nothing = 0;

    (void)state;
    tls_sides(&client, &server, 0);
    assert_tls(set_keys(&server, keys, 1), SEC_E_OK);
    assert_tls(set_keys(&server, keys, 0), SEC_E_INVALID_PARAMETER);
    assert_tls(set_keys(&server, keys, 17), SEC_E_INVALID_PARAMETER);
    assert_tls(set_keys(&server, NULL, 1), SEC_E_INVALID_PARAMETER);
    assert_tls(set_keys(&server, keys, 2), SEC_E_INVALID_PARAMETER); /* of no bytes */
    keys[0].KeyingMaterialSize = 65;
    assert_tls(set_keys(&server, keys, 1), SEC_E_INVALID_PARAMETER);
    keys[0] = (SecPkgCred_SessionTicketKey){.TicketInfoVersion = 1, .KeyingMaterialSize = 32};
    assert_tls(set_keys(&server, keys, 1), SEC_E_INVALID_PARAMETER);
    assert_tls(set(&server, SECPKG_ATTR_SESSION_TICKET_KEYS, &nothing, sizeof(nothing)),
               SEC_E_INVALID_PARAMETER);
    assert_tls(set_keys(&client, keys, 1), SEC_E_UNSUPPORTED_FUNCTION);
    assert_tls(set(&server, SECPKG_ATTR_USE_NCRYPT, &nothing, sizeof(nothing)),
               SEC_E_UNSUPPORTED_FUNCTION);
    tls_release_both(&client, &server);
}

/* Wrong: the policy for client certificates changes nothing, or asks in vain for what is not
 * there. */
static void policy_looks_for_revoked_clients(void **state)
{
    SecPkgCred_ClientCertPolicy policy = {.dwCertFlags =
                                              CERT_CHAIN_REVOCATION_CHECK_END_CERT |
                                              CERT_CHAIN_REVOCATION_CHECK_CACHE_ONLY};
    HCERTSTORE roots = tls_trust_with_list(&tls.authority, &tls.client);
    struct tls_side client, server;

    (void)state;
    tls_sides(&client, &server, SP_PROT_TLS1_3);
    assert_tls(tls_acquire_without(&client, tls.client_context, tls.roots, 0, SP_PROT_TLS1_3),
               SEC_E_OK);
    assert_tls(
        tls_acquire_with(&server, tls.server_context, roots, SCH_CRED_DISABLE_RECONNECTS),
        SEC_E_OK);
    server.flags = ASC_REQ_MUTUAL_AUTH;
    assert_tls(tls_shake(&client, &server), SEC_E_OK);
    tls_reset(&client);
    tls_reset(&server);
    assert_tls(set(&server, SECPKG_ATTR_CLIENT_CERT_POLICY, &policy, sizeof(policy)), SEC_E_OK);
    assert_tls(tls_shake(&client, &server), CRYPT_E_REVOKED);
    tls_reset(&client);
    tls_reset(&server);
    policy.dwCertFlags = 0;
    assert_tls(set(&server, SECPKG_ATTR_CLIENT_CERT_POLICY, &policy, sizeof(policy)), SEC_E_OK);
    assert_tls(tls_shake(&client, &server), SEC_E_OK);

    assert_tls(set(&server, SECPKG_ATTR_CLIENT_CERT_POLICY, &policy, sizeof(policy) - 1),
               SEC_E_INVALID_PARAMETER);
    policy.fOmitUsageCheck = 1;
    assert_tls(set(&server, SECPKG_ATTR_CLIENT_CERT_POLICY, &policy, sizeof(policy)),
               SEC_E_UNSUPPORTED_FUNCTION);
    policy.fOmitUsageCheck = 0;
    policy.pwszSslCtlStoreName = (WCHAR *)u"MY";
    assert_tls(set(&server, SECPKG_ATTR_CLIENT_CERT_POLICY, &policy, sizeof(policy)),
               SEC_E_UNSUPPORTED_FUNCTION);
    policy.pwszSslCtlStoreName = NULL;
    policy.dwCertFlags = 0x40;
    assert_tls(set(&server, SECPKG_ATTR_CLIENT_CERT_POLICY, &policy, sizeof(policy)),
               SEC_E_UNSUPPORTED_FUNCTION);
    sspia_roots_free(roots);
    tls_release_both(&client, &server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pem_comes_in_many_forms),
        cmocka_unit_test(key_may_be_der),
        cmocka_unit_test(pkcs12_is_read),
        cmocka_unit_test(pkcs12_of_older_windows_is_read),
        cmocka_unit_test(damaged_packs_are_refused),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(objects_are_copied_and_freed_once),
        cmocka_unit_test(roots_must_be_roots),
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(acceptor_without_certificate_fails_on_its_first_leg),
        cmocka_unit_test(format_of_no_certificates_is_ignored),
        cmocka_unit_test(version_four_settings_select),
        cmocka_unit_test(use_is_inbound_or_outbound),
        cmocka_unit_test(credential_tells_of_itself),
        cmocka_unit_test(tickets_are_sealed_with_the_callers_keys),
        cmocka_unit_test(ticket_keys_are_checked),
        cmocka_unit_test(policy_looks_for_revoked_clients),
    };

    return cmocka_run_group_tests(tests, tls_fixture_setup, tls_fixture_teardown);
}
