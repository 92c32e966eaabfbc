/* SPDX-License-Identifier: MIT */
/* Sessions that an initiator may resume, kept inside its credential. */
#ifndef SCHANNEL_SESSION_H
#define SCHANNEL_SESSION_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define SESSIONS_MAX         128u /* in one credential; the oldest goes first */
#define SESSIONS_EACH_TARGET 4u

struct session_entry {
    char *key; /* NULL: free */
    SSL_SESSION *session;
    int64_t expiry; /* seconds since 1970 */
    uint64_t age;   /* larger is newer */
};

struct session_cache {
    pthread_mutex_t lock;
    uint64_t clock;
    struct session_entry entries[SESSIONS_MAX];
};

void session_cache_init(struct session_cache *cache);
void session_cache_destroy(struct session_cache *cache);

/* Keeps a session for key. On success the cache owns the reference; false: the caller
 * still does. */
bool session_cache_put(struct session_cache *cache, const char *key, SSL_SESSION *session,
                       int64_t expiry);

/* A reference to the newest session of key that can be resumed, or NULL. A session of TLS 1.3
 * is taken out: a ticket is for one connection (RFC 8446 C.4). */
SSL_SESSION *session_cache_take(struct session_cache *cache, const char *key);

/* Forgets the sessions of key. */
void session_cache_drop(struct session_cache *cache, const char *key);

#endif
