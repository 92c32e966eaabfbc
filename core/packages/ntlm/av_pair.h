/* SPDX-License-Identifier: MIT */
#ifndef NTLM_AV_PAIR_H
#define NTLM_AV_PAIR_H

#include "bytes.h"

#include <stdbool.h>

/* MS-NLMP 2.2.2.1. */
enum {
    NTLM_AV_EOL = 0,
    NTLM_AV_NB_COMPUTER = 1,
    NTLM_AV_NB_DOMAIN = 2,
    NTLM_AV_DNS_COMPUTER = 3,
    NTLM_AV_DNS_DOMAIN = 4,
    NTLM_AV_FLAGS = 6,
    NTLM_AV_TIMESTAMP = 7,
    NTLM_AV_TARGET = 9,
    NTLM_AV_BINDINGS = 10
};

/* Values of NTLM_AV_FLAGS. */
#define NTLM_AV_HAS_MIC           0x2u
#define NTLM_AV_UNVERIFIED_TARGET 0x4u

#define NTLM_AV_HEAD 4u /* id and length */

/* Whether list is a sequence of pairs that ends inside it. An empty one is. */
bool ntlm_av_is_list(ntlm_bytes list);

/* The value of the first pair of this id; data is NULL if there is none. */
ntlm_bytes ntlm_av_find(ntlm_bytes list, unsigned id);

/* Takes the next pair off list; false at its end. */
bool ntlm_av_next(ntlm_bytes *list, unsigned *id, ntlm_bytes *value);

/* Writes a pair and returns the place after it; there must be room. */
unsigned char *ntlm_av_put(unsigned char *place, unsigned id, const void *value, size_t size);

#endif
