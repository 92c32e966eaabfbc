/* SPDX-License-Identifier: MIT */
/*
 * ApplyControlToken sends any fatal alert, most often after the handshake, when a caller has
 * looked at the certificate itself. OpenSSL has no function for that, so the one record is
 * sealed here, with the keys of the connection: from the traffic secret (RFC 8446 7.3; see
 * traffic.c), or from the master secret (RFC 5246 6.3). Nothing of OpenSSL goes out afterwards
 * (`own`), nor counts here, so neither sequence numbers nor nonces can collide; one alert may
 * follow another.
 *
 * Which keys are in use, and how many records they have protected, follows from what OpenSSL
 * reports of its own records. Alerts are only made between two calls of OpenSSL, and a memory
 * BIO never makes it stop while it writes. So the keys of TLS 1.3's handshake never count: a
 * side has them only from its first protected message to its Finished, which are of one call.
 * (A client of OpenSSL 3.2 has them earlier where the system's configuration turns off the
 * compatibility with middleboxes. A server takes plain alerts until it got a protected record.)
 */
#include "seal.h"

#include <openssl/evp.h>
#include <string.h>

#include "aead.h"
#include "kdf.h"
#include "record.h"
#include "suite.h"

#define SALT_SIZE 4u

enum { MESSAGE_FINISHED = 20, MESSAGE_KEY_UPDATE = 24 };

void seal_note_record(struct seal *seal)
{
    if (!seal->own)
        seal->sequence++;
}

void seal_note_change_cipher_spec(struct seal *seal, bool tls13)
{
    if (seal->own)
        return;
    if (tls13) {
        seal->sequence--; /* RFC 8446 D.4: for middleboxes only, and never protected */
    } else {
        seal->sequence = 0;
        seal->encrypts = true;
    }
}

void seal_note_handshake(struct seal *seal, bool tls13, uint8_t type)
{
    if (!tls13 || seal->own)
        return;
    if (type == MESSAGE_FINISHED) {
        seal->encrypts = true;
        seal->sequence = 0;
    } else if (type == MESSAGE_KEY_UPDATE) {
        traffic_note_key_update(&seal->traffic);
        seal->sequence = 0;
    }
}

void seal_note_output(struct seal *seal, const uint8_t *bytes, size_t size)
{
    struct record record = record_parse(bytes, size);

    if (seal->own)
        return;
    while (record.kind == RECORD_WHOLE) {
        if (record.size >= RECORD_HEADER_SIZE + sizeof(seal->nonce) &&
            record.type != RECORD_CHANGE_CIPHER_SPEC)
            memcpy(seal->nonce, bytes + RECORD_HEADER_SIZE, sizeof(seal->nonce));
        bytes += record.size;
        size -= record.size;
        record = record_parse(bytes, size);
    }
}

static bool keys_of_tls13(struct seal *seal, SSL *ssl, bool server, const EVP_MD *digest,
                          size_t key_size, struct aead_keys *keys)
{
    const uint8_t *secret = traffic_secret(&seal->traffic, ssl, server, digest);

    return secret != NULL && aead_derive(digest, secret, key_size, keys);
}

/* key_block (RFC 5246 6.3): both keys, then both IVs; an AEAD has no MAC keys. */
static bool keys_of_tls12(SSL *ssl, bool server, const EVP_MD *digest, size_t key_size,
                          size_t iv_size, struct aead_keys *keys)
{
    uint8_t master[SSL_MAX_MASTER_KEY_LENGTH];
    uint8_t seed[13 + 2 * SSL3_RANDOM_SIZE] = "key expansion";
    uint8_t block[2 * (AEAD_KEY_MAX + AEAD_NONCE_SIZE)];
    const size_t master_size =
        SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof(master));
    const size_t mine = server ? 1 : 0;
    bool done;

    SSL_get_server_random(ssl, seed + 13, SSL3_RANDOM_SIZE);
    SSL_get_client_random(ssl, seed + 13 + SSL3_RANDOM_SIZE, SSL3_RANDOM_SIZE);
    done = kdf_prf(digest, (struct kdf_bytes){master, master_size},
                   (struct kdf_bytes){seed, sizeof(seed)}, block, 2 * (key_size + iv_size));
    memcpy(keys->key, block + mine * key_size, key_size);
    memcpy(keys->iv, block + 2 * key_size + mine * iv_size, iv_size);
    OPENSSL_cleanse(master, sizeof(master));
    OPENSSL_cleanse(block, sizeof(block));
    return done;
}

static void write_sequence(uint64_t sequence, uint8_t bytes[8])
{
    for (int i = 7; i >= 0; i--, sequence >>= 8)
        bytes[i] = (uint8_t)sequence;
}

/* OpenSSL counts its nonces up from a start of its own: ours are half the space away. */
static void next_nonce(struct seal *seal, uint8_t nonce[8])
{
    if (!seal->own)
        seal->nonce[0] ^= 0x80;
    memcpy(nonce, seal->nonce, sizeof(seal->nonce));
    for (size_t i = sizeof(seal->nonce); i-- > 0 && ++seal->nonce[i] == 0;)
        continue;
}

static bool protect(struct seal *seal, SSL *ssl, bool server, const uint8_t alert[2],
                    uint8_t *record, size_t *record_size)
{
    const SSL_CIPHER *current = SSL_get_current_cipher(ssl);
    const bool tls13 = SSL_version(ssl) == TLS1_3_VERSION;
    /* In the middle of a handshake the current cipher may not be there yet. */
    const SSL_CIPHER *cipher = current != NULL ? current : SSL_get_pending_cipher(ssl);
    const struct suite *suite =
        cipher != NULL ? suite_find(SSL_CIPHER_get_protocol_id(cipher)) : NULL;
    const EVP_CIPHER *aead =
        cipher != NULL ? EVP_get_cipherbynid(SSL_CIPHER_get_cipher_nid(cipher)) : NULL;
    const EVP_MD *digest = cipher != NULL ? SSL_CIPHER_get_handshake_digest(cipher) : NULL;
    const bool explicit_nonce = suite != NULL && !tls13 && suite->mode != MODE_POLY1305;
    const size_t plain_size = tls13 ? 3 : 2;
    const size_t body = (explicit_nonce ? sizeof(seal->nonce) : 0) + plain_size + AEAD_TAG_SIZE;
    const uint8_t plain[3] = {alert[0], alert[1], RECORD_ALERT};
    uint8_t sequence[8], aad[13], nonce[AEAD_NONCE_SIZE];
    uint8_t *at = record + RECORD_HEADER_SIZE;
    struct aead_keys keys = {{0}, {0}};
    bool done;

    if (suite == NULL || aead == NULL || digest == NULL)
        return false;
    done = tls13 ? keys_of_tls13(seal, ssl, server, digest, suite->key_bits / 8u, &keys)
                 : keys_of_tls12(ssl, server, digest, suite->key_bits / 8u,
                                 explicit_nonce ? SALT_SIZE : AEAD_NONCE_SIZE, &keys);
    write_sequence(seal->sequence, sequence);
    record[0] = tls13 ? RECORD_APPLICATION_DATA : RECORD_ALERT;
    record[1] = record[2] = 3; /* RFC 8446 5.1: 0x0303 in both versions */
    record[3] = 0;
    record[4] = (uint8_t)body;
    memcpy(nonce, keys.iv, AEAD_NONCE_SIZE);
    if (explicit_nonce) {
        next_nonce(seal, at);
        memcpy(nonce + SALT_SIZE, at, sizeof(seal->nonce));
        at += sizeof(seal->nonce);
    } else {
        aead_nonce(nonce, seal->sequence);
    }
    if (tls13) {
        memcpy(aad, record, RECORD_HEADER_SIZE);
    } else {
        memcpy(aad, sequence, sizeof(sequence));
        memcpy(aad + 8, record, 3);
        aad[11] = 0;
        aad[12] = (uint8_t)plain_size;
    }
    done = done && aead_seal(aead, suite->mode == MODE_CCM, keys.key, nonce, aad,
                             tls13 ? RECORD_HEADER_SIZE : 13u, plain, plain_size, at);
    OPENSSL_cleanse(&keys, sizeof(keys));
    *record_size = RECORD_HEADER_SIZE + body;
    return done;
}

bool seal_alert(struct seal *seal, SSL *ssl, bool server, uint8_t level, uint8_t description,
                BIO *out)
{
    const uint8_t alert[2] = {level, description};
    uint8_t record[64] = {RECORD_ALERT, 3, 3, 0, 2, level, description};
    size_t size = RECORD_HEADER_SIZE + sizeof(alert);

    if (seal->encrypts && !protect(seal, ssl, server, alert, record, &size))
        return false;
    seal->own = true;
    seal->sequence++;
    return BIO_write(out, record, (int)size) == (int)size;
}

void seal_clear(struct seal *seal)
{
    traffic_clear(&seal->traffic);
}
