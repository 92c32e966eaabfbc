/* SPDX-License-Identifier: MIT */
/* One's own certificate. */
#ifndef SCHANNEL_IDENTITY_H
#define SCHANNEL_IDENTITY_H

#include <openssl/x509.h>

struct identity {
    X509 *leaf;
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* without the leaf; never NULL */
};

void identity_free(struct identity *identity);

#endif
