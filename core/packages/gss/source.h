/* SPDX-License-Identifier: MIT */
#ifndef GSS_SOURCE_H
#define GSS_SOURCE_H

#include "flight.h"
#include "lease.h"
#include "recipe.h"

/*
 * A recipe for gss_cred_id_t's, and a few that are idle. The recipe is filled in once by plan.c
 * (gss_source_init before) and then read only; see source.c for the rest.
 */
typedef struct gss_source {
    gss_recipe recipe;

    gss_stock stock; /* its lock guards what follows, too */
    gss_lease *idle;
    unsigned idle_count;
    bool renewing;
} gss_source;

void gss_source_init(gss_source *source);
void gss_source_clear(gss_source *source);

/* Hands out a cred nobody else uses: an idle one, or a new one. It gets tickets first, where
 * the recipe says from what, and may block; call: for whom, as gss_tickets_get. */
SECURITY_STATUS gss_source_take(gss_source *source, void *call, gss_lease **lease,
                                sspia_report *report);
/* The same for an initiator, with its target set. */
SECURITY_STATUS gss_source_take_for(gss_source *source, const char *target, void *call,
                                    gss_lease **lease, sspia_report *report);
/* The same without blocking: with a lease that cannot reach the
 * network, because a ticket for the target is all that it has. SSPIA_WAITING as
 * gss_flight_ride, which seat is for; GSS_JOURNEY_BLOCKS: only gss_source_take_for, which may
 * block, can do it. */
SECURITY_STATUS gss_source_wait_for(gss_source *source, const gss_errand *errand,
                                    gss_seat *seat, sspia_wait *wait, gss_lease **lease,
                                    sspia_report *report);
/* Gets the account's own tickets, if the source lacks them and the recipe says from what. Does
 * not block; returns as gss_flight_ride, or SEC_E_OK. */
SECURITY_STATUS gss_source_log_on(gss_source *source, gss_seat *seat, sspia_wait *wait,
                                  sspia_report *report);
/* Takes it back; NULL is fine. Does not block. */
void gss_source_give(gss_source *source, gss_lease *lease);

#endif
