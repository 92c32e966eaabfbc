/* SPDX-License-Identifier: MIT */
#ifndef NTLM_MD4_H
#define NTLM_MD4_H

#include <stddef.h>

#define NTLM_MD4_SIZE 16u

/* MD4 (RFC 1320) of size bytes. */
void ntlm_md4(const void *data, size_t size, unsigned char digest[NTLM_MD4_SIZE]);

#endif
