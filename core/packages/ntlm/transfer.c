/* SPDX-License-Identifier: MIT */
/*
 * Export and import of established contexts. The source stays as it is.
 *
 * The packed form, numbers little-endian:
 *     0  "SSPINTLM"               8  version 1
 *    12  1 for an initiator      13  1 if there are keys      14  how the peer wraps    15  0
 *    16  flags agreed on         20  attributes               24  started
 *    32  session key
 *    48  out, then in: signing key (16), RC4 table (256), i, j, number (4)
 *   604  three strings, each a length (4) and UTF-8: user, domain, target; length all ones:
 * none SHA-256 of all before it The digest finds accidents. It is no protection against someone
 * who makes a pack: that is as good as knowing the keys.
 */
#include "transfer.h"
#include "context.h"
#include "host.h"
#include "status.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define VERSION     1u
#define KEY_PLACE   32u
#define WAYS_PLACE  48u
#define WAY_SIZE    (NTLM_KEY_SIZE + 256u + 2u + 4u)
#define NAMES_PLACE (WAYS_PLACE + 2 * WAY_SIZE)
#define DIGEST_SIZE 32u
#define STRINGS     3u
#define NO_STRING   0xffffffffu
#define STRING_MAX  (1u << 20)

static const unsigned char magic[8] = {'S', 'S', 'P', 'I', 'N', 'T', 'L', 'M'};

static void store(unsigned char *place, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        place[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t load(const unsigned char *place, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = bytes; i > 0; i--)
        value = value << 8 | place[i - 1];
    return value;
}

static void pack_way(unsigned char *place, const ntlm_direction *way)
{
    memcpy(place, way->sign_key, NTLM_KEY_SIZE);
    memcpy(place + NTLM_KEY_SIZE, way->cipher.table, 256);
    place[NTLM_KEY_SIZE + 256] = way->cipher.i;
    place[NTLM_KEY_SIZE + 257] = way->cipher.j;
    store(place + NTLM_KEY_SIZE + 258, way->number, 4);
}

static void unpack_way(const unsigned char *place, ntlm_direction *way)
{
    memcpy(way->sign_key, place, NTLM_KEY_SIZE);
    memcpy(way->cipher.table, place + NTLM_KEY_SIZE, 256);
    way->cipher.i = place[NTLM_KEY_SIZE + 256];
    way->cipher.j = place[NTLM_KEY_SIZE + 257];
    way->number = (uint32_t)load(place + NTLM_KEY_SIZE + 258, 4);
}

static bool digest(const unsigned char *bytes, size_t size, unsigned char result[DIGEST_SIZE])
{
    return EVP_Digest(bytes, size, result, NULL, EVP_sha256(), NULL) == 1;
}

static unsigned char *pack_string(unsigned char *place, const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;

    store(place, text != NULL ? length : NO_STRING, 4);
    if (length > 0)
        memcpy(place + 4, text, length);
    return place + 4 + length;
}

SECURITY_STATUS ntlm_export(void *object, uint32_t flags, sspia_bytes *packed,
                            sspia_report *report)
{
    const ntlm_context *context = object;
    const char *const strings[STRINGS] = {context->user, context->domain, context->target};
    size_t size = NAMES_PLACE + DIGEST_SIZE;
    unsigned char *bytes;
    unsigned char *next;
    SECURITY_STATUS status;

    if (flags & ~(uint32_t)SECPKG_CONTEXT_EXPORT_DELETE_OLD)
        return ntlm_report(report, SEC_E_UNSUPPORTED_FUNCTION, "fFlags",
                           "only SECPKG_CONTEXT_EXPORT_DELETE_OLD is supported");
    status = ntlm_context_ready(context, report);
    if (status != SEC_E_OK)
        return status;
    for (unsigned i = 0; i < STRINGS; i++)
        size += 4 + (strings[i] != NULL ? strlen(strings[i]) : 0);
    packed->data = bytes = ntlm_host->allocate(size);
    if (bytes == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    packed->size = size;
    memset(bytes, 0, NAMES_PLACE);
    memcpy(bytes, magic, sizeof magic);
    store(bytes + 8, VERSION, 4);
    bytes[12] = context->initiator;
    bytes[13] = context->session.has_keys;
    bytes[14] = (unsigned char)context->peer_wraps;
    store(bytes + 16, context->flags, 4);
    store(bytes + 20, context->attributes, 4);
    store(bytes + 24, (uint64_t)context->started, 8);
    memcpy(bytes + KEY_PLACE, context->session.key, NTLM_KEY_SIZE);
    if (context->session.has_keys) {
        pack_way(bytes + WAYS_PLACE, &context->session.out);
        pack_way(bytes + WAYS_PLACE + WAY_SIZE, &context->session.in);
    }
    next = bytes + NAMES_PLACE;
    for (unsigned i = 0; i < STRINGS; i++)
        next = pack_string(next, strings[i]);
    if (digest(bytes, size - DIGEST_SIZE, next))
        return SEC_E_OK;
    ntlm_host->free(bytes);
    *packed = (sspia_bytes){NULL, 0};
    return ntlm_report(report, SEC_E_CRYPTO_SYSTEM_INVALID, "SHA-256", NULL);
}

/* A copy of the next string, at *place; false if it leads out, or has a NUL in it. */
static bool take_string(ntlm_bytes *rest, char **place, const char **text)
{
    uint32_t length;

    *text = NULL;
    if (rest->size < 4)
        return false;
    length = (uint32_t)load(rest->data, 4);
    rest->data += 4;
    rest->size -= 4;
    if (length == NO_STRING)
        return true;
    if (length > rest->size || length > STRING_MAX || memchr(rest->data, '\0', length) != NULL)
        return false;
    *text = *place;
    memcpy(*place, rest->data, length);
    (*place)[length] = '\0';
    *place += length + 1;
    rest->data += length;
    rest->size -= length;
    return true;
}

static bool looks_right(const unsigned char *bytes, size_t size)
{
    unsigned char expected[DIGEST_SIZE];

    return size >= NAMES_PLACE + 4 * STRINGS + DIGEST_SIZE &&
           memcmp(bytes, magic, sizeof magic) == 0 && load(bytes + 8, 4) == VERSION &&
           bytes[12] <= 1 && bytes[13] <= 1 && bytes[14] <= NTLM_WRAPS_SEALED &&
           bytes[15] == 0 && digest(bytes, size - DIGEST_SIZE, expected) &&
           ntlm_crypto_equal(expected, bytes + size - DIGEST_SIZE, DIGEST_SIZE);
}

SECURITY_STATUS ntlm_import(const void *packed, size_t size, void **object,
                            sspia_report *report)
{
    const unsigned char *bytes = packed;
    ntlm_bytes rest;
    ntlm_context *context;
    char *place;
    SECURITY_STATUS status;

    *object = NULL;
    if (!looks_right(bytes, size))
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "packed context",
                           "it is not one of this package");
    status = ntlm_crypto_ready(report);
    if (status != SEC_E_OK)
        return status;
    rest = (ntlm_bytes){bytes + NAMES_PLACE, size - NAMES_PLACE - DIGEST_SIZE};
    context = ntlm_context_create(bytes[12] == 1, NULL, rest.size);
    if (context == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    place = (char *)context->room;
    if (!take_string(&rest, &place, &context->user) ||
        !take_string(&rest, &place, &context->domain) ||
        !take_string(&rest, &place, &context->target) || rest.size != 0 ||
        context->user == NULL || context->domain == NULL) {
        ntlm_context_delete(context);
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "packed context", "it is damaged");
    }
    ntlm_context_establish(context, (uint32_t)load(bytes + 16, 4), bytes + KEY_PLACE);
    context->attributes = (uint32_t)load(bytes + 20, 4);
    context->started = (int64_t)load(bytes + 24, 8);
    context->peer_wraps = bytes[14];
    context->session.has_keys = bytes[13] == 1;
    if (context->session.has_keys) {
        unpack_way(bytes + WAYS_PLACE, &context->session.out);
        unpack_way(bytes + WAYS_PLACE + WAY_SIZE, &context->session.in);
    }
    *object = context;
    return SEC_E_OK;
}
