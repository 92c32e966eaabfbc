/* SPDX-License-Identifier: MIT */
/* The secrets of a handshake of TLS 1.3 (RFC 8446 7.1), which OpenSSL has no function for. */
#ifndef SCHANNEL_TRAFFIC_H
#define SCHANNEL_TRAFFIC_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#define TRAFFIC_SECRET_MAX 48u /* SHA-384 */

enum traffic_kind {
    TRAFFIC_CLIENT_HANDSHAKE,
    TRAFFIC_SERVER_HANDSHAKE,
    TRAFFIC_CLIENT, /* of what follows the handshake */
    TRAFFIC_SERVER
};
#define TRAFFIC_KINDS 4u

struct traffic_value {
    uint8_t bytes[TRAFFIC_SECRET_MAX];
    size_t size; /* 0: not known */
};

struct traffic {
    /* The handshake messages up to the server's Finished. They are kept, because few
     * connections need their hash, and it takes longer than a copy. */
    uint8_t *messages;
    size_t size, room;
    size_t hello; /* of that, up to the ServerHello; 0: it has not come */
    bool complete;
    /* Of the session that may be resumed. */
    struct traffic_value psk;

    struct traffic_value stage;                  /* the handshake secret, when derived */
    struct traffic_value secrets[TRAFFIC_KINDS]; /* the last two: of the latest key update */
    uint32_t key_updates;                        /* that the writing secret is behind by */
};

/* Whether OpenSSL's key log must tell the secrets; else they are derived when needed. */
bool traffic_is_logged(void);

/* A ServerHello, and none that asks for another ClientHello. */
bool traffic_is_hello(const uint8_t *message, size_t size);

/* From SSL's callbacks: a handshake message, read or written; a line of the key log; a key
 * update that this side wrote. */
void traffic_note_message(struct traffic *traffic, const SSL *ssl, const uint8_t *message,
                          size_t size);
void traffic_note_log(struct traffic *traffic, const char *line);
void traffic_note_key_update(struct traffic *traffic);

/* A secret of the size of the digest; NULL if it cannot be had, or not yet. */
const uint8_t *traffic_find(struct traffic *traffic, SSL *ssl, const EVP_MD *digest,
                            enum traffic_kind kind);

/* The one that this side now protects its records with. It has written its Finished. */
const uint8_t *traffic_secret(struct traffic *traffic, SSL *ssl, bool server,
                              const EVP_MD *digest);

/* All of them were found: what they are derived from is not needed any more. */
void traffic_settle(struct traffic *traffic);
void traffic_clear(struct traffic *traffic);

#endif
