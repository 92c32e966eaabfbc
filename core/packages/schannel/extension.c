/* SPDX-License-Identifier: MIT */
#include "extension.h"

#include <openssl/crypto.h>
#include <openssl/ssl3.h>
#include <string.h>

#include "host.h"
#include "status.h"

#define SEND_AT       offsetof(SEND_GENERIC_TLS_EXTENSION, Buffer)
#define SUBSCRIBE_AT  offsetof(SUBSCRIBE_GENERIC_TLS_EXTENSION, Subscriptions)
#define WIRE_HEADER   4u
#define SUBSCRIPTIONS 2u /* MS-docs SUBSCRIBE_GENERIC_TLS_EXTENSION */

static const uint16_t types[EXTENSION_TYPES] = {0x0039, 0xffa5};

enum { CLIENT_HELLO = SSL3_MT_CLIENT_HELLO, ENCRYPTED_EXTENSIONS = 8 };

/* Their place, or EXTENSION_TYPES. */
static size_t place_of(unsigned type)
{
    size_t place = 0;

    while (place < EXTENSION_TYPES && types[place] != type)
        place++;
    return place;
}

uint16_t extension_type(size_t place)
{
    return types[place];
}

bool extension_own(const struct extensions *extensions, unsigned type, const uint8_t **bytes,
                   size_t *size)
{
    const struct extension *extension = &extensions->at[place_of(type)];

    *bytes = extension->own;
    *size = extension->own_size;
    return extension->own != NULL;
}

bool extension_keep(struct extensions *extensions, unsigned type, const uint8_t *bytes,
                    size_t size)
{
    struct extension *extension = &extensions->at[place_of(type)];

    if (extension->peers != NULL)
        return true;
    extension->peers = OPENSSL_malloc(size > 0 ? size : 1);
    if (extension->peers == NULL)
        return false;
    if (size > 0)
        memcpy(extension->peers, bytes, size);
    extension->peers_size = size;
    return true;
}

static SECURITY_STATUS bad(sspia_report *report, const char *why)
{
    report_line(report, "%s", why);
    return SEC_E_INVALID_PARAMETER;
}

static SECURITY_STATUS unknown(sspia_report *report, unsigned type)
{
    report_line(report,
                "the extension 0x%04x is not supported (those of QUIC's transport "
                "parameters are, 0x0039 and 0xffa5)",
                type);
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS extension_send(struct extensions *extensions, bool server,
                               const SecBuffer *buffer, sspia_report *report)
{
    SEND_GENERIC_TLS_EXTENSION header;
    struct extension *extension;
    uint8_t *copy;

    if (buffer->cbBuffer < SEND_AT)
        return bad(report, "the SEND_GENERIC_TLS_EXTENSION buffer is too short");
    memcpy(&header, buffer->pvBuffer, SEND_AT);
    if (header.BufferSize > buffer->cbBuffer - SEND_AT || header.Flags != 0)
        return bad(report, "the SEND_GENERIC_TLS_EXTENSION buffer is malformed");
    if (header.HandshakeType != (server ? ENCRYPTED_EXTENSIONS : CLIENT_HELLO))
        return bad(report, "HandshakeType must be 1 of an initiator, and 8 of an acceptor");
    if (place_of(header.ExtensionType) == EXTENSION_TYPES)
        return unknown(report, header.ExtensionType);
    copy = OPENSSL_malloc(header.BufferSize + 1u);
    if (copy == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(copy, (const uint8_t *)buffer->pvBuffer + SEND_AT, header.BufferSize);
    extension = &extensions->at[place_of(header.ExtensionType)];
    OPENSSL_free(extension->own);
    extension->own = copy;
    extension->own_size = header.BufferSize;
    return SEC_E_OK;
}

SECURITY_STATUS extension_subscribe(struct extensions *extensions, bool server,
                                    const SecBuffer *buffer, sspia_report *report)
{
    SUBSCRIBE_GENERIC_TLS_EXTENSION header;
    const uint8_t *at = buffer->pvBuffer;

    if (buffer->cbBuffer < SUBSCRIBE_AT)
        return bad(report, "the SUBSCRIBE_GENERIC_TLS_EXTENSION buffer is too short");
    memcpy(&header, at, SUBSCRIBE_AT);
    at += SUBSCRIBE_AT;
    if (header.Flags != 0 || header.SubscriptionsCount > SUBSCRIPTIONS ||
        header.SubscriptionsCount * sizeof(TLS_EXTENSION_SUBSCRIPTION) >
            buffer->cbBuffer - SUBSCRIBE_AT)
        return bad(report, "the SUBSCRIBE_GENERIC_TLS_EXTENSION buffer is malformed");
    for (uint32_t i = 0; i < header.SubscriptionsCount; i++, at += sizeof(uint16_t) * 2) {
        TLS_EXTENSION_SUBSCRIPTION subscription;

        memcpy(&subscription, at, sizeof(subscription));
        if (subscription.HandshakeType != (server ? CLIENT_HELLO : ENCRYPTED_EXTENSIONS))
            return bad(report, "HandshakeType must be 8 of an initiator, and 1 of an acceptor");
        if (place_of(subscription.ExtensionType) == EXTENSION_TYPES)
            return unknown(report, subscription.ExtensionType);
        extensions->at[place_of(subscription.ExtensionType)].subscribed = true;
    }
    return SEC_E_OK;
}

static bool is_due(const struct extension *extension)
{
    return extension->subscribed && extension->peers != NULL && !extension->delivered;
}

bool extension_is_due(const struct extensions *extensions)
{
    bool due = false;

    for (size_t place = 0; place < EXTENSION_TYPES; place++)
        due = due || is_due(&extensions->at[place]);
    return due;
}

bool extension_deliver(struct extensions *extensions, sspia_bytes *content)
{
    uint8_t *at;

    content->size = 0;
    for (size_t place = 0; place < EXTENSION_TYPES; place++) {
        if (is_due(&extensions->at[place]))
            content->size += WIRE_HEADER + extensions->at[place].peers_size;
    }
    content->data = at = host->allocate(content->size);
    if (at == NULL)
        return false;
    for (size_t place = 0; place < EXTENSION_TYPES; place++) {
        struct extension *extension = &extensions->at[place];

        if (!is_due(extension))
            continue;
        *at++ = (uint8_t)(types[place] >> 8);
        *at++ = (uint8_t)types[place];
        *at++ = (uint8_t)(extension->peers_size >> 8);
        *at++ = (uint8_t)extension->peers_size;
        memcpy(at, extension->peers, extension->peers_size);
        at += extension->peers_size;
        extension->delivered = true;
    }
    return true;
}

void extension_clear(struct extensions *extensions)
{
    for (size_t place = 0; place < EXTENSION_TYPES; place++) {
        OPENSSL_free(extensions->at[place].own);
        OPENSSL_free(extensions->at[place].peers);
    }
    *extensions = (struct extensions){0};
}
