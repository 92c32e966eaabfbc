/* SPDX-License-Identifier: MIT */
#include "identity.h"

void identity_free(struct identity *identity)
{
    X509_free(identity->leaf);
    EVP_PKEY_free(identity->key);
    sk_X509_pop_free(identity->chain, X509_free);
    *identity = (struct identity){0};
}
