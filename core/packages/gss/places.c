/* SPDX-License-Identifier: MIT */
/*
 * The module's share of the process's descriptors.
 *
 * Invariants:
 *   1. Places are granted in the order of asking: nobody is granted while somebody is queued
 *      before him.
 *   2. used is the sum of count over all that are granted; it exceeds limit never.
 *   3. The lock is a leaf. Nobody is resumed under it.
 *   4. The child of a fork begins with none: who had or wanted places is not there.
 */
#include "places.h"
#include "host.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

#define AT_LEAST 64u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned limit;
static unsigned used;
static gss_places *first;
static gss_places **last = &first;
static pid_t owner;

/* Lock held. In a process that asks for the first time. */
static void begin(void)
{
    struct rlimit files;

    owner = getpid();
    used = 0;
    first = NULL;
    last = &first;
    limit = AT_LEAST;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur / 4 > AT_LEAST)
        limit = files.rlim_cur / 4 < 1u << 20 ? (unsigned)(files.rlim_cur / 4) : 1u << 20;
}

static void unlink_queued(gss_places *places)
{
    gss_places **link = &first;

    while (*link != places)
        link = &(*link)->next;
    *link = places->next;
    if (last == &places->next)
        last = link;
    places->queued = false;
}

bool gss_places_take(gss_places *places, unsigned count, void *call)
{
    bool granted;

    pthread_mutex_lock(&lock);
    if (owner != getpid())
        begin();
    if (places->owner != owner)
        *places = (gss_places){.owner = owner};
    places->call = call;
    if (!places->granted && !places->queued) {
        places->count = count < limit ? count : limit;
        if (first == NULL && used + places->count <= limit) {
            places->granted = true;
            used += places->count;
        } else {
            places->queued = true;
            places->next = NULL;
            *last = places;
            last = &places->next;
        }
    }
    granted = places->granted;
    pthread_mutex_unlock(&lock);
    return granted;
}

/* Grants the first of the queue, if there is room. The call to be resumed, or NULL. */
static void *grant(void)
{
    gss_places *places;
    void *call = NULL;

    pthread_mutex_lock(&lock);
    places = owner == getpid() ? first : NULL;
    if (places != NULL && used + places->count <= limit) {
        unlink_queued(places);
        places->granted = true;
        used += places->count;
        call = places->call;
    }
    pthread_mutex_unlock(&lock);
    return call;
}

void gss_places_give(gss_places *places)
{
    void *call;

    pthread_mutex_lock(&lock);
    if (places->owner != owner || owner != getpid())
        *places = (gss_places){.owner = owner};
    if (places->queued)
        unlink_queued(places);
    if (places->granted)
        used -= places->count;
    places->granted = false;
    pthread_mutex_unlock(&lock);
    while ((call = grant()) != NULL)
        gss_host->resume(call);
}
