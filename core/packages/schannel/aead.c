/* SPDX-License-Identifier: MIT */
#include "aead.h"

#include "kdf.h"

bool aead_derive(const EVP_MD *digest, const uint8_t *secret, size_t key_size,
                 struct aead_keys *keys)
{
    const struct kdf_bytes none = {NULL, 0};

    return kdf_expand_label(digest, secret, "key", none, keys->key, key_size) &&
           kdf_expand_label(digest, secret, "iv", none, keys->iv, AEAD_NONCE_SIZE);
}

void aead_nonce(uint8_t nonce[AEAD_NONCE_SIZE], uint64_t sequence)
{
    for (size_t i = AEAD_NONCE_SIZE; sequence != 0; sequence >>= 8)
        nonce[--i] ^= (uint8_t)sequence;
}

bool aead_seal(const EVP_CIPHER *cipher, bool ccm, const uint8_t *key,
               const uint8_t nonce[AEAD_NONCE_SIZE], const uint8_t *aad, size_t aad_size,
               const uint8_t *plain, size_t size, uint8_t *sealed)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length;
    bool done =
        context != NULL && EVP_EncryptInit_ex(context, cipher, NULL, NULL, NULL) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, AEAD_NONCE_SIZE, NULL) == 1;

    /* CCM wants to know the sizes of tag and text beforehand. */
    if (done && ccm)
        done = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_SIZE, NULL) == 1;
    done = done && EVP_EncryptInit_ex(context, NULL, NULL, key, nonce) == 1;
    if (done && ccm)
        done = EVP_EncryptUpdate(context, NULL, &length, NULL, (int)size) == 1;
    done =
        done && EVP_EncryptUpdate(context, NULL, &length, aad, (int)aad_size) == 1 &&
        EVP_EncryptUpdate(context, sealed, &length, plain, (int)size) == 1 &&
        EVP_EncryptFinal_ex(context, sealed + length, &length) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_SIZE, sealed + size) == 1;
    EVP_CIPHER_CTX_free(context);
    return done;
}
