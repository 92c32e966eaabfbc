/* SPDX-License-Identifier: MIT */
/* Authenticated encryption of records (RFC 8446 5.2), by OpenSSL. */
#ifndef SCHANNEL_AEAD_H
#define SCHANNEL_AEAD_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AEAD_KEY_MAX    32u
#define AEAD_NONCE_SIZE 12u
#define AEAD_TAG_SIZE   16u

struct aead_keys {
    uint8_t key[AEAD_KEY_MAX];
    uint8_t iv[AEAD_NONCE_SIZE];
};

/* Of a traffic secret (RFC 8446 7.3). False: OpenSSL failed. */
bool aead_derive(const EVP_MD *digest, const uint8_t *secret, size_t key_size,
                 struct aead_keys *keys);

/* Makes a nonce of an IV: the sequence number is XORed into its end (RFC 8446 5.3). */
void aead_nonce(uint8_t nonce[AEAD_NONCE_SIZE], uint64_t sequence);

/* sealed has room for size + AEAD_TAG_SIZE bytes. */
bool aead_seal(const EVP_CIPHER *cipher, bool ccm, const uint8_t *key,
               const uint8_t nonce[AEAD_NONCE_SIZE], const uint8_t *aad, size_t aad_size,
               const uint8_t *plain, size_t size, uint8_t *sealed);

#endif
