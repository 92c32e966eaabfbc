/* SPDX-License-Identifier: MIT */
/* Alerts of the caller's choice, which OpenSSL has no function for. */
#ifndef SCHANNEL_SEAL_H
#define SCHANNEL_SEAL_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "traffic.h"

/* Where the writing half of the connection stands. */
struct seal {
    bool encrypts;          /* records written from now on are protected */
    uint64_t sequence;      /* of the next one */
    struct traffic traffic; /* TLS 1.3 */
    /* TLS 1.2, GCM and CCM: the explicit part of a nonce that OpenSSL used; once an alert was
     * sealed here, of the next one of ours. */
    uint8_t nonce[8];
    bool own; /* an alert was sealed here: what OpenSSL writes afterwards must not go out */
};

/* From SSL's callbacks: a record or a message of the side that writes. */
void seal_note_record(struct seal *seal);
void seal_note_change_cipher_spec(struct seal *seal, bool tls13);
void seal_note_handshake(struct seal *seal, bool tls13, uint8_t type);
/* Records that left the connection. */
void seal_note_output(struct seal *seal, const uint8_t *bytes, size_t size);

/* Writes the record of an alert to out, any number of times. The SSL does not know of it:
 * nothing that it writes afterwards may reach the peer. */
bool seal_alert(struct seal *seal, SSL *ssl, bool server, uint8_t level, uint8_t description,
                BIO *out);

void seal_clear(struct seal *seal);

#endif
