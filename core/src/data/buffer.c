/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static bool is_of(const SecBuffer *buffer, uint32_t type)
{
    return (buffer->BufferType & ~SECBUFFER_ATTRMASK) == type;
}

/* In these two cbBuffer is not a size of pvBuffer: they are only ever written. */
static bool has_content(const SecBuffer *buffer)
{
    return !is_of(buffer, SECBUFFER_EMPTY) && !is_of(buffer, SECBUFFER_MISSING);
}

bool buffer_has_shape(const SecBufferDesc *descriptor)
{
    return descriptor == NULL || (descriptor->ulVersion == SECBUFFER_VERSION &&
                                  descriptor->cBuffers <= BUFFER_COUNT_MAX &&
                                  (descriptor->cBuffers == 0 || descriptor->pBuffers != NULL));
}

static bool is_valid(const SecBufferDesc *descriptor, bool output)
{
    size_t bytes = 0;

    if (!buffer_has_shape(descriptor))
        return false;
    for (uint32_t i = 0; descriptor != NULL && i < descriptor->cBuffers; i++) {
        const SecBuffer *buffer = &descriptor->pBuffers[i];

        if (!has_content(buffer) ||
            (output && is_of(buffer, SECBUFFER_TOKEN) && buffer->pvBuffer == NULL))
            continue;
        if (buffer->cbBuffer > 0 && buffer->pvBuffer == NULL)
            return false;
        bytes += buffer->cbBuffer;
    }
    return bytes <= BUFFER_BYTES_MAX;
}

bool buffer_is_valid(const SecBufferDesc *descriptor)
{
    return is_valid(descriptor, false);
}

bool buffer_is_valid_output(const SecBufferDesc *descriptor)
{
    return is_valid(descriptor, true);
}

bool buffer_copy(const SecBufferDesc *descriptor, struct buffer_copy *copy)
{
    unsigned char *bytes;

    *copy = (struct buffer_copy){0};
    if (descriptor == NULL || descriptor->cBuffers == 0)
        return true;
    copy->size = descriptor->cBuffers * sizeof(SecBuffer);
    for (uint32_t i = 0; i < descriptor->cBuffers; i++) {
        if (has_content(&descriptor->pBuffers[i]))
            copy->size += descriptor->pBuffers[i].cbBuffer;
    }
    copy->buffers = malloc(copy->size);
    if (copy->buffers == NULL)
        return false;
    copy->count = descriptor->cBuffers;
    bytes = (unsigned char *)(copy->buffers + copy->count);
    for (uint32_t i = 0; i < copy->count; i++) {
        const SecBuffer *source = &descriptor->pBuffers[i];
        SecBuffer *target = &copy->buffers[i];

        *target = (SecBuffer){.BufferType = source->BufferType & ~SECBUFFER_ATTRMASK};
        if (has_content(source) && source->cbBuffer > 0) {
            target->cbBuffer = source->cbBuffer;
            target->pvBuffer = memcpy(bytes, source->pvBuffer, source->cbBuffer);
            bytes += source->cbBuffer;
        }
    }
    return true;
}

void buffer_copy_free(struct buffer_copy *copy)
{
    memory_wipe(copy->buffers, copy->size);
    *copy = (struct buffer_copy){0};
}

bool buffer_copy_equal(const struct buffer_copy *a, const struct buffer_copy *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const SecBuffer *x = &a->buffers[i], *y = &b->buffers[i];

        if (x->BufferType != y->BufferType || x->cbBuffer != y->cbBuffer ||
            (x->cbBuffer > 0 && memcmp(x->pvBuffer, y->pvBuffer, x->cbBuffer) != 0))
            return false;
    }
    return true;
}

SecBuffer *buffer_find(const SecBufferDesc *descriptor, uint32_t type)
{
    for (uint32_t i = 0; descriptor != NULL && i < descriptor->cBuffers; i++) {
        if (is_of(&descriptor->pBuffers[i], type))
            return &descriptor->pBuffers[i];
    }
    return NULL;
}
