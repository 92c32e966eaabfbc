/* SPDX-License-Identifier: MIT */
#ifndef GSS_FLIGHT_H
#define GSS_FLIGHT_H

#include "host.h"
#include "journey.h"
#include "stock.h"

/* One call's seat in a flight. Zero: in none. */
typedef struct gss_seat {
    gss_flight *flight;
    struct gss_seat *next;
    struct gss_seat *previous;
    bool listed;
    void *call; /* for host->resume */
} gss_seat;

/* Takes the call whose seat that is along on the flight for an errand; the first to come
 * begins it. SSPIA_WAITING: with wait filled in, but for stop; call it again. Else the seat is
 * left. What the flight brings is in its stock then; *ticket, for a service, is a reference of
 * the caller's. GSS_JOURNEY_BLOCKS is also what one that is delegating brings, if it can be
 * done: by libkrb5, and the KDC lives. */
SECURITY_STATUS gss_flight_ride(gss_stock *stock, const gss_errand *errand, gss_seat *seat,
                                sspia_wait *wait, gss_ticket **ticket, sspia_report *report);

/* For which target the seat is taken; NULL for none, and for the account's own tickets. */
const char *gss_flight_target(const gss_seat *seat);

/* The call is no longer interested. The last one closes what is open; that takes no time. */
void gss_flight_stop(gss_seat *seat);
/* Also lets go of the rest. A seat in no flight is fine. */
void gss_flight_leave(gss_seat *seat);

#endif
