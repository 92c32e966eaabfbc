/* SPDX-License-Identifier: MIT */
/* Application protocols (RFC 7301) of a caller. */
#ifndef SCHANNEL_ALPN_H
#define SCHANNEL_ALPN_H

#include <stdbool.h>

#include "schannel.h"

/* Takes the ALPN list out of an APPLICATION_PROTOCOLS buffer: bytes in wire form, borrowed.
 * SEC_E_INVALID_PARAMETER if the buffer is malformed. */
SECURITY_STATUS alpn_parse(const SecBuffer *buffer, const uint8_t **list, size_t *size);

/* The first protocol of the server's list that the client's has too; false if there is
 * none. Both in wire form, the client's not yet checked. *name points into the client's. */
bool alpn_choose(const uint8_t *server, size_t server_size, const uint8_t *client,
                 size_t client_size, const uint8_t **name, uint8_t *length);

#endif
