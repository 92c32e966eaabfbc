/* SPDX-License-Identifier: MIT */
/*
 * MD4, which hashes passwords here and nothing else (MS-NLMP 3.3.1, NTOWF). OpenSSL has it in
 * its legacy provider alone, which many systems do not install.
 */
#include "md4.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 64u

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | (~x & z);
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | (x & z) | (y & z);
}

static uint32_t parity(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

/* The order of words and the shifts of the three rounds (RFC 1320 3.4). */
static const struct {
    uint32_t (*mix)(uint32_t x, uint32_t y, uint32_t z);
    uint32_t add;
    unsigned char word[16];
    unsigned char shift[4];
} rounds[3] = {
    {choose, 0, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {3, 7, 11, 19}},
    {majority,
     0x5a827999,
     {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15},
     {3, 5, 9, 13}},
    {parity,
     0x6ed9eba1,
     {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15},
     {3, 9, 11, 15}},
};

static void add_block(uint32_t state[4], const unsigned char *block)
{
    uint32_t words[16];
    uint32_t a = state[0];
    uint32_t b = state[1];
    uint32_t c = state[2];
    uint32_t d = state[3];

    for (int i = 0; i < 16; i++)
        words[i] = (uint32_t)block[4 * i] | (uint32_t)block[4 * i + 1] << 8 |
                   (uint32_t)block[4 * i + 2] << 16 | (uint32_t)block[4 * i + 3] << 24;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 16; i++) {
            uint32_t sum = a + rounds[round].mix(b, c, d) + words[rounds[round].word[i]] +
                           rounds[round].add;

            a = d;
            d = c;
            c = b;
            b = rotate(sum, rounds[round].shift[i % 4]);
        }
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    OPENSSL_cleanse(words, sizeof words);
}

void ntlm_md4(const void *data, size_t size, unsigned char digest[NTLM_MD4_SIZE])
{
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    unsigned char last[2 * BLOCK] = {0};
    const unsigned char *next = data;
    size_t rest = size % BLOCK;
    size_t padded = rest < BLOCK - 8 ? BLOCK : 2 * BLOCK;
    uint64_t bits = (uint64_t)size * 8;

    for (; (size_t)(next - (const unsigned char *)data) + BLOCK <= size; next += BLOCK)
        add_block(state, next);
    if (rest > 0)
        memcpy(last, next, rest);
    last[rest] = 0x80;
    for (unsigned i = 0; i < 8; i++)
        last[padded - 8 + i] = (unsigned char)(bits >> (8 * i));
    add_block(state, last);
    if (padded > BLOCK)
        add_block(state, last + BLOCK);
    for (unsigned i = 0; i < NTLM_MD4_SIZE; i++)
        digest[i] = (unsigned char)(state[i / 4] >> (8 * (i % 4)));
    OPENSSL_cleanse(last, sizeof last);
    OPENSSL_cleanse(state, sizeof state);
}
