/* SPDX-License-Identifier: MIT */
#ifndef GSS_NTHASH_H
#define GSS_NTHASH_H

#include <stdbool.h>

#define GSS_NTHASH_SIZE 16
#define GSS_NTHASH_HEX  (2 * GSS_NTHASH_SIZE + 1)

/* NTOWFv1 of MS-NLMP 3.3.1, MD4 over the password in UTF-16LE, as hexadecimal text. The
 * caller wipes it. False if the password is not UTF-8 or has more than 256 characters, or
 * if OpenSSL has no MD4 here (legacy provider not installed). */
bool gss_nthash(const char *password, char hex[GSS_NTHASH_HEX]);

/* 32 hexadecimal digits of random: stands where a hash must stand that nobody may know. */
bool gss_nthash_random(char hex[GSS_NTHASH_HEX]);

#endif
