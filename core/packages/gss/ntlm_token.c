/* SPDX-License-Identifier: MIT */
/*
 * curl and impacket send the short layouts that MS-NLMP allows: a NEGOTIATE_MESSAGE without
 * Version (2.2.1.1), an AUTHENTICATE_MESSAGE without Version and MIC (2.2.1.3). A message
 * without MIC announces none, so nothing covers its layout: zeros may be put in.
 */
#include "ntlm_token.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NEGOTIATE_SHORT 32u
#define NEGOTIATE_FULL  40u

/* Where the payload of an AUTHENTICATE_MESSAGE begins: with neither, with Version, with both.
 */
#define AUTHENTICATE_BARE    64u
#define AUTHENTICATE_VERSION 72u
#define AUTHENTICATE_FULL    88u

/* Length, room and offset of each field stand at these places. */
static const size_t fields[] = {12, 20, 28, 36, 44, 52};
#define FIELD_COUNT (sizeof fields / sizeof fields[0])

static uint32_t read_le(const unsigned char *bytes, size_t count)
{
    uint32_t value = 0;

    while (count-- > 0)
        value = value << 8 | bytes[count];
    return value;
}

static void write_le32(unsigned char *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
}

/* The token with a gap of zeros. */
static bool widen(const gss_buffer_desc *token, size_t at, size_t gap, gss_buffer_desc *full)
{
    unsigned char *bytes = calloc(1, token->length + gap);

    if (bytes == NULL)
        return false;
    memcpy(bytes, token->value, at);
    memcpy(bytes + at + gap, (const unsigned char *)token->value + at, token->length - at);
    full->value = bytes;
    full->length = token->length + gap;
    return true;
}

/* Where the payload begins; 0 if a field is not inside the token. */
static size_t payload_of(const unsigned char *bytes, size_t size)
{
    size_t start = size;

    for (size_t i = 0; i < FIELD_COUNT; i++) {
        size_t length = read_le(bytes + fields[i], 2);
        size_t offset = read_le(bytes + fields[i] + 4, 4);

        if (length == 0)
            continue;
        if (offset > size || length > size - offset)
            return 0;
        if (offset < start)
            start = offset;
    }
    return start;
}

static bool fill_authenticate(const gss_buffer_desc *token, gss_buffer_desc *full)
{
    const unsigned char *bytes = token->value;
    const size_t start =
        token->length >= AUTHENTICATE_BARE ? payload_of(bytes, token->length) : 0;

    if (start != AUTHENTICATE_BARE && start != AUTHENTICATE_VERSION)
        return true;
    if (!widen(token, start, AUTHENTICATE_FULL - start, full))
        return false;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const uint32_t offset = read_le(bytes + fields[i] + 4, 4);

        if (offset >= start && offset <= token->length)
            write_le32((unsigned char *)full->value + fields[i] + 4,
                       offset + (uint32_t)(AUTHENTICATE_FULL - start));
    }
    return true;
}

bool gss_ntlm_token_fill(const gss_buffer_desc *token, gss_buffer_desc *full)
{
    full->value = NULL;
    full->length = 0;
    if (token->length < NEGOTIATE_SHORT || memcmp(token->value, "NTLMSSP", 8) != 0)
        return true;
    switch (read_le((const unsigned char *)token->value + 8, 4)) {
    case 1:
        return token->length != NEGOTIATE_SHORT ||
               widen(token, NEGOTIATE_SHORT, NEGOTIATE_FULL - NEGOTIATE_SHORT, full);
    case 3:
        return fill_authenticate(token, full);
    default:
        return true;
    }
}

/* MS-NLMP 2.2.1.2: TargetNameFields at 12, NegotiateFlags at 20. */
bool gss_ntlm_token_is_safe(const gss_buffer_desc *token)
{
    static const unsigned char challenge[12] = "NTLMSSP\0\2\0\0";
    const uint32_t target_types = 0x10000 | 0x20000; /* NTLMSSP_TARGET_TYPE_DOMAIN, _SERVER */
    const unsigned char *at = token->value, *end = at + token->length;

    while (token->length > 0 &&
           (at = memmem(at, (size_t)(end - at), challenge, sizeof(challenge))) != NULL) {
        if (end - at >= 24 && (read_le(at + 20, 4) & target_types) != 0 &&
            read_le(at + 12, 2) == 0)
            return false;
        at++;
    }
    return true;
}

void gss_ntlm_token_release(gss_buffer_desc *full)
{
    if (full->value != NULL)
        explicit_bzero(full->value, full->length);
    free(full->value);
}
