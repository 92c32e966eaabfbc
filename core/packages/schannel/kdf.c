/* SPDX-License-Identifier: MIT */
#include "kdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

static OSSL_PARAM octets(const char *name, struct kdf_bytes value)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)value.bytes, value.size);
}

static OSSL_PARAM digest_name(const EVP_MD *digest)
{
    return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                            (char *)EVP_MD_get0_name(digest), 0);
}

static bool derive(const char *name, OSSL_PARAM *parameters, uint8_t *output, size_t size)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    bool done = context != NULL && EVP_KDF_derive(context, output, size, parameters) == 1;

    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done;
}

bool kdf_extract(const EVP_MD *digest, struct kdf_bytes salt, struct kdf_bytes key,
                 uint8_t *secret)
{
    int mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        digest_name(digest),
        octets(OSSL_KDF_PARAM_SALT, salt),
        octets(OSSL_KDF_PARAM_KEY, key),
        OSSL_PARAM_construct_end(),
    };

    return derive("HKDF", parameters, secret, (size_t)EVP_MD_get_size(digest));
}

bool kdf_expand_label(const EVP_MD *digest, const uint8_t *secret, const char *label,
                      struct kdf_bytes context, uint8_t *output, size_t size)
{
    uint8_t info[4 + 6 + 16 + EVP_MAX_MD_SIZE] = {0};
    const size_t length = strlen(label);
    const struct kdf_bytes key = {secret, (size_t)EVP_MD_get_size(digest)};
    const struct kdf_bytes whole = {info, 4 + 6 + length + context.size};
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        digest_name(digest),
        octets(OSSL_KDF_PARAM_KEY, key),
        octets(OSSL_KDF_PARAM_INFO, whole),
        OSSL_PARAM_construct_end(),
    };

    if (whole.size > sizeof(info))
        return false;
    info[1] = (uint8_t)size;
    info[2] = (uint8_t)(6 + length);
    memcpy(info + 3, "tls13 ", 6);
    memcpy(info + 9, label, length);
    info[9 + length] = (uint8_t)context.size;
    if (context.size > 0)
        memcpy(info + 10 + length, context.bytes, context.size);
    return derive("HKDF", parameters, output, size);
}

bool kdf_prf(const EVP_MD *digest, struct kdf_bytes secret, struct kdf_bytes seed,
             uint8_t *output, size_t size)
{
    OSSL_PARAM parameters[] = {
        digest_name(digest),
        octets(OSSL_KDF_PARAM_SECRET, secret),
        octets(OSSL_KDF_PARAM_SEED, seed),
        OSSL_PARAM_construct_end(),
    };

    return derive("TLS1-PRF", parameters, output, size);
}
