/* SPDX-License-Identifier: MIT */
#ifndef GSS_DER_H
#define GSS_DER_H

#include <stdbool.h>
#include <stddef.h>

/* A stretch of DER. */
typedef struct gss_der {
    const unsigned char *next;
    size_t left;
} gss_der;

/* Takes one element with the tag off the front of *from; its content. Lengths that are
 * indefinite, longer than four bytes or longer than what is there are refused. */
bool gss_der_take(gss_der *from, unsigned char tag, gss_der *content);

#endif
