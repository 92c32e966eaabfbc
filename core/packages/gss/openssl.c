/* SPDX-License-Identifier: MIT */
/*
 * The OpenSSL that libkrb5 and its plug-ins use. Kerberos itself calls none of it, and so is
 * not linked with one: a system may have OpenSSL 3, its predecessor, both, or neither.
 */
#include "openssl.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

#define LOAD_CRYPTO_STRINGS UINT64_C(2) /* OPENSSL_INIT_LOAD_CRYPTO_STRINGS */

typedef int start_fn(uint64_t options, const void *settings);

void gss_openssl_start(void)
{
    static const char *const names[] = {"libcrypto.so.3", "libcrypto.so.1.1"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        void *library = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
        void *symbol = library != NULL ? dlsym(library, "OPENSSL_init_crypto") : NULL;
        start_fn *start;

        if (symbol == NULL)
            continue;
        memcpy(&start, &symbol, sizeof start); /* ISO C has no cast from object to function */
        start(LOAD_CRYPTO_STRINGS, NULL);
    }
}
