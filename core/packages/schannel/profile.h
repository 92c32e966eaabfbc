/* SPDX-License-Identifier: MIT */
/* What a set of settings amounts to: an SSL_CTX, shared by all credentials that have the
 * same settings. */
#ifndef SCHANNEL_PROFILE_H
#define SCHANNEL_PROFILE_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "certificate.h"
#include "cookie.h"
#include "settings.h"
#include "suite.h"
#include "ticket.h"

/* Sets the callbacks of a new SSL_CTX. False: OpenSSL failed. */
typedef bool profile_install(SSL_CTX *ctx, bool server);

struct profile {
    struct profile *next;
    uint32_t references;
    uint8_t digest[SETTINGS_DIGEST_SIZE];

    /* Constant from here on. */
    SSL_CTX *ctx; /* of TLS */
    bool server;
    uint32_t flags;     /* SCH_* */
    uint32_t protocols; /* SP_PROT_* of this side */
    uint32_t min_bits, max_bits;
    uint32_t lifespan_seconds;
    struct identity identities[SETTINGS_CERTIFICATES_MAX];
    uint32_t identity_count;
    struct ticket_key ticket_key; /* a server's, for credentials without keys of the caller's */
    uint8_t cookie_key[COOKIE_KEY_SIZE]; /* a server's, for DTLS */
    struct suite_lists lists;
    profile_install *install;
    int64_t expiry; /* of the first identity; INT64_MAX without one */

    pthread_mutex_t lock;
    SSL_CTX *datagrams; /* under the lock: made when the first context of DTLS wants it */
};

/* A reference to the profile of these settings, made if there is none. */
SECURITY_STATUS profile_acquire(const struct settings *settings, bool server,
                                profile_install *install, struct profile **profile,
                                sspia_report *report);
void profile_release(struct profile *profile);

/* The one for TLS or for DTLS, for a new connection. SEC_E_ALGORITHM_MISMATCH: the settings
 * leave it out. */
SECURITY_STATUS profile_ctx(struct profile *profile, bool datagrams, SSL_CTX **ctx,
                            sspia_report *report);

/* Gives an SSL those of its certificates that are for a host, or all if name is NULL. False:
 * there is none. */
bool profile_use_identities(const struct profile *profile, SSL *ssl, const char *name);

#endif
