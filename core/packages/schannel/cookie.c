/* SPDX-License-Identifier: MIT */
#include "cookie.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

bool cookie_make(const uint8_t key[COOKIE_KEY_SIZE], const uint8_t *address, size_t size,
                 uint8_t cookie[COOKIE_SIZE])
{
    unsigned length = 0;

    return HMAC(EVP_sha256(), key, COOKIE_KEY_SIZE, address, size, cookie, &length) != NULL &&
           length == COOKIE_SIZE;
}
