/* SPDX-License-Identifier: MIT */
/* SecBuffer descriptors of callers: checked, and copied. */
#ifndef SSPI_ASYNC_BUFFER_H
#define SSPI_ASYNC_BUFFER_H

#include <stdbool.h>

#include "sspi_package.h"

/* Bounds on what a caller may pass; the second is far beyond any token (48 KiB) and any
 * message that a context can seal in one piece. */
#define BUFFER_COUNT_MAX 64u
#define BUFFER_BYTES_MAX (64u << 20)

/* Buffers and their bytes in one block. */
struct buffer_copy {
    SecBuffer *buffers; /* types without attribute bits */
    uint32_t count;
    size_t size; /* of the block */
};

/* The version and the count. A NULL descriptor is fine, here and below. */
bool buffer_has_shape(const SecBufferDesc *descriptor);
/* That, no NULL with a size, and the bounds. */
bool buffer_is_valid(const SecBufferDesc *descriptor);
/* The same for what a leg writes to: a TOKEN without memory may have any size. */
bool buffer_is_valid_output(const SecBufferDesc *descriptor);

/* Copies a valid descriptor, or NULL. False: no memory. */
bool buffer_copy(const SecBufferDesc *descriptor, struct buffer_copy *copy);
/* Wipes and frees. */
void buffer_copy_free(struct buffer_copy *copy);
bool buffer_copy_equal(const struct buffer_copy *a, const struct buffer_copy *b);

/* The first buffer of a type, or NULL. */
SecBuffer *buffer_find(const SecBufferDesc *descriptor, uint32_t type);

#endif
