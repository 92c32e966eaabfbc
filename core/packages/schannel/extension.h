/* SPDX-License-Identifier: MIT */
/* Extensions that callers send and subscribe to: QUIC's transport parameters (RFC 9001 8.2), as
 * they are now and as they were in the last drafts. OpenSSL wants to know of a type before
 * there is a connection, so there are no others. */
#ifndef SCHANNEL_EXTENSION_H
#define SCHANNEL_EXTENSION_H

#include <stdbool.h>

#include "schannel.h"
#include "sspi_package.h"

#define EXTENSION_TYPES 2u

struct extension {
    uint8_t *own, *peers; /* NULL: none was given; none came */
    size_t own_size, peers_size;
    bool subscribed, delivered;
};

/* Of one connection, by the place of their type. */
struct extensions {
    struct extension at[EXTENSION_TYPES];
};

/* The type of a place. */
uint16_t extension_type(size_t place);

/* For OpenSSL's callbacks. What is to be sent, false if nothing is; and what came, false if
 * there is no memory for it. */
bool extension_own(const struct extensions *extensions, unsigned type, const uint8_t **bytes,
                   size_t *size);
bool extension_keep(struct extensions *extensions, unsigned type, const uint8_t *bytes,
                    size_t size);

/* A caller's SEND_ or SUBSCRIBE_GENERIC_TLS_EXTENSION buffer. The one that was given last is
 * sent. */
SECURITY_STATUS extension_send(struct extensions *extensions, bool server,
                               const SecBuffer *buffer, sspia_report *report);
SECURITY_STATUS extension_subscribe(struct extensions *extensions, bool server,
                                    const SecBuffer *buffer, sspia_report *report);

/* Something has come that was subscribed to and was not given to the caller yet. */
bool extension_is_due(const struct extensions *extensions);
/* That, as it was on the wire: type, size, content. False: there is no memory. */
bool extension_deliver(struct extensions *extensions, sspia_bytes *content);

void extension_clear(struct extensions *extensions);

#endif
