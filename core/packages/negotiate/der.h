/* SPDX-License-Identifier: MIT */
/* As much of DER (X.690) as SPNEGO has: tags of one byte, lengths of up to four. */
#ifndef NEGOTIATE_DER_H
#define NEGOTIATE_DER_H

#include <stdbool.h>
#include <stddef.h>

/* Somebody else's bytes. */
typedef struct neg_bytes {
    const unsigned char *data;
    size_t size;
} neg_bytes;

bool neg_bytes_equal(neg_bytes a, neg_bytes b);

/* Takes the element at the front of rest if it has this tag and is whole. Lengths need not be
 * written in the shortest way: some do not. */
bool neg_der_take(neg_bytes *rest, unsigned char tag, neg_bytes *content);

/* The size of an element with so much content, and its tag and length, which end before
 * `content` begins. Returns where the content goes. */
size_t neg_der_size(size_t content);
unsigned char *neg_der_put(unsigned char *place, unsigned char tag, size_t content);

#endif
