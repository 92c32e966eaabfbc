/* SPDX-License-Identifier: MIT */
/* What OpenSSL asks and tells of a connection while it works for it. */
#ifndef SCHANNEL_CALLBACK_H
#define SCHANNEL_CALLBACK_H

#include <openssl/ssl.h>
#include <stdbool.h>

/* For every SSL of ctx, whose app data is its context. False: OpenSSL failed. */
bool callback_install(SSL_CTX *ctx, bool server);

#endif
