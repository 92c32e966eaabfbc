/* SPDX-License-Identifier: MIT */
/* The Schannel module without the engine around it: a host that counts its blocks, and the
 * two sides of a connection. */
#ifndef TLS_PAIR_H
#define TLS_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sspi_package.h"
#include "tls_maker.h"

/* Loads the module, once. */
const sspia_package *tls_package(void);
/* Blocks of host->allocate that are alive. */
int tls_blocks(void);
void tls_free(const void *block);

struct tls_bytes {
    uint8_t *data;
    size_t size, room;
};
void tls_append(struct tls_bytes *bytes, const void *data, size_t size);
/* Removes the first bytes. */
void tls_consume(struct tls_bytes *bytes, size_t size);
void tls_clear(struct tls_bytes *bytes);

struct tls_side {
    bool server;
    void *credential;
    void *context;
    const char *target;
    uint64_t flags;
    const char *protocols; /* "h2,http/1.1" */
    const SecBuffer *more; /* further buffers of a leg, at most 4 */
    uint32_t more_count;

    struct tls_bytes out; /* to the peer */
    struct tls_bytes in;  /* from the peer, not yet consumed */
    SECURITY_STATUS status;
    sspia_step_result result; /* its token has been moved to out */
    sspia_report report;
};

/* Replaces the side's credential. The settings may be NULL. Sets and returns status. */
SECURITY_STATUS tls_acquire(struct tls_side *side, SCH_CREDENTIALS *settings);
/* The usual ones: a certificate (or NULL), roots (or NULL), SCH_* flags. */
SECURITY_STATUS tls_acquire_with(struct tls_side *side, PCCERT_CONTEXT certificate,
                                 HCERTSTORE roots, uint32_t flags);
/* The same with what must not be used. */
SECURITY_STATUS tls_acquire_without(struct tls_side *side, PCCERT_CONTEXT certificate,
                                    HCERTSTORE roots, uint32_t flags, uint32_t protocols);

/* One leg with these bytes as token; sets and returns status. */
SECURITY_STATUS tls_leg(struct tls_side *side, const void *token, size_t size);
/* One leg with all of side->in; consumes what the package did. */
SECURITY_STATUS tls_advance(struct tls_side *side);
/* Moves what one has for the other. */
void tls_move(struct tls_side *from, struct tls_side *to);
/* Legs by turns until both are done, or one fails. Returns SEC_E_OK or the failure. */
SECURITY_STATUS tls_shake(struct tls_side *client, struct tls_side *server);

/* EncryptMessage into out, with the sizes of STREAM_SIZES; as many records as it takes. */
SECURITY_STATUS tls_send(struct tls_side *side, const void *data, size_t size);
/* DecryptMessage of the first record of in, appended to data (may be NULL). */
SECURITY_STATUS tls_receive(struct tls_side *side, struct tls_bytes *data);
/* All records of in; handshake messages are dealt with as Windows' programs do. */
SECURITY_STATUS tls_receive_all(struct tls_side *side, struct tls_bytes *data);

SECURITY_STATUS tls_control(struct tls_side *side, const void *token, uint32_t size);
SECURITY_STATUS tls_query(struct tls_side *side, uint32_t attribute, void *buffer);

/* Deletes the context and what is underway; and the credential too. */
void tls_reset(struct tls_side *side);
void tls_release(struct tls_side *side);

#define assert_tls(actual, expected)                                                           \
    tls_assert_status((actual), (expected), #actual, __FILE__, __LINE__)
void tls_assert_status(SECURITY_STATUS actual, SECURITY_STATUS expected, const char *text,
                       const char *file, int line);

#endif
