/* SPDX-License-Identifier: MIT */
#include "wrapper.h"

#include <string.h>

#include "record.h"
#include "suite.h"

/* The suite of a handshake that has come as far as its ServerHello. */
static const SSL_CIPHER *cipher_of(const SSL *ssl)
{
    const SSL_CIPHER *current = SSL_get_current_cipher(ssl);

    return current != NULL ? current : SSL_get_pending_cipher(ssl);
}

static bool move_to(struct wrapper *wrapper, struct traffic *traffic, SSL *ssl, bool server,
                    enum level level)
{
    const SSL_CIPHER *cipher = cipher_of(ssl);
    const struct suite *suite =
        cipher != NULL ? suite_find(SSL_CIPHER_get_protocol_id(cipher)) : NULL;
    const EVP_MD *digest = cipher != NULL ? SSL_CIPHER_get_handshake_digest(cipher) : NULL;
    const enum traffic_kind kind =
        level == LEVEL_HANDSHAKE
            ? (server ? TRAFFIC_CLIENT_HANDSHAKE : TRAFFIC_SERVER_HANDSHAKE)
            : (server ? TRAFFIC_CLIENT : TRAFFIC_SERVER);
    const uint8_t *secret;

    if (suite == NULL || digest == NULL)
        return false;
    secret = traffic_find(traffic, ssl, digest, kind);
    if (secret == NULL || !aead_derive(digest, secret, suite->key_bits / 8u, &wrapper->keys))
        return false;
    wrapper->level = level;
    wrapper->sequence = 0;
    return true;
}

/* RFC 8446 5.2: the type stands behind the content, and both are sealed. */
static bool write_sealed(struct wrapper *wrapper, SSL *ssl, const uint8_t *content, size_t size,
                         BIO *in)
{
    const SSL_CIPHER *cipher = cipher_of(ssl);
    const struct suite *suite = suite_find(SSL_CIPHER_get_protocol_id(cipher));
    const EVP_CIPHER *aead = EVP_get_cipherbynid(SSL_CIPHER_get_cipher_nid(cipher));
    const size_t body = size + 1 + AEAD_TAG_SIZE;
    const size_t whole = RECORD_HEADER_SIZE + body;
    uint8_t nonce[AEAD_NONCE_SIZE];
    uint8_t *record = OPENSSL_malloc(whole);
    uint8_t *at;
    bool done;

    if (record == NULL)
        return false;
    record[0] = RECORD_APPLICATION_DATA;
    record[1] = record[2] = 3;
    record[3] = (uint8_t)(body >> 8);
    record[4] = (uint8_t)body;
    at = record + RECORD_HEADER_SIZE;
    memcpy(at, content, size);
    at[size] = RECORD_HANDSHAKE;
    memcpy(nonce, wrapper->keys.iv, sizeof(nonce));
    aead_nonce(nonce, wrapper->sequence++);
    done = aead_seal(aead, suite->mode == MODE_CCM, wrapper->keys.key, nonce, record,
                     RECORD_HEADER_SIZE, at, size + 1, at) &&
           BIO_write(in, record, (int)whole) == (int)whole;
    OPENSSL_clear_free(record, whole);
    return done;
}

static bool write_plain(const uint8_t *content, size_t size, BIO *in)
{
    const uint8_t header[RECORD_HEADER_SIZE] = {RECORD_HANDSHAKE, 3, 3, (uint8_t)(size >> 8),
                                                (uint8_t)size};

    return BIO_write(in, header, sizeof(header)) == (int)sizeof(header) &&
           BIO_write(in, content, (int)size) == (int)size;
}

bool wrapper_write(struct wrapper *wrapper, struct traffic *traffic, SSL *ssl, bool server,
                   enum level level, const uint8_t *message, size_t size, BIO *in)
{
    bool done = wrapper->level == level || move_to(wrapper, traffic, ssl, server, level);

    while (done && size > 0) {
        const size_t part = size < RECORD_PLAIN_MAX ? size : RECORD_PLAIN_MAX;

        done = level == LEVEL_INITIAL ? write_plain(message, part, in)
                                      : write_sealed(wrapper, ssl, message, part, in);
        message += part;
        size -= part;
    }
    return done;
}

void wrapper_clear(struct wrapper *wrapper)
{
    OPENSSL_cleanse(wrapper, sizeof(*wrapper));
}
