/* SPDX-License-Identifier: MIT */
/* EncryptMessage and DecryptMessage: one record a call, in the caller's memory. */
#ifndef SCHANNEL_MESSAGE_H
#define SCHANNEL_MESSAGE_H

#include "context.h"

struct stream_sizes {
    uint32_t header;
    uint32_t trailer;
    uint32_t maximum; /* of the data between them */
};

/* How the records look that an open connection writes. */
struct stream_sizes message_sizes(const struct context *context);

/* Of the package table. */
SECURITY_STATUS message_encrypt(void *context, uint32_t qop, SecBufferDesc *message,
                                sspia_report *report);
SECURITY_STATUS message_decrypt(void *context, SecBufferDesc *message, uint32_t *qop,
                                sspia_report *report);

#endif
