/* SPDX-License-Identifier: MIT */
#ifndef GSS_GREETING_H
#define GSS_GREETING_H

#include "mech.h"

#include <stddef.h>

#define GSS_GREETING_MAX 128u

/* Writes the token by which an acceptor of Negotiate that speaks first offers mechs
 * (GSS_MECH_*): NegTokenInit2 of MS-SPNG 2.2.1. At most GSS_GREETING_MAX bytes; how many. */
size_t gss_greeting_write(unsigned mechs, unsigned char *token);

#endif
