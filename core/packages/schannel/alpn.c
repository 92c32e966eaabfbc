/* SPDX-License-Identifier: MIT */
#include "alpn.h"

#include <string.h>

#define LISTS_AT offsetof(SEC_APPLICATION_PROTOCOLS, ProtocolLists)
#define LIST_AT  offsetof(SEC_APPLICATION_PROTOCOL_LIST, ProtocolList)

/* Names of 1 to 255 bytes, each behind its length, and nothing after the last. */
static bool is_well_formed(const uint8_t *list, size_t size)
{
    size_t at = 0;

    while (at < size) {
        if (list[at] == 0 || list[at] >= size - at)
            return false;
        at += 1u + list[at];
    }
    return size > 0;
}

SECURITY_STATUS alpn_parse(const SecBuffer *buffer, const uint8_t **list, size_t *size)
{
    const uint8_t *bytes = buffer->pvBuffer;
    uint32_t left, extension;
    uint16_t length;

    *list = NULL;
    *size = 0;
    /* Copied out piece by piece: the caller's memory need not be aligned. */
    if (buffer->cbBuffer < LISTS_AT)
        return SEC_E_INVALID_PARAMETER;
    memcpy(&left, bytes, sizeof(left));
    bytes += LISTS_AT;
    if (left > buffer->cbBuffer - LISTS_AT)
        return SEC_E_INVALID_PARAMETER;
    while (left > 0) {
        if (left < LIST_AT)
            return SEC_E_INVALID_PARAMETER;
        memcpy(&extension, bytes, sizeof(extension));
        memcpy(&length, bytes + offsetof(SEC_APPLICATION_PROTOCOL_LIST, ProtocolListSize),
               sizeof(length));
        if (length > left - LIST_AT)
            return SEC_E_INVALID_PARAMETER;
        if (extension == SecApplicationProtocolNegotiationExt_ALPN) {
            if (*list != NULL || !is_well_formed(bytes + LIST_AT, length))
                return SEC_E_INVALID_PARAMETER;
            *list = bytes + LIST_AT;
            *size = length;
        }
        bytes += LIST_AT + length;
        left -= (uint32_t)(LIST_AT + length);
    }
    /* NPN alone, which died with SPDY, is no list for us. */
    return *list != NULL ? SEC_E_OK : SEC_E_INVALID_PARAMETER;
}

bool alpn_choose(const uint8_t *server, size_t server_size, const uint8_t *client,
                 size_t client_size, const uint8_t **name, uint8_t *length)
{
    if (!is_well_formed(client, client_size))
        return false;
    for (size_t s = 0; s < server_size; s += 1u + server[s]) {
        for (size_t c = 0; c < client_size; c += 1u + client[c]) {
            if (client[c] == server[s] &&
                memcmp(client + c + 1, server + s + 1, server[s]) == 0) {
                *name = client + c + 1;
                *length = client[c];
                return true;
            }
        }
    }
    return false;
}
