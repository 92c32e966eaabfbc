/* SPDX-License-Identifier: MIT */
/* A side of a connection by TLS messages without records, as QUIC stacks use it. */
#ifndef TLS_MESSAGES_H
#define TLS_MESSAGES_H

#include "tls_pair.h"

enum tls_secret_kind { TLS_CLIENT_HANDSHAKE, TLS_SERVER_HANDSHAKE, TLS_CLIENT, TLS_SERVER };
#define TLS_SECRETS 4

struct tls_messages_side {
    struct tls_side tls;
    uint16_t type;          /* of the extension */
    const char *parameters; /* its content; NULL: none is sent */
    bool subscribes;

    SEC_TRAFFIC_SECRETS *secrets[TLS_SECRETS]; /* as they were given last */
    int given[TLS_SECRETS];                    /* how often */
    struct tls_bytes extension;                /* of the peer, as on the wire */
    size_t start, end; /* the handshake level's part of the last token that had one */
};

/* A client of localhost and a server, with credentials, ALPN and transport parameters. */
void tls_messages_sides(struct tls_messages_side *client, struct tls_messages_side *server);

/* One leg with these bytes; notes what comes besides the token. */
SECURITY_STATUS tls_messages_leg(struct tls_messages_side *side, const void *token,
                                 size_t size);
/* One with all of in, which answers the questions of the leg. */
SECURITY_STATUS tls_messages_advance(struct tls_messages_side *side);
/* By turns, until both are complete or one fails. */
SECURITY_STATUS tls_messages_shake(struct tls_messages_side *client,
                                   struct tls_messages_side *server);

/* Both know all secrets, and the same ones. */
void tls_messages_agree(const struct tls_messages_side *client,
                        const struct tls_messages_side *server);

/* Deletes the context and what was noted; and the credential. */
void tls_messages_reset(struct tls_messages_side *side);
void tls_messages_release(struct tls_messages_side *client, struct tls_messages_side *server);

#endif
