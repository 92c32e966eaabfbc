/* SPDX-License-Identifier: MIT */
/* The peer's handshake messages, made into the records that OpenSSL reads. */
#ifndef SCHANNEL_WRAPPER_H
#define SCHANNEL_WRAPPER_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "aead.h"
#include "level.h"
#include "traffic.h"

/* How OpenSSL reads the next record: as nothing but this made them, the numbers agree. */
struct wrapper {
    enum level level;
    uint64_t sequence;
    struct aead_keys keys; /* beyond LEVEL_INITIAL */
};

/* Writes a whole message to `in`, as records of a level, which never goes down. False: the
 * peer's secret is not to be had, or OpenSSL failed. */
bool wrapper_write(struct wrapper *wrapper, struct traffic *traffic, SSL *ssl, bool server,
                   enum level level, const uint8_t *message, size_t size, BIO *in);

/* Wipes the keys. */
void wrapper_clear(struct wrapper *wrapper);

#endif
