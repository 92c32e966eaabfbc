/* SPDX-License-Identifier: MIT */
/* OpenSSL on its own, with records, against a side that has none: what stands between them
 * seals and opens the records with the secrets that the side was given. */
#ifndef TLS_PEER_H
#define TLS_PEER_H

#include <openssl/ssl.h>

#include "tls_messages.h"

struct tls_peer {
    SSL_CTX *ctx;
    SSL *ssl;
    bool server;
    struct tls_bytes in;           /* records from ssl, not yet opened */
    uint64_t sent[3], received[3]; /* records of each level: 0 plain, 1 handshake, 2 data */
    int level;                     /* of what ssl writes next */
    /* Its key log. */
    uint8_t secrets[TLS_SECRETS][64];
    size_t sizes[TLS_SECRETS];
    const char *parameters; /* what it sends as extension 0x39; NULL: none */
    struct tls_bytes peers_parameters;
};

/* A peer with ALPN "hq"; a server has the certificate. suite: one of TLS 1.3. */
void tls_peer_init(struct tls_peer *peer, bool server, const char *suite);
/* Both until they are complete, or one fails: SEC_E_OK or the failure of the side. */
SECURITY_STATUS tls_peer_shake(struct tls_peer *peer, struct tls_messages_side *side);
/* The side has the secrets of the peer's key log, byte by byte. */
void tls_peer_agree(const struct tls_peer *peer, const struct tls_messages_side *side);
void tls_peer_end(struct tls_peer *peer);

#endif
