/* SPDX-License-Identifier: MIT */
#ifndef GSS_PLACES_H
#define GSS_PLACES_H

#include <stdbool.h>
#include <sys/types.h>

/* Descriptors that somebody may come to have open, out of as many as the module allows itself:
 * a quarter of what the process may have (RLIMIT_NOFILE), and 64 at least. Zero: none. */
typedef struct gss_places {
    struct gss_places *next;
    unsigned count;
    bool granted;
    bool queued;
    void *call;
    pid_t owner; /* the process that asked */
} gss_places;

/* Asks for so many. True: they are there. False: call is resumed when its turn has come, in the
 * order of asking, and asks again; so does whoever takes the matter over from it. */
bool gss_places_take(gss_places *places, unsigned count, void *call);

/* Gives them back, or leaves the queue. Resumes whose turn it is: call it with no lock held. */
void gss_places_give(gss_places *places);

#endif
