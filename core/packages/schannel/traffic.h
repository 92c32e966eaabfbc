/* SPDX-License-Identifier: MIT */
/* The secret that this side protects its records with after a handshake of TLS 1.3 (RFC 8446
 * 7.1), which OpenSSL has no function for. */
#ifndef SCHANNEL_TRAFFIC_H
#define SCHANNEL_TRAFFIC_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#define TRAFFIC_SECRET_MAX 48u /* SHA-384 */

struct traffic {
    /* The handshake messages up to the server's Finished. They are kept, because few
     * connections need their hash, and it takes longer than a copy. */
    uint8_t *messages;
    size_t size, room;
    bool complete;
    /* Of the session that may be resumed. */
    uint8_t psk[TRAFFIC_SECRET_MAX];
    size_t psk_size;

    uint8_t secret[TRAFFIC_SECRET_MAX]; /* CLIENT_ or SERVER_TRAFFIC_SECRET_N */
    size_t secret_size;                 /* 0: not known */
    uint32_t key_updates;               /* that the secret is behind by */
};

/* Whether OpenSSL's key log must tell the secret; else it is derived when it is needed. */
bool traffic_is_logged(void);

/* From SSL's callbacks: a handshake message, read or written; a line of the key log; a key
 * update that this side wrote. */
void traffic_note_message(struct traffic *traffic, const SSL *ssl, const uint8_t *message,
                          size_t size);
void traffic_note_log(struct traffic *traffic, const char *line, bool server);
void traffic_note_key_update(struct traffic *traffic);

/* The secret now in use, of the size of the digest; NULL if it cannot be had. The handshake has
 * come so far that this side has written its Finished. */
const uint8_t *traffic_secret(struct traffic *traffic, SSL *ssl, bool server,
                              const EVP_MD *digest);

void traffic_clear(struct traffic *traffic);

#endif
