/* SPDX-License-Identifier: MIT */
/* What a set of settings amounts to: an SSL_CTX, shared by all credentials that have the
 * same settings. */
#ifndef SCHANNEL_PROFILE_H
#define SCHANNEL_PROFILE_H

#include <openssl/ssl.h>

#include "certificate.h"
#include "settings.h"
#include "ticket.h"

struct profile {
    struct profile *next;
    uint32_t references;
    uint8_t digest[SETTINGS_DIGEST_SIZE];

    /* Constant from here on. */
    SSL_CTX *ctx;
    bool server;
    uint32_t flags;     /* SCH_* */
    uint32_t protocols; /* SP_PROT_* of this side */
    uint32_t min_bits, max_bits;
    uint32_t lifespan_seconds;
    struct identity identities[SETTINGS_CERTIFICATES_MAX];
    uint32_t identity_count;
    struct ticket_key ticket_key; /* a server's, for credentials without keys of the caller's */
    int64_t expiry;               /* of the first identity; INT64_MAX without one */
};

/* Sets the callbacks of a new SSL_CTX. False: OpenSSL failed. */
typedef bool profile_install(SSL_CTX *ctx, bool server);

/* A reference to the profile of these settings, made if there is none. */
SECURITY_STATUS profile_acquire(const struct settings *settings, bool server,
                                profile_install *install, struct profile **profile,
                                sspia_report *report);
void profile_release(struct profile *profile);

/* Gives an SSL those of its certificates that are for a host, or all if name is NULL. False:
 * there is none. */
bool profile_use_identities(const struct profile *profile, SSL *ssl, const char *name);

#endif
