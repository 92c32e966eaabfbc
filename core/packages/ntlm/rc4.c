/* SPDX-License-Identifier: MIT */
/* RC4, which MS-NLMP 3.4.3 seals with. OpenSSL has it in its legacy provider alone. */
#include "rc4.h"

#include <stdint.h>

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

/* The next byte of the stream. */
static unsigned next(unsigned char *table, unsigned *i, unsigned *j)
{
    unsigned a;
    unsigned b;

    *i = (*i + 1) & 0xff;
    a = table[*i];
    *j = (*j + a) & 0xff;
    b = table[*j];
    table[*i] = (unsigned char)b;
    table[*j] = (unsigned char)a;
    return table[(a + b) & 0xff];
}

/* Four bytes, the first one lowest. */
static uint32_t next_four(unsigned char *table, unsigned *i, unsigned *j)
{
    uint32_t word = next(table, i, j);

    word |= next(table, i, j) << 8;
    word |= next(table, i, j) << 16;
    word |= next(table, i, j) << 24;
    return word;
}

/* Four bytes at a time: a write to the data could be one to the table, for all that the
 * compiler knows, so that each costs it a reload. */
void ntlm_rc4_apply(ntlm_rc4 *cipher, void *data, size_t size)
{
    unsigned char *bytes = data;
    unsigned i = cipher->i;
    unsigned j = cipher->j;

    for (; size >= 4; size -= 4, bytes += 4) {
        const uint32_t stream = next_four(cipher->table, &i, &j);
        const uint32_t word = stream ^ ((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
                                        (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24);

        bytes[0] = (unsigned char)word;
        bytes[1] = (unsigned char)(word >> 8);
        bytes[2] = (unsigned char)(word >> 16);
        bytes[3] = (unsigned char)(word >> 24);
    }
    for (; size > 0; size--)
        *bytes++ ^= (unsigned char)next(cipher->table, &i, &j);
    cipher->i = (unsigned char)i;
    cipher->j = (unsigned char)j;
}
