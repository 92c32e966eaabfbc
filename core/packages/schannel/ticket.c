/* SPDX-License-Identifier: MIT */
/*
 * RFC 5077 4: AES-256-CBC and HMAC-SHA-256, as OpenSSL does with keys of its own, which it has
 * for a whole SSL_CTX. Ours are a credential's, and an SSL_CTX may be of several.
 *
 * The lock is for the keys: a caller may replace them while handshakes run.
 */
#include "ticket.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "kdf.h"
#include "status.h"

#define MATERIAL_MIN 32u

void ticket_init(struct ticket_keys *keys)
{
    pthread_mutex_init(&keys->lock, NULL);
    keys->count = 0;
}

void ticket_destroy(struct ticket_keys *keys)
{
    pthread_mutex_destroy(&keys->lock);
    OPENSSL_cleanse(keys->keys, sizeof(keys->keys));
}

static bool derive(const SecPkgCred_SessionTicketKey *source, struct ticket_key *key)
{
    const struct kdf_bytes none = {NULL, 0};
    const struct kdf_bytes material = {source->KeyingMaterial, source->KeyingMaterialSize};
    const EVP_MD *digest = EVP_sha256();
    static const uint8_t zeros[32];
    uint8_t secret[EVP_MAX_MD_SIZE];
    bool done =
        kdf_extract(digest, (struct kdf_bytes){zeros, sizeof(zeros)}, material, secret) &&
        kdf_expand_label(digest, secret, "ticket mac", none, key->hmac, sizeof(key->hmac)) &&
        kdf_expand_label(digest, secret, "ticket key", none, key->aes, sizeof(key->aes));

    memcpy(key->name, source->KeyId, sizeof(key->name));
    OPENSSL_cleanse(secret, sizeof(secret));
    return done;
}

static SECURITY_STATUS bad(sspia_report *report, const char *why)
{
    report_line(report, "%s", why);
    return SEC_E_INVALID_PARAMETER;
}

SECURITY_STATUS ticket_set(struct ticket_keys *keys, const void *buffer, size_t size,
                           sspia_report *report)
{
    const SecPkgCred_SessionTicketKeys *given = buffer;
    struct ticket_key fresh[TICKET_KEYS_MAX];
    SECURITY_STATUS status = SEC_E_OK;

    if (size < sizeof(*given))
        return bad(report, "the buffer is shorter than SecPkgCred_SessionTicketKeys");
    if (given->cSessionTicketKeys == 0 || given->cSessionTicketKeys > TICKET_KEYS_MAX ||
        given->pSessionTicketKeys == NULL)
        return bad(report, "there must be 1 to 16 session ticket keys");
    for (uint32_t i = 0; i < given->cSessionTicketKeys && status == SEC_E_OK; i++) {
        const SecPkgCred_SessionTicketKey *key = &given->pSessionTicketKeys[i];

        if (key->TicketInfoVersion != SESSION_TICKET_INFO_VERSION)
            status = bad(report, "TicketInfoVersion must be SESSION_TICKET_INFO_VERSION");
        else if (key->KeyingMaterialSize < MATERIAL_MIN ||
                 key->KeyingMaterialSize > sizeof(key->KeyingMaterial))
            status = bad(report, "a session ticket key has 32 to 64 bytes of keying material");
        else if (!derive(key, &fresh[i]))
            status = report_openssl(report, "deriving a session ticket key");
    }
    if (status == SEC_E_OK) {
        pthread_mutex_lock(&keys->lock);
        memcpy(keys->keys, fresh, given->cSessionTicketKeys * sizeof(fresh[0]));
        keys->count = given->cSessionTicketKeys;
        pthread_mutex_unlock(&keys->lock);
    }
    OPENSSL_cleanse(fresh, sizeof(fresh));
    return status;
}

bool ticket_make(struct ticket_key *key)
{
    return RAND_bytes(key->name, sizeof(key->name)) == 1 &&
           RAND_priv_bytes(key->hmac, sizeof(key->hmac)) == 1 &&
           RAND_priv_bytes(key->aes, sizeof(key->aes)) == 1;
}

int ticket_find(struct ticket_keys *keys, const struct ticket_key *own, const uint8_t *name,
                struct ticket_key *key)
{
    int place = -1;

    pthread_mutex_lock(&keys->lock);
    for (uint32_t i = 0; i < (keys->count > 0 ? keys->count : 1) && place < 0; i++) {
        const struct ticket_key *candidate = keys->count > 0 ? &keys->keys[i] : own;

        if (name != NULL && memcmp(candidate->name, name, sizeof(candidate->name)) != 0)
            continue;
        *key = *candidate;
        place = (int)i;
    }
    pthread_mutex_unlock(&keys->lock);
    return place;
}

bool ticket_use(const struct ticket_key *key, uint8_t *iv, EVP_CIPHER_CTX *cipher,
                EVP_MAC_CTX *mac, bool sealing)
{
    const EVP_CIPHER *aes = EVP_aes_256_cbc();
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key->hmac,
                                          sizeof(key->hmac)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };

    return (!sealing || RAND_bytes(iv, EVP_CIPHER_get_iv_length(aes)) == 1) &&
           EVP_CipherInit_ex(cipher, aes, NULL, key->aes, iv, sealing ? 1 : 0) == 1 &&
           EVP_MAC_CTX_set_params(mac, parameters) == 1;
}
