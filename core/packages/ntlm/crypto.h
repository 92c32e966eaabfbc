/* SPDX-License-Identifier: MIT */
#ifndef NTLM_CRYPTO_H
#define NTLM_CRYPTO_H

#include "sspi_package.h"

#include <openssl/evp.h>
#include <stdbool.h>

#define NTLM_KEY_SIZE    16u
#define NTLM_DIGEST_SIZE 16u

/* Whether OpenSSL lets MD5 be used: not where only FIPS algorithms may be. Everything below
 * needs a first SEC_E_OK of it. */
SECURITY_STATUS ntlm_crypto_ready(sspia_report *report);

/* MD5, and HMAC-MD5 (RFC 2104) of a 16-byte key: start, add as often as needed, end. An error
 * in between (memory) makes end return false; end must always be called. */
typedef struct ntlm_digest {
    EVP_MD_CTX *md;
    bool failed;
} ntlm_digest;

void ntlm_digest_start(ntlm_digest *digest);
void ntlm_digest_add(ntlm_digest *digest, const void *data, size_t size);
bool ntlm_digest_end(ntlm_digest *digest, unsigned char result[NTLM_DIGEST_SIZE]);

typedef struct ntlm_hmac {
    ntlm_digest digest;
    unsigned char outer[64];
} ntlm_hmac;

void ntlm_hmac_start(ntlm_hmac *hmac, const unsigned char key[NTLM_KEY_SIZE]);
void ntlm_hmac_add(ntlm_hmac *hmac, const void *data, size_t size);
bool ntlm_hmac_end(ntlm_hmac *hmac, unsigned char result[NTLM_DIGEST_SIZE]);

/* Random bytes; false if the system has none to give. */
bool ntlm_crypto_random(void *bytes, size_t size);

/* Compares in a time that depends on size alone. */
bool ntlm_crypto_equal(const void *one, const void *other, size_t size);
void ntlm_crypto_wipe(void *secret, size_t size);

#endif
