/* SPDX-License-Identifier: MIT */
/* Messages: shaped like those of a real package, and as open as a postcard. */
#ifndef SSPI_ASYNC_SCRIPTED_PROTECT_H
#define SSPI_ASYNC_SCRIPTED_PROTECT_H

#include <stdbool.h>

#include "sspi_package.h"

#define PROTECT_TOKEN_SIZE 16u

/* The numbers of the next message, out and in. */
struct protect {
    uint64_t sent;
    uint64_t received;
};

SECURITY_STATUS protect_sign(struct protect *protect, SecBufferDesc *message, bool seal,
                             sspia_report *report);
SECURITY_STATUS protect_verify(struct protect *protect, SecBufferDesc *message, bool sealed,
                               sspia_report *report);

#endif
