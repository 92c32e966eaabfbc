/* SPDX-License-Identifier: MIT */
#ifndef GSS_MESSAGE_H
#define GSS_MESSAGE_H

#include "host.h"

#include <stdbool.h>

/*
 * The buffers of a message, sorted. Pointers into the caller's descriptor; data keeps the
 * caller's order.
 *   token     TOKEN, or STREAM_HEADER in the order of stream packages
 *   padding   PADDING, or STREAM_TRAILER
 *   stream    STREAM: all that was received, for decrypting
 *   data      DATA that is part of the message: neither READONLY, which takes no part
 *             (except in signatures), nor empty types
 */
#define GSS_MESSAGE_DATA_MAX 32

typedef struct gss_message {
    SecBuffer *token;
    SecBuffer *padding;
    SecBuffer *stream;
    SecBuffer *data[GSS_MESSAGE_DATA_MAX];
    unsigned data_count;
    size_t data_size;     /* bytes in all of data */
    bool has_checksummed; /* one of data is READONLY_WITH_CHECKSUM: signed, not sealed */
} gss_message;

/* Sorts the caller's buffers, to sign or verify them, or to seal or open them. */
SECURITY_STATUS gss_message_sort(SecBufferDesc *buffers, bool signing, gss_message *message,
                                 sspia_report *report);

/* Memory in one piece: the caller's own if the parts were one, else a copy to be wiped. */
typedef struct gss_gathered {
    unsigned char *bytes;
    size_t size;
    bool owned;
} gss_gathered;

/* before may be NULL: a buffer that comes before the data; after likewise. */
bool gss_message_gather(const gss_message *message, const SecBuffer *before,
                        const SecBuffer *after, gss_gathered *gathered);
void gss_message_release(gss_gathered *gathered);

/* Writes bytes over the data buffers one after the other and shortens them to what they
 * got. False, with nothing written, if it does not fit. */
bool gss_message_scatter(gss_message *message, const unsigned char *bytes, size_t size);

#endif
