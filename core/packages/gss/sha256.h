/* SPDX-License-Identifier: MIT */
#ifndef GSS_SHA256_H
#define GSS_SHA256_H

#include <stddef.h>

#define GSS_SHA256_SIZE 32u

/* The SHA-256 of some bytes. */
void gss_sha256(const unsigned char *bytes, size_t size, unsigned char digest[GSS_SHA256_SIZE]);

#endif
