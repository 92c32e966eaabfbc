/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <string.h>

/* TLS 1.2 lets compression and padding add 2048 bytes (RFC 5246 6.2.3), 1.3 only 256; which
 * of the two counts is checked by who decrypts. */
#define BODY_MAX (RECORD_PLAIN_MAX + 2048u)

struct record record_parse(const uint8_t *data, size_t size)
{
    struct record record = {.kind = RECORD_PARTIAL};
    size_t body;

    /* What is there must fit already: garbage is not waited for. */
    if (size > 0 && (data[0] < RECORD_CHANGE_CIPHER_SPEC || data[0] > RECORD_APPLICATION_DATA))
        record.kind = RECORD_BAD;
    if (size > 1 && data[1] != 3)
        record.kind = RECORD_BAD;
    if (record.kind == RECORD_BAD)
        return record;
    if (size < RECORD_HEADER_SIZE) {
        record.missing = RECORD_HEADER_SIZE - size;
        return record;
    }
    record.type = data[0];
    body = (size_t)data[3] << 8 | data[4];
    if (body > BODY_MAX) {
        record.kind = RECORD_BAD;
    } else if (size - RECORD_HEADER_SIZE < body) {
        record.missing = body - (size - RECORD_HEADER_SIZE);
    } else {
        record.kind = RECORD_WHOLE;
        record.size = RECORD_HEADER_SIZE + body;
    }
    return record;
}

const char *record_guess(const uint8_t *data, size_t size)
{
    static const char *const methods[] = {"GET ", "POST", "HEAD", "PUT ", "HTTP", "CONN"};

    if (size >= 3 && (data[0] & 0x80) != 0 && data[2] == 1)
        return "an SSLv2 hello";
    for (size_t i = 0; size >= 4 && i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (memcmp(data, methods[i], 4) == 0)
            return "HTTP";
    }
    return "not a TLS record";
}
