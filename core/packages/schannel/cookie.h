/* SPDX-License-Identifier: MIT */
/* Cookies of DTLS (RFC 6347 4.2.1): a server does no work for whom its answers do not reach. */
#ifndef SCHANNEL_COOKIE_H
#define SCHANNEL_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COOKIE_KEY_SIZE 32u
#define COOKIE_SIZE     32u

/* HMAC-SHA-256 of an address, whatever the caller has for one. False: OpenSSL failed. */
bool cookie_make(const uint8_t key[COOKIE_KEY_SIZE], const uint8_t *address, size_t size,
                 uint8_t cookie[COOKIE_SIZE]);

#endif
