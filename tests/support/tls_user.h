/* SPDX-License-Identifier: MIT */
/* A TLS client and server by the public API, in one process, with tokens handed over. */
#ifndef TLS_USER_H
#define TLS_USER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <schannel.h>
#include <sspi.h>
#include <sspi_queue.h>

struct tls_user {
    bool server;
    CredHandle credential;
    CtxtHandle context;
    bool has_context;
    const char *target;
    uint32_t flags;
    uint32_t room;  /* for a token in the caller's memory; 0: ALLOCATE_MEMORY */
    bool no_memory; /* pvBuffer is NULL whatever the room, and the flag is not there */
    unsigned char in[65536], out[65536];
    uint32_t in_size, out_size; /* from and to the peer */
    unsigned char alert[2];
    uint32_t alert_size;
    uint32_t missing;
};

/* Made once: an authority's roots and a certificate for localhost. */
void tls_user_setup(void);
void tls_user_teardown(void);

/* without: SP_PROT_* that are not to be used. */
void tls_user_init(struct tls_user *user, bool server, uint32_t without);
/* One leg with what came in; async NULL: synchronously. */
SECURITY_STATUS tls_user_leg(struct tls_user *user, SspiAsyncContext *async);
void tls_user_move(struct tls_user *from, struct tls_user *to);
/* Legs until both are complete. */
void tls_user_shake(struct tls_user *client, struct tls_user *server);
/* Deletes the context if there is one, and frees the credential. */
void tls_user_end(struct tls_user *user);

#define assert_user(actual, expected)                                                          \
    tls_user_assert((actual), (expected), #actual, __FILE__, __LINE__)
void tls_user_assert(SECURITY_STATUS actual, SECURITY_STATUS expected, const char *text,
                     const char *file, int line);

#endif
