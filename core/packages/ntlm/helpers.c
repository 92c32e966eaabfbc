/* SPDX-License-Identifier: MIT */
/*
 * The helpers of a program, and the line of those who want one.
 *
 * Invariants, under the lock:
 *   1. free_places + those INSIDE = NTLM_HELPERS_MAX; somebody is in line only if free_places
 * is 0.
 *   2. A helper is idle here or held by one who is INSIDE. Its process is started and ended
 * with the lock free.
 *
 * A fork's child begins anew: its helpers would be its parent's, whose answers it could steal.
 * The handler below only closes what is idle; it takes no lock, which another thread of the
 * parent may have held, and makes a new one. Places that were taken before the fork say so
 * (owner), and are counted no more.
 */
#include "helpers.h"
#include "host.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct ntlm_helpers {
    struct ntlm_helpers *next;
    pthread_mutex_t lock;
    pthread_cond_t turn; /* for threads that wait */
    unsigned free_places;
    ntlm_helper *idle;
    ntlm_place *first, *last; /* of the line */
    char path[];
};

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static ntlm_helpers *list;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin(ntlm_helpers *helpers)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&helpers->lock, NULL);
    pthread_cond_init(&helpers->turn, &attributes);
    pthread_condattr_destroy(&attributes);
    helpers->free_places = NTLM_HELPERS_MAX;
    helpers->idle = NULL;
    helpers->first = helpers->last = NULL;
}

static void begin_anew_in_child(void)
{
    pthread_mutex_init(&list_lock, NULL);
    for (ntlm_helpers *helpers = list; helpers != NULL; helpers = helpers->next) {
        ntlm_helper *idle = helpers->idle;

        begin(helpers);
        while (idle != NULL) {
            ntlm_helper *next = idle->next;

            ntlm_helper_end(idle);
            idle = next;
        }
    }
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, begin_anew_in_child);
}

ntlm_helpers *ntlm_helpers_of(const char *path)
{
    ntlm_helpers *found;

    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&list_lock);
    for (found = list; found != NULL && strcmp(found->path, path) != 0;)
        found = found->next;
    if (found == NULL) {
        found = malloc(sizeof *found + strlen(path) + 1);
        if (found != NULL) {
            strcpy(found->path, path);
            begin(found);
            found->next = list;
            list = found;
        }
    }
    pthread_mutex_unlock(&list_lock);
    return found;
}

const char *ntlm_helpers_path(const ntlm_helpers *helpers)
{
    return helpers->path;
}

static void join(ntlm_helpers *helpers, ntlm_place *place)
{
    place->state = NTLM_IN_LINE;
    place->next = NULL;
    place->previous = helpers->last;
    if (helpers->last != NULL)
        helpers->last->next = place;
    else
        helpers->first = place;
    helpers->last = place;
}

static void unlink_from_line(ntlm_helpers *helpers, ntlm_place *place)
{
    if (place->previous != NULL)
        place->previous->next = place->next;
    else
        helpers->first = place->next;
    if (place->next != NULL)
        place->next->previous = place->previous;
    else
        helpers->last = place->previous;
    place->next = place->previous = NULL;
}

bool ntlm_helpers_enter(ntlm_helpers *helpers, ntlm_place *place, void *call)
{
    bool inside;

    pthread_mutex_lock(&helpers->lock);
    place->call = call;
    if (place->state == NTLM_OUTSIDE) {
        place->owner = getpid();
        if (helpers->free_places > 0) {
            helpers->free_places--;
            place->state = NTLM_INSIDE;
            place->helper = helpers->idle;
            if (helpers->idle != NULL)
                helpers->idle = helpers->idle->next;
        } else {
            join(helpers, place);
        }
    }
    inside = place->state == NTLM_INSIDE;
    pthread_mutex_unlock(&helpers->lock);
    return inside;
}

bool ntlm_helpers_wait(ntlm_helpers *helpers, ntlm_place *place, int64_t until)
{
    const struct timespec limit = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    bool inside;

    pthread_mutex_lock(&helpers->lock);
    while (place->state != NTLM_INSIDE &&
           pthread_cond_timedwait(&helpers->turn, &helpers->lock, &limit) == 0)
        ;
    inside = place->state == NTLM_INSIDE;
    pthread_mutex_unlock(&helpers->lock);
    return inside;
}

/* Hands the place on, to the first in line if there is one. Returns the call to be resumed. */
static void *hand_on(ntlm_helpers *helpers, ntlm_helper *helper)
{
    ntlm_place *next = helpers->first;

    if (next == NULL) {
        helpers->free_places++;
        if (helper != NULL) {
            helper->next = helpers->idle;
            helpers->idle = helper;
        }
        return NULL;
    }
    unlink_from_line(helpers, next);
    next->state = NTLM_INSIDE;
    next->helper = helper;
    if (next->call == NULL)
        pthread_cond_broadcast(&helpers->turn);
    return next->call;
}

void ntlm_helpers_leave(ntlm_helpers *helpers, ntlm_place *place)
{
    void *call = NULL;

    if (place->owner != getpid()) {
        if (place->state == NTLM_INSIDE)
            ntlm_helper_end(place->helper);
    } else {
        pthread_mutex_lock(&helpers->lock);
        if (place->state == NTLM_IN_LINE)
            unlink_from_line(helpers, place);
        else if (place->state == NTLM_INSIDE)
            call = hand_on(helpers, place->helper);
        pthread_mutex_unlock(&helpers->lock);
    }
    place->state = NTLM_OUTSIDE;
    place->helper = NULL;
    if (call != NULL)
        ntlm_host->resume(call);
}
