/* SPDX-License-Identifier: MIT */
#include "tls_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

static EVP_PKEY *make_key(bool rsa)
{
    EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");

    assert_non_null(key);
    return key;
}

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

struct tls_cert tls_make(const struct tls_cert *issuer, const char *common_name,
                         const struct tls_traits *traits)
{
    struct tls_cert cert = {.x509 = X509_new(), .key = make_key(traits->rsa)};
    X509 *above = issuer != NULL ? issuer->x509 : cert.x509;
    EVP_PKEY *signer = issuer != NULL ? issuer->key : cert.key;
    X509_NAME *name = X509_get_subject_name(cert.x509);
    int64_t serial;

    assert_int_equal(RAND_bytes((unsigned char *)&serial, sizeof(serial)), 1);
    ASN1_INTEGER_set_int64(X509_get_serialNumber(cert.x509), serial & INT64_MAX);
    X509_set_version(cert.x509, X509_VERSION_3);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name,
                               -1, -1, 0);
    X509_set_issuer_name(cert.x509, X509_get_subject_name(above));
    X509_gmtime_adj(X509_getm_notBefore(cert.x509), traits->not_yet ? 86400 : -2 * 86400);
    X509_gmtime_adj(X509_getm_notAfter(cert.x509), traits->expired ? -86400 : 365 * 86400);
    X509_set_pubkey(cert.x509, cert.key);
    extend(cert.x509, above, NID_basic_constraints,
           traits->authority ? "critical,CA:TRUE" : "CA:FALSE");
    extend(cert.x509, above, NID_subject_key_identifier, "hash");
    if (traits->authority)
        extend(cert.x509, above, NID_key_usage, "critical,keyCertSign,cRLSign");
    if (traits->client_only)
        extend(cert.x509, above, NID_ext_key_usage, "clientAuth");
    if (traits->names != NULL)
        extend(cert.x509, above, NID_subject_alt_name, traits->names);
    assert_true(X509_sign(cert.x509, signer,
                          traits->digest != NULL ? traits->digest : EVP_sha256()) > 0);
    return cert;
}

void tls_unmake(struct tls_cert *cert)
{
    X509_free(cert->x509);
    EVP_PKEY_free(cert->key);
    *cert = (struct tls_cert){NULL, NULL};
}

static char *take(BIO *bio, size_t *size)
{
    char *bytes;
    const long length = BIO_get_mem_data(bio, &bytes);
    char *copy = malloc((size_t)length + 1);

    assert_non_null(copy);
    memcpy(copy, bytes, (size_t)length);
    copy[length] = '\0';
    if (size != NULL)
        *size = (size_t)length;
    BIO_free(bio);
    return copy;
}

char *tls_pem(const struct tls_cert *cert, EVP_PKEY *key, const char *password, ...)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const struct tls_cert *above;
    va_list issuers;

    PEM_write_bio_X509(bio, cert->x509);
    if (key != NULL)
        assert_int_equal(
            PEM_write_bio_PrivateKey(bio, key, password != NULL ? EVP_aes_256_cbc() : NULL,
                                     (const unsigned char *)password,
                                     password != NULL ? (int)strlen(password) : 0, NULL, NULL),
            1);
    va_start(issuers, password);
    while ((above = va_arg(issuers, const struct tls_cert *)) != NULL)
        PEM_write_bio_X509(bio, above->x509);
    va_end(issuers);
    return take(bio, NULL);
}

void *tls_pkcs12(const struct tls_cert *cert, const char *password, size_t *size)
{
    PKCS12 *pack = PKCS12_create(password, "test", cert->key, cert->x509, NULL, 0, 0, 0, 0, 0);
    BIO *bio = BIO_new(BIO_s_mem());

    assert_non_null(pack);
    assert_int_equal(i2d_PKCS12_bio(bio, pack), 1);
    PKCS12_free(pack);
    return take(bio, size);
}

void *tls_old_pkcs12(const struct tls_cert *cert, int algorithm, const char *password,
                     size_t *size)
{
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *modern = OSSL_PROVIDER_load(library, "default");
    OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(library, "legacy");
    void *bytes = NULL;

    assert_non_null(modern);
    if (legacy != NULL) {
        PKCS12 *pack = PKCS12_create_ex(password, "test", cert->key, cert->x509, NULL,
                                        NID_pbe_WithSHA1And3_Key_TripleDES_CBC, algorithm, 0, 0,
                                        0, library, NULL);
        BIO *bio = BIO_new(BIO_s_mem());

        assert_non_null(pack);
        assert_int_equal(i2d_PKCS12_bio(bio, pack), 1);
        PKCS12_free(pack);
        bytes = take(bio, size);
        OSSL_PROVIDER_unload(legacy);
    }
    OSSL_PROVIDER_unload(modern);
    OSSL_LIB_CTX_free(library);
    return bytes;
}

PCCERT_CONTEXT tls_load(const struct tls_cert *cert, const struct tls_cert *issuer)
{
    char *pem = tls_pem(cert, cert->key, NULL, issuer, NULL);
    PCCERT_CONTEXT context = NULL;

    assert_int_equal(sspia_certificate_load_memory(pem, strlen(pem), NULL, 0, NULL, &context),
                     SEC_E_OK);
    free(pem);
    return context;
}

HCERTSTORE tls_trust(const struct tls_cert *authority)
{
    char *pem = tls_pem(authority, NULL, NULL, NULL);
    HCERTSTORE roots = NULL;

    assert_int_equal(sspia_roots_load_memory(pem, strlen(pem), 0, &roots), SEC_E_OK);
    free(pem);
    return roots;
}

HCERTSTORE tls_trust_with_list(const struct tls_cert *authority, const struct tls_cert *revoked)
{
    BIO *bio = BIO_new(BIO_s_mem());
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -3600);
    ASN1_TIME *next = X509_gmtime_adj(NULL, 86400);
    HCERTSTORE roots = NULL;
    size_t size;
    char *pem;

    X509_CRL_set_version(list, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(authority->x509));
    X509_CRL_set1_lastUpdate(list, now);
    X509_CRL_set1_nextUpdate(list, next);
    if (revoked != NULL) {
        X509_REVOKED *entry = X509_REVOKED_new();

        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->x509));
        X509_REVOKED_set_revocationDate(entry, now);
        X509_CRL_add0_revoked(list, entry);
    }
    assert_true(X509_CRL_sign(list, authority->key, EVP_sha256()) > 0);
    PEM_write_bio_X509(bio, authority->x509);
    PEM_write_bio_X509_CRL(bio, list);
    pem = take(bio, &size);
    assert_int_equal(sspia_roots_load_memory(pem, size, 0, &roots), SEC_E_OK);
    free(pem);
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    X509_CRL_free(list);
    return roots;
}
