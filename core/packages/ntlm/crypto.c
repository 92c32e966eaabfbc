/* SPDX-License-Identifier: MIT */
/*
 * MD5 and HMAC-MD5 through OpenSSL's EVP interface, so that the system's policy decides whether
 * they may be used. HMAC is put together here: EVP_MAC looks its digest up again for each key.
 *
 * A digest's working memory is kept for the next one, in a few slots that are emptied and
 * filled by atomic exchanges. It is started anew before it is put back, which overwrites what
 * it held: the result of a digest is a key as often as not.
 */
#include "crypto.h"
#include "status.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <string.h>

#define KEPT_MAX   8
#define HMAC_BLOCK 64u

static _Atomic(EVP_MD *) md5;
static _Atomic(EVP_MD_CTX *) kept[KEPT_MAX];

SECURITY_STATUS ntlm_crypto_ready(sspia_report *report)
{
    EVP_MD *none = NULL;
    EVP_MD *fetched;

    /* acquire: pairs with the exchange below, for what the pointer leads to. */
    if (atomic_load_explicit(&md5, memory_order_acquire) != NULL)
        return SEC_E_OK;
    ERR_set_mark(); /* the queue of errors is the host program's */
    fetched = EVP_MD_fetch(NULL, "MD5", NULL);
    ERR_pop_to_mark();
    if (fetched == NULL)
        return ntlm_report(
            report, SEC_E_CRYPTO_SYSTEM_INVALID, "MD5",
            "OpenSSL does not offer it in this process (FIPS), and NTLM cannot do "
            "without; use Kerberos");
    if (!atomic_compare_exchange_strong_explicit(&md5, &none, fetched, memory_order_acq_rel,
                                                 memory_order_acquire))
        EVP_MD_free(fetched);
    return SEC_E_OK;
}

void ntlm_digest_start(ntlm_digest *digest)
{
    digest->md = NULL;
    for (int i = 0; i < KEPT_MAX && digest->md == NULL; i++) {
        /* acq_rel: pairs with the exchange of whoever put it there. */
        if (atomic_load_explicit(&kept[i], memory_order_relaxed) != NULL)
            digest->md = atomic_exchange_explicit(&kept[i], NULL, memory_order_acq_rel);
    }
    if (digest->md == NULL) {
        digest->md = EVP_MD_CTX_new();
        digest->failed =
            digest->md == NULL ||
            EVP_DigestInit_ex(digest->md, atomic_load_explicit(&md5, memory_order_acquire),
                              NULL) != 1;
        return;
    }
    digest->failed = false; /* it was started when it was put back */
}

void ntlm_digest_add(ntlm_digest *digest, const void *data, size_t size)
{
    if (size > 0 && !digest->failed)
        digest->failed = EVP_DigestUpdate(digest->md, data, size) != 1;
}

static bool restart(ntlm_digest *digest)
{
    return EVP_DigestInit_ex(digest->md, atomic_load_explicit(&md5, memory_order_acquire),
                             NULL) == 1;
}

static void put_back(ntlm_digest *digest)
{
    if (digest->md != NULL && restart(digest)) {
        for (int i = 0; i < KEPT_MAX && digest->md != NULL; i++) {
            if (atomic_load_explicit(&kept[i], memory_order_relaxed) == NULL)
                digest->md =
                    atomic_exchange_explicit(&kept[i], digest->md, memory_order_acq_rel);
        }
    }
    EVP_MD_CTX_free(digest->md);
    digest->md = NULL;
}

bool ntlm_digest_end(ntlm_digest *digest, unsigned char result[NTLM_DIGEST_SIZE])
{
    bool done = !digest->failed && EVP_DigestFinal_ex(digest->md, result, NULL) == 1;

    put_back(digest);
    return done;
}

void ntlm_hmac_start(ntlm_hmac *hmac, const unsigned char key[NTLM_KEY_SIZE])
{
    unsigned char inner[HMAC_BLOCK];

    memset(inner, 0x36, sizeof inner);
    memset(hmac->outer, 0x5c, sizeof hmac->outer);
    for (unsigned i = 0; i < NTLM_KEY_SIZE; i++) {
        inner[i] ^= key[i];
        hmac->outer[i] ^= key[i];
    }
    ntlm_digest_start(&hmac->digest);
    ntlm_digest_add(&hmac->digest, inner, sizeof inner);
    OPENSSL_cleanse(inner, sizeof inner);
}

void ntlm_hmac_add(ntlm_hmac *hmac, const void *data, size_t size)
{
    ntlm_digest_add(&hmac->digest, data, size);
}

bool ntlm_hmac_end(ntlm_hmac *hmac, unsigned char result[NTLM_DIGEST_SIZE])
{
    unsigned char inner[NTLM_DIGEST_SIZE];
    ntlm_digest *digest = &hmac->digest;
    bool done;

    if (!digest->failed)
        digest->failed = EVP_DigestFinal_ex(digest->md, inner, NULL) != 1 || !restart(digest);
    ntlm_digest_add(digest, hmac->outer, sizeof hmac->outer);
    ntlm_digest_add(digest, inner, sizeof inner);
    done = ntlm_digest_end(digest, result);
    OPENSSL_cleanse(hmac->outer, sizeof hmac->outer);
    OPENSSL_cleanse(inner, sizeof inner);
    return done;
}

bool ntlm_crypto_random(void *bytes, size_t size)
{
    bool done;

    ERR_set_mark();
    done = RAND_bytes(bytes, (int)size) == 1;
    ERR_pop_to_mark();
    return done;
}

bool ntlm_crypto_equal(const void *one, const void *other, size_t size)
{
    return CRYPTO_memcmp(one, other, size) == 0;
}

void ntlm_crypto_wipe(void *secret, size_t size)
{
    OPENSSL_cleanse(secret, size);
}
