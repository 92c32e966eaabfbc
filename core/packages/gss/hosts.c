/* SPDX-License-Identifier: MIT */
/*
 * Addresses of hosts. A look-up goes through the system (hosts file, DNS, whatever
 * nsswitch.conf names), so that a KDC is found where libkrb5 finds it.
 *
 * Invariant: the lock is held for a few comparisons and copies, never across a look-up.
 */
#include "hosts.h"

#include <netdb.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define KEPT      16
#define KEPT_LIFE 60 /* seconds */

struct kept {
    char host[256]; /* "": free */
    int64_t until;
    unsigned count;
    gss_hosts_address addresses[GSS_HOSTS_MAX];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept kept[KEPT];
static unsigned next; /* the one to be replaced */

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

/* Lock held. */
static struct kept *find(const char *host)
{
    for (unsigned i = 0; i < KEPT; i++) {
        if (strcmp(kept[i].host, host) == 0)
            return &kept[i];
    }
    return NULL;
}

static bool recall(const char *host, gss_hosts_address *addresses, unsigned *count)
{
    const struct kept *found;
    bool good;

    pthread_mutex_lock(&lock);
    found = find(host);
    good = found != NULL && found->until > now();
    if (good) {
        memcpy(addresses, found->addresses, found->count * sizeof addresses[0]);
        *count = found->count;
    }
    pthread_mutex_unlock(&lock);
    return good;
}

static void keep(const char *host, const gss_hosts_address *addresses, unsigned count)
{
    struct kept *place;

    if (strlen(host) >= sizeof place->host)
        return;
    pthread_mutex_lock(&lock);
    place = find(host);
    if (place == NULL)
        place = &kept[next++ % KEPT];
    snprintf(place->host, sizeof place->host, "%s", host);
    place->until = now() + KEPT_LIFE;
    place->count = count;
    memcpy(place->addresses, addresses, count * sizeof addresses[0]);
    pthread_mutex_unlock(&lock);
}

/* Asks the system; flags may restrict that to numbers. False if it does not say. */
static bool look_up(const char *host, int flags, gss_hosts_address *addresses, unsigned *count)
{
    struct addrinfo hint = {.ai_flags = flags, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    *count = 0;
    if (getaddrinfo(host, NULL, &hint, &found) != 0)
        return false;
    for (struct addrinfo *a = found; a != NULL && *count < GSS_HOSTS_MAX; a = a->ai_next) {
        if (a->ai_addrlen <= sizeof addresses[0].any)
            memcpy(&addresses[(*count)++].any, a->ai_addr, a->ai_addrlen);
    }
    freeaddrinfo(found);
    return true;
}

bool gss_hosts_find(const char *host, bool may_block, gss_hosts_address *addresses,
                    unsigned *count)
{
    if (look_up(host, AI_NUMERICHOST, addresses, count) || recall(host, addresses, count))
        return true;
    if (!may_block)
        return false;
    /* One that was not found is asked for again: the DNS may have been away. */
    if (look_up(host, AI_ADDRCONFIG, addresses, count))
        keep(host, addresses, *count);
    return true;
}

bool gss_hosts_same(const gss_hosts_address *one, const gss_hosts_address *other)
{
    if (one->any.sa.sa_family != other->any.sa.sa_family)
        return false;
    if (one->any.sa.sa_family == AF_INET6)
        return one->any.v6.sin6_port == other->any.v6.sin6_port &&
               memcmp(&one->any.v6.sin6_addr, &other->any.v6.sin6_addr,
                      sizeof one->any.v6.sin6_addr) == 0;
    return one->any.v4.sin_port == other->any.v4.sin_port &&
           one->any.v4.sin_addr.s_addr == other->any.v4.sin_addr.s_addr;
}
