/* SPDX-License-Identifier: MIT */
/* The buffers of a message: sorted, gathered, written back. */
#include "message.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>

static uint32_t type_of(const SecBuffer *buffer)
{
    return buffer->BufferType & ~SECBUFFER_ATTRMASK;
}

/* signing: MS-docs MakeSignature has READONLY data signed like other data, and
 * READONLY_WITH_CHECKSUM data left alone; for EncryptMessage it is READONLY that takes no
 * part, while READONLY_WITH_CHECKSUM is signed and stays readable. */
SECURITY_STATUS gss_message_sort(SecBufferDesc *buffers, bool signing, gss_message *message,
                                 sspia_report *report)
{
    uint32_t left_out = signing ? SECBUFFER_READONLY_WITH_CHECKSUM : SECBUFFER_READONLY;

    memset(message, 0, sizeof *message);
    for (uint32_t i = 0; i < buffers->cBuffers; i++) {
        SecBuffer *buffer = &buffers->pBuffers[i];
        SecBuffer **place = NULL;

        switch (type_of(buffer)) {
        case SECBUFFER_TOKEN:
        case SECBUFFER_STREAM_HEADER:
            place = &message->token;
            break;
        case SECBUFFER_PADDING:
        case SECBUFFER_STREAM_TRAILER:
            place = &message->padding;
            break;
        case SECBUFFER_STREAM:
            place = &message->stream;
            break;
        case SECBUFFER_DATA:
            if (buffer->BufferType & left_out)
                continue;
            if (message->data_count == GSS_MESSAGE_DATA_MAX)
                return gss_status_report(report, SEC_E_INVALID_TOKEN, "buffers",
                                         "there are more than 32 of type DATA");
            if (buffer->BufferType & SECBUFFER_READONLY_WITH_CHECKSUM)
                message->has_checksummed = true;
            message->data[message->data_count++] = buffer;
            message->data_size += buffer->cbBuffer;
            continue;
        default:
            continue;
        }
        if (*place != NULL)
            return gss_status_report(report, SEC_E_INVALID_TOKEN, "buffers",
                                     "there are two of a type that may occur only once");
        *place = buffer;
    }
    return SEC_E_OK;
}

bool gss_message_gather(const gss_message *message, const SecBuffer *before,
                        const SecBuffer *after, gss_gathered *gathered)
{
    size_t size = message->data_size + (before != NULL ? before->cbBuffer : 0) +
                  (after != NULL ? after->cbBuffer : 0);
    unsigned char *next;

    gathered->size = size;
    gathered->owned = false;
    if (before == NULL && after == NULL && message->data_count == 1) {
        gathered->bytes = message->data[0]->pvBuffer;
        return true;
    }
    gathered->bytes = next = malloc(size > 0 ? size : 1);
    if (next == NULL)
        return false;
    gathered->owned = true;
    for (unsigned i = 0; i < message->data_count + 2; i++) {
        const SecBuffer *part = i == 0                         ? before
                                : i == message->data_count + 1 ? after
                                                               : message->data[i - 1];

        if (part != NULL && part->cbBuffer > 0) {
            memcpy(next, part->pvBuffer, part->cbBuffer);
            next += part->cbBuffer;
        }
    }
    return true;
}

void gss_message_release(gss_gathered *gathered)
{
    if (!gathered->owned)
        return;
    explicit_bzero(gathered->bytes, gathered->size);
    free(gathered->bytes);
    gathered->owned = false;
}

bool gss_message_scatter(gss_message *message, const unsigned char *bytes, size_t size)
{
    if (size > message->data_size)
        return false;
    for (unsigned i = 0; i < message->data_count; i++) {
        SecBuffer *part = message->data[i];

        if (part->cbBuffer > size)
            part->cbBuffer = (uint32_t)size;
        if (part->cbBuffer > 0)
            memcpy(part->pvBuffer, bytes, part->cbBuffer);
        bytes += part->cbBuffer;
        size -= part->cbBuffer;
    }
    return true;
}
