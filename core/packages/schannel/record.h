/* SPDX-License-Identifier: MIT */
/* TLS records on the wire (RFC 8446 5.1, RFC 5246 6.2). */
#ifndef SCHANNEL_RECORD_H
#define SCHANNEL_RECORD_H

#include <stddef.h>
#include <stdint.h>

#define RECORD_HEADER_SIZE 5u
#define RECORD_PLAIN_MAX   16384u

enum record_kind { RECORD_WHOLE, RECORD_PARTIAL, RECORD_BAD };

struct record {
    enum record_kind kind;
    uint8_t type;
    size_t size;    /* header and body, of a whole one */
    size_t missing; /* of a partial one: how many bytes are certain to follow */
};

enum {
    RECORD_CHANGE_CIPHER_SPEC = 20,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    RECORD_APPLICATION_DATA = 23
};

/* Looks at the record at the beginning of data. */
struct record record_parse(const uint8_t *data, size_t size);

/* What the bytes look like, for people: "HTTP", "SSLv2", or "not TLS". */
const char *record_guess(const uint8_t *data, size_t size);

#endif
