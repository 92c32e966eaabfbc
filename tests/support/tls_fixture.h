/* SPDX-License-Identifier: MIT */
/* The certificates that most tests of Schannel need, and a client and a server with them. */
#ifndef TLS_FIXTURE_H
#define TLS_FIXTURE_H

#include "tls_pair.h"

struct tls_fixture {
    struct tls_cert authority, server, client;
    PCCERT_CONTEXT server_context, client_context;
    HCERTSTORE roots;
};
extern struct tls_fixture tls;

/* cmocka group setup and teardown; the teardown finds blocks that were not freed. */
int tls_fixture_setup(void **state);
int tls_fixture_teardown(void **state);

/* A client of localhost that trusts the authority and a server, both with credentials.
 * without: protocols that the client must not use. */
void tls_sides(struct tls_side *client, struct tls_side *server, uint32_t without);
/* The same, after the handshake. */
void tls_connected(struct tls_side *client, struct tls_side *server, uint32_t without);
void tls_release_both(struct tls_side *client, struct tls_side *server);

/* Both ways, one record each. */
void tls_exchange(struct tls_side *client, struct tls_side *server);

#define TLS12 SP_PROT_TLS1_3 /* without which there is TLS 1.2 */
#define TLS13 SP_PROT_TLS1_2

#endif
