/* SPDX-License-Identifier: MIT */
#ifndef NTLM_UPPER_H
#define NTLM_UPPER_H

#include <stddef.h>

/* Upper-cases UTF-16LE text in place, unit by unit, whatever the locale. */
void ntlm_upper(unsigned char *text, size_t size);

#endif
