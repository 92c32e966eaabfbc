/* SPDX-License-Identifier: MIT */
/*
 * Windows before 10 (1709) exports with RC2-40, which OpenSSL 3 has in its legacy provider
 * alone. Loading that where the host program would get it too would change what its own calls
 * find, so such a pack is opened in a library context of ours, which lives only for that; what
 * comes out is read once more in the host's. A host that is bound to FIPS stays bound.
 */
#include "pkcs12.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include "status.h"

static SECURITY_STATUS fail(sspia_report *report, SECURITY_STATUS status, const char *why)
{
    report_line(report, "%s", why);
    return status;
}

static bool lacks_algorithm(void)
{
    const unsigned long error = ERR_peek_error();
    const int reason = ERR_GET_REASON(error);

    return ERR_GET_LIB(error) == ERR_LIB_EVP &&
           (reason == ERR_R_UNSUPPORTED || reason == EVP_R_UNSUPPORTED_ALGORITHM);
}

/* Of RFC 7292, in the algorithms of a library context (NULL: the default). *lacks: it failed
 * for want of one. */
static SECURITY_STATUS parse_in(OSSL_LIB_CTX *library, const struct source *source,
                                struct identity *identity, bool *lacks, sspia_report *report)
{
    const unsigned char *at = source->content;
    PKCS12 *pack = PKCS12_init_ex(NID_pkcs7_data, library, NULL);
    STACK_OF(X509) *others = NULL;
    const char *password = source->password;
    SECURITY_STATUS status = SEC_E_OK;

    *lacks = false;
    if (pack == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (source->content_size > LONG_MAX ||
        d2i_PKCS12(&pack, &at, (long)source->content_size) == NULL) {
        PKCS12_free(pack);
        return fail(report, SEC_E_UNKNOWN_CREDENTIALS,
                    "it has no certificate in PEM or PKCS#12");
    }
    /* "No password" has two encodings (RFC 7292 B.1): none and empty. */
    if (password == NULL || password[0] == '\0')
        password = PKCS12_verify_mac(pack, NULL, 0) == 1 ? NULL : "";
    ERR_clear_error();
    if (PKCS12_mac_present(pack) && PKCS12_verify_mac(pack, password, -1) != 1) {
        *lacks = lacks_algorithm();
        status = *lacks ? report_openssl(report, "the PKCS#12 cannot be verified")
                        : fail(report, SEC_E_LOGON_DENIED,
                               source->password == NULL
                                   ? "the PKCS#12 is encrypted, and no password was given"
                                   : "the password of the PKCS#12 is wrong");
    } else if (PKCS12_parse(pack, password, &identity->key, &identity->leaf, &others) != 1) {
        *lacks = lacks_algorithm();
        report_openssl(report, "the PKCS#12 cannot be read");
        status = SEC_E_UNKNOWN_CREDENTIALS;
    } else if (identity->leaf == NULL || identity->key == NULL) {
        status = fail(report, SEC_E_NO_CREDENTIALS,
                      "the PKCS#12 has no certificate with its private key");
    }
    while (status == SEC_E_OK && sk_X509_num(others) > 0) {
        X509 *certificate = sk_X509_shift(others);

        if (sk_X509_push(identity->chain, certificate) == 0) {
            X509_free(certificate);
            status = SEC_E_INSUFFICIENT_MEMORY;
        }
    }
    sk_X509_pop_free(others, X509_free);
    PKCS12_free(pack);
    return status;
}

static X509 *reread_certificate(X509 *certificate)
{
    unsigned char *bytes = NULL;
    const int size = i2d_X509(certificate, &bytes);
    const unsigned char *at = bytes;
    X509 *copy = size > 0 ? d2i_X509(NULL, &at, size) : NULL;

    OPENSSL_free(bytes);
    return copy;
}

static EVP_PKEY *reread_key(EVP_PKEY *key)
{
    unsigned char *bytes = NULL;
    const int size = i2d_PrivateKey(key, &bytes);
    const unsigned char *at = bytes;
    EVP_PKEY *copy = size > 0 ? d2i_AutoPrivateKey(NULL, &at, size) : NULL;

    if (size > 0)
        OPENSSL_clear_free(bytes, (size_t)size);
    return copy;
}

/* Into the default library context. */
static SECURITY_STATUS reread(const struct identity *foreign, struct identity *identity,
                              sspia_report *report)
{
    identity->leaf = reread_certificate(foreign->leaf);
    identity->key = reread_key(foreign->key);
    for (int i = 0; i < sk_X509_num(foreign->chain); i++) {
        X509 *certificate = reread_certificate(sk_X509_value(foreign->chain, i));

        if (certificate == NULL || sk_X509_push(identity->chain, certificate) == 0) {
            X509_free(certificate);
            return SEC_E_INSUFFICIENT_MEMORY;
        }
    }
    if (identity->leaf == NULL || identity->key == NULL) {
        report_openssl(report, "what the PKCS#12 holds cannot be used here");
        return SEC_E_UNKNOWN_CREDENTIALS;
    }
    return SEC_E_OK;
}

static SECURITY_STATUS parse_old(const struct source *source, struct identity *identity,
                                 sspia_report *report)
{
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *modern = library != NULL ? OSSL_PROVIDER_load(library, "default") : NULL;
    OSSL_PROVIDER *legacy = modern != NULL ? OSSL_PROVIDER_load(library, "legacy") : NULL;
    struct identity foreign = {.chain = sk_X509_new_null()};
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    bool lacks;

    if (modern == NULL || foreign.chain == NULL)
        goto done;
    if (legacy == NULL) {
        status = fail(report, SEC_E_UNKNOWN_CREDENTIALS,
                      "the PKCS#12 is encrypted as older Windows did it (RC2): install "
                      "OpenSSL's legacy provider, or export it anew with AES");
        goto done;
    }
    status = parse_in(library, source, &foreign, &lacks, report);
    if (status == SEC_E_OK)
        status = reread(&foreign, identity, report);
done:
    identity_free(&foreign);
    if (legacy != NULL)
        OSSL_PROVIDER_unload(legacy);
    if (modern != NULL)
        OSSL_PROVIDER_unload(modern);
    OSSL_LIB_CTX_free(library);
    return status;
}

SECURITY_STATUS pkcs12_parse(const struct source *source, struct identity *identity,
                             sspia_report *report)
{
    bool lacks;
    SECURITY_STATUS status = parse_in(NULL, source, identity, &lacks, report);

    if (lacks && EVP_default_properties_is_fips_enabled(NULL) != 1)
        status = parse_old(source, identity, report);
    return status;
}
