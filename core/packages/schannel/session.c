/* SPDX-License-Identifier: MIT */
/*
 * The lock covers all members. No function of OpenSSL that could call back into this
 * package runs under it; SSL_SESSION_free and the like do not.
 */
#include "session.h"

#include <string.h>
#include <time.h>

void session_cache_init(struct session_cache *cache)
{
    *cache = (struct session_cache){0};
    pthread_mutex_init(&cache->lock, NULL);
}

static void clear(struct session_entry *entry)
{
    OPENSSL_free(entry->key);
    SSL_SESSION_free(entry->session);
    *entry = (struct session_entry){0};
}

void session_cache_destroy(struct session_cache *cache)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        clear(&cache->entries[i]);
    pthread_mutex_destroy(&cache->lock);
}

/* Where a new session of key goes: the oldest of its target if that has enough, a free
 * place, or the oldest of all. */
static struct session_entry *place_for(struct session_cache *cache, const char *key)
{
    struct session_entry *oldest_same = NULL, *oldest = NULL, *unused = NULL;
    size_t same = 0;

    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session_entry *entry = &cache->entries[i];

        if (entry->key == NULL) {
            unused = entry;
            continue;
        }
        if (oldest == NULL || entry->age < oldest->age)
            oldest = entry;
        if (strcmp(entry->key, key) == 0) {
            same++;
            if (oldest_same == NULL || entry->age < oldest_same->age)
                oldest_same = entry;
        }
    }
    if (same >= SESSIONS_EACH_TARGET)
        return oldest_same;
    return unused != NULL ? unused : oldest;
}

bool session_cache_put(struct session_cache *cache, const char *key, SSL_SESSION *session,
                       int64_t expiry)
{
    char *copy = OPENSSL_strdup(key);
    struct session_entry *entry;

    if (copy == NULL)
        return false;
    pthread_mutex_lock(&cache->lock);
    entry = place_for(cache, key);
    clear(entry);
    *entry = (struct session_entry){
        .key = copy,
        .session = session,
        .expiry = expiry,
        .age = ++cache->clock,
    };
    pthread_mutex_unlock(&cache->lock);
    return true;
}

SSL_SESSION *session_cache_take(struct session_cache *cache, const char *key)
{
    const int64_t now = (int64_t)time(NULL);
    struct session_entry *newest = NULL;
    SSL_SESSION *session = NULL;

    pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session_entry *entry = &cache->entries[i];

        if (entry->key == NULL || strcmp(entry->key, key) != 0)
            continue;
        if (entry->expiry <= now || SSL_SESSION_is_resumable(entry->session) != 1)
            clear(entry);
        else if (newest == NULL || entry->age > newest->age)
            newest = entry;
    }
    if (newest != NULL) {
        session = newest->session;
        SSL_SESSION_up_ref(session);
        if (SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION)
            clear(newest);
    }
    pthread_mutex_unlock(&cache->lock);
    return session;
}

void session_cache_drop(struct session_cache *cache, const char *key)
{
    pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (cache->entries[i].key != NULL && strcmp(cache->entries[i].key, key) == 0)
            clear(&cache->entries[i]);
    }
    pthread_mutex_unlock(&cache->lock);
}
