/* SPDX-License-Identifier: MIT */
#ifndef NTLM_BYTES_H
#define NTLM_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of somebody else: a part of a message, most of the time. */
typedef struct ntlm_bytes {
    const unsigned char *data;
    size_t size;
} ntlm_bytes;

#endif
