/* SPDX-License-Identifier: MIT */
/* RC4, which MS-NLMP 3.4.3 seals with. OpenSSL has it in its legacy provider alone. */
#include "rc4.h"

void ntlm_rc4_start(ntlm_rc4 *cipher, const void *key, size_t size)
{
    const unsigned char *bytes = key;
    unsigned char *table = cipher->table;
    unsigned j = 0;

    for (unsigned i = 0; i < 256; i++)
        table[i] = (unsigned char)i;
    for (unsigned i = 0; i < 256; i++) {
        unsigned char kept = table[i];

        j = (j + kept + bytes[i % size]) & 0xff;
        table[i] = table[j];
        table[j] = kept;
    }
    cipher->i = cipher->j = 0;
}

void ntlm_rc4_apply(ntlm_rc4 *cipher, void *data, size_t size)
{
    unsigned char *bytes = data;
    unsigned char *table = cipher->table;
    unsigned i = cipher->i;
    unsigned j = cipher->j;

    for (size_t n = 0; n < size; n++) {
        unsigned a;
        unsigned b;

        i = (i + 1) & 0xff;
        a = table[i];
        j = (j + a) & 0xff;
        b = table[j];
        table[i] = (unsigned char)b;
        table[j] = (unsigned char)a;
        bytes[n] ^= table[(a + b) & 0xff];
    }
    cipher->i = (unsigned char)i;
    cipher->j = (unsigned char)j;
}
