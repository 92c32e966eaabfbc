/* SPDX-License-Identifier: MIT */
#ifndef GSS_SOURCE_H
#define GSS_SOURCE_H

#include "flight.h"
#include "lease.h"
#include "recipe.h"

#include <pthread.h>

/*
 * A recipe for gss_cred_id_t's, and a few that are idle. The recipe is filled in once by plan.c
 * (gss_source_init before) and then read only; see source.c for the rest.
 */
struct gss_kept_ticket;

typedef struct gss_source {
    gss_recipe recipe;

    pthread_mutex_t lock; /* guards what follows */
    gss_lease *idle;
    unsigned idle_count;
    bool renewing;
    int64_t
        kerberos_again; /* until then Negotiate does without Kerberos; see gss_source_mechs */
    gss_tickets *tickets;
    gss_users *users;
    struct gss_kept_ticket *kept; /* tickets for services, the latest first */
    gss_flight **flights;         /* a table, or NULL; see flight.c */
    unsigned flight_count;
} gss_source;

void gss_source_init(gss_source *source);
void gss_source_clear(gss_source *source);

/* Reads the user file, if the recipe has one and it has changed. Called when the credential is
 * acquired, so that a file that is not there shows then; gss_source_take repeats it. */
SECURITY_STATUS gss_source_read_users(gss_source *source, sspia_report *report);

/* What may be negotiated now: the recipe's mechs, but without Kerberos for a while after the
 * KDC of the account could not be reached or did not know it, if NTLM is there instead. */
unsigned gss_source_mechs(gss_source *source);

/* Hands out a cred nobody else uses: an idle one, or a new one. mechs is what it may
 * negotiate (a subset of the recipe's); raw: one for that single mechanism, not SPNEGO. With
 * Kerberos it gets tickets first, where the recipe says from what, and may block. */
SECURITY_STATUS gss_source_take(gss_source *source, unsigned mechs, bool raw, gss_lease **lease,
                                sspia_report *report);
/* The same for an initiator, with its target set. mechs is what it may negotiate unless the
 * target's form or the KDC (gss_source_mechs) leaves less. */
SECURITY_STATUS gss_source_take_for(gss_source *source, const char *target, unsigned mechs,
                                    gss_lease **lease, sspia_report *report);
/* The same for Kerberos alone, and without blocking: with a lease that cannot reach the
 * network, because a ticket for the target is all that it has. SSPIA_WAITING as
 * gss_flight_ride, which seat is for; GSS_FLIGHT_BLOCKS: only gss_source_take_for, which may
 * block, can do it. */
SECURITY_STATUS gss_source_wait_for(gss_source *source, const gss_errand *errand,
                                    gss_seat *seat, sspia_wait *wait, gss_lease **lease,
                                    sspia_report *report);
/* What flight.c brings, for those who come later. */
void gss_source_keep_ticket(gss_source *source, const char *target, gss_ticket *ticket);
void gss_source_keep_tickets(gss_source *source, gss_tickets *tickets);
/* GSSAPI does not find in it what it needs: nobody else is to have its ticket. */
void gss_source_forget(gss_source *source, const gss_lease *lease);

/* Takes it back; NULL is fine. Does not block. */
void gss_source_give(gss_source *source, gss_lease *lease);

#endif
