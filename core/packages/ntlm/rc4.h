/* SPDX-License-Identifier: MIT */
#ifndef NTLM_RC4_H
#define NTLM_RC4_H

#include <stddef.h>

/* The state of the stream cipher; the next call goes on where the last one ended. A copy of it
 * is a place to come back to. */
typedef struct ntlm_rc4 {
    unsigned char table[256];
    unsigned char i, j;
} ntlm_rc4;

void ntlm_rc4_start(ntlm_rc4 *cipher, const void *key, size_t size);

/* Encrypts or decrypts size bytes in place. */
void ntlm_rc4_apply(ntlm_rc4 *cipher, void *data, size_t size);

#endif
