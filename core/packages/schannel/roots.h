/* SPDX-License-Identifier: MIT */
/* Whom a credential trusts. */
#ifndef SCHANNEL_ROOTS_H
#define SCHANNEL_ROOTS_H

#include <openssl/ssl.h>

#include "settings.h"

/* Fills the store of ctx. With roots of the caller's, names (may be NULL) receives their
 * subjects, for a server to tell its clients. */
SECURITY_STATUS roots_load(SSL_CTX *ctx, const struct settings *settings,
                           STACK_OF(X509_NAME) * names, sspia_report *report);

#endif
