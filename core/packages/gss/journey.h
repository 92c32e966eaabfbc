/* SPDX-License-Identifier: MIT */
#ifndef GSS_JOURNEY_H
#define GSS_JOURNEY_H

#include "recipe.h"
#include "ticket.h"
#include "tickets.h"

/*
 * The way to tickets: those of an account (AS exchange), or one for a service (TGS exchanges,
 * referrals included). One call at a time makes it.
 */
typedef struct gss_journey gss_journey;

/* What it is for. */
typedef struct gss_errand {
    const char *target; /* a service; NULL: the account's own tickets */
    bool delegating;    /* the ticket is to show whether the account can be delegated now */
} gss_errand;

/* No status of a caller's: the way that our own sockets go leads not there. libkrb5 has to do
 * it itself, on a thread that may block. */
#define GSS_JOURNEY_BLOCKS ((SECURITY_STATUS)0x00097002)

/* tickets, or NULL: those that one for a service is got with. NULL if memory ran out. */
gss_journey *gss_journey_begin(const gss_recipe *recipe, const gss_errand *errand,
                               gss_tickets *tickets);

/* As far as it goes. SSPIA_WAITING with wait filled in, but for stop; or what it ends with.
 * GSS_JOURNEY_BLOCKS is also how one that is delegating ends, if it can be done: by libkrb5,
 * and the KDC lives. So is it of a service that acts for users: libkrb5 gets their tickets. */
SECURITY_STATUS gss_journey_go(gss_journey *journey, sspia_wait *wait);

/* Closes what is open; that takes no time. */
void gss_journey_stop(gss_journey *journey);
void gss_journey_end(gss_journey *journey); /* NULL is fine */

/* All belong to the journey. */
const char *gss_journey_target(const gss_journey *journey);
gss_ticket *gss_journey_ticket(const gss_journey *journey);   /* that was got, for a service */
gss_tickets *gss_journey_tickets(const gss_journey *journey); /* or for the account */
const sspia_report *gss_journey_report(const gss_journey *journey); /* of one that failed */

#endif
