/* SPDX-License-Identifier: MIT */
#ifndef GSS_SNIFF_H
#define GSS_SNIFF_H

#include "mech.h"

/* What the first token for an acceptor of Negotiate shows. */
typedef struct gss_sniffed {
    bool raw;           /* a token of the mechanism itself, without SPNEGO */
    unsigned offered;   /* GSS_MECH_* that the initiator offers; 0 if it cannot be seen */
    unsigned favourite; /* the first of these */
} gss_sniffed;

/* Looks, and never fails: what is malformed is for GSSAPI to refuse. */
void gss_sniff(const void *token, size_t size, gss_sniffed *sniffed);

#endif
