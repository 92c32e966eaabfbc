/* SPDX-License-Identifier: MIT */
/* The key derivation functions of TLS, by OpenSSL. Each returns false if OpenSSL failed. */
#ifndef SCHANNEL_KDF_H
#define SCHANNEL_KDF_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

struct kdf_bytes {
    const uint8_t *bytes;
    size_t size;
};

/* HKDF-Extract (RFC 5869 2.2); secret has the size of the digest. */
bool kdf_extract(const EVP_MD *digest, struct kdf_bytes salt, struct kdf_bytes key,
                 uint8_t *secret);

/* HKDF-Expand-Label (RFC 8446 7.1) of a secret that has the size of the digest. The context is
 * empty or a hash. */
bool kdf_expand_label(const EVP_MD *digest, const uint8_t *secret, const char *label,
                      struct kdf_bytes context, uint8_t *output, size_t size);

/* PRF (RFC 5246 5); the seed has the label in front. */
bool kdf_prf(const EVP_MD *digest, struct kdf_bytes secret, struct kdf_bytes seed,
             uint8_t *output, size_t size);

#endif
