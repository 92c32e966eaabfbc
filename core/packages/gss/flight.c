/* SPDX-License-Identifier: MIT */
/*
 * A flight takes all calls along that want the same tickets with the same credential (stock.h).
 *
 * One of the calls leads: it has the descriptors in its wait, and goes the way (journey.h). The
 * others are resumed when all is over.
 *
 * Invariants:
 *   1. The lock of its stock guards a flight's place in the table there, its seats, its
 *      leader and its references. It is a leaf: no function of GSSAPI or libkrb5, no close and
 *      no resume happens under it.
 *   2. The journey is touched by the leader's call alone while that runs; between two calls of
 *      the leader by nobody, but for gss_flight_stop by the last one to leave. The core runs a
 *      call, or stops it, never both at once.
 *   3. A flight that is in the table has a leader, and every seat of it is in its list of
 *      seats. It leaves the table when it lands or its last seat does, so nobody boards one
 *      that does not fly.
 *   4. Whoever becomes leader is resumed after that. Whoever is resumed finds out under the
 *      lock whether he leads or all is over; so one resumed too often does no harm.
 *   5. Nobody boards a flight of the process that this one was forked from: its leader is not
 *      there.
 *   6. A seat that has a flight has a reference to it. What landed does not change any more.
 */
#include "flight.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUCKETS 256u

struct gss_flight {
    /* Guarded by the lock of the stock (invariant 1). */
    gss_flight *next;
    gss_flight **link; /* what points to it in the table; NULL: it is not there */
    unsigned references;
    gss_seat *seats;
    gss_seat *leader;
    bool landed;
    pid_t owner; /* the process that began it */

    gss_stock *stock;
    bool delegating;
    gss_journey *journey;
    SECURITY_STATUS status; /* once landed */
};

static const char *target_of(const gss_flight *flight)
{
    return gss_journey_target(flight->journey);
}

static bool same_target(const char *one, const char *other)
{
    return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

/* Lock held. */
static void sit_down(gss_flight *flight, gss_seat *seat)
{
    seat->flight = flight;
    seat->previous = NULL;
    seat->next = flight->seats;
    if (flight->seats != NULL)
        flight->seats->previous = seat;
    flight->seats = seat;
    seat->listed = true;
    flight->references++;
}

/* Lock held. */
static void stand_up(gss_flight *flight, gss_seat *seat)
{
    if (!seat->listed)
        return;
    if (seat->previous != NULL)
        seat->previous->next = seat->next;
    else
        flight->seats = seat->next;
    if (seat->next != NULL)
        seat->next->previous = seat->previous;
    seat->listed = false;
}

/* Lock held. */
static void unlist(gss_flight *flight)
{
    if (flight->link == NULL)
        return;
    *flight->link = flight->next;
    if (flight->next != NULL)
        flight->next->link = flight->link;
    flight->link = NULL;
    flight->stock->flight_count--;
}

/* Where flights for a target are (FNV-1a). Lock held; NULL if memory ran out. */
static gss_flight **bucket_of(gss_stock *stock, const char *target)
{
    uint32_t hash = 2166136261u;

    if (stock->flights == NULL)
        stock->flights = calloc(BUCKETS, sizeof stock->flights[0]);
    if (stock->flights == NULL)
        return NULL;
    for (; target != NULL && *target != '\0'; target++)
        hash = (hash ^ (unsigned char)*target) * 16777619u;
    return &stock->flights[hash % BUCKETS];
}

/* Lock held; NULL if memory ran out. */
static gss_flight *begin(gss_stock *stock, const gss_errand *errand, gss_flight **bucket)
{
    gss_flight *flight = calloc(1, sizeof *flight);

    if (flight != NULL)
        flight->journey = gss_journey_begin(stock->recipe, errand, stock->tickets);
    if (flight == NULL || flight->journey == NULL) {
        free(flight);
        return NULL;
    }
    flight->stock = stock;
    flight->owner = getpid();
    flight->delegating = errand->delegating;
    flight->next = *bucket;
    flight->link = bucket;
    if (flight->next != NULL)
        flight->next->link = &flight->next;
    *bucket = flight;
    stock->flight_count++;
    return flight;
}

/* Lock held. False if memory ran out. */
static bool board(gss_stock *stock, const gss_errand *errand, gss_seat *seat)
{
    gss_flight **bucket = bucket_of(stock, errand->target);
    gss_flight *flight = bucket != NULL ? *bucket : NULL;
    const pid_t owner = getpid();

    while (flight != NULL &&
           (flight->owner != owner || flight->delegating != errand->delegating ||
            !same_target(target_of(flight), errand->target)))
        flight = flight->next;
    if (flight == NULL && bucket != NULL) {
        flight = begin(stock, errand, bucket);
        if (flight != NULL)
            flight->leader = seat;
    }
    if (flight != NULL)
        sit_down(flight, seat);
    return flight != NULL;
}

void gss_flight_stop(gss_seat *seat)
{
    gss_flight *flight = seat->flight;
    gss_stock *stock;
    void *heir = NULL;
    bool last;

    if (flight == NULL)
        return;
    stock = flight->stock;
    pthread_mutex_lock(&stock->lock);
    stand_up(flight, seat);
    last = flight->seats == NULL && !flight->landed;
    if (last) {
        unlist(flight);
    } else if (flight->leader == seat && !flight->landed) {
        flight->leader = flight->seats;
        heir = flight->leader->call;
    }
    pthread_mutex_unlock(&stock->lock);
    if (last)
        gss_journey_stop(flight->journey);
    if (heir != NULL)
        gss_host->resume(heir);
}

void gss_flight_leave(gss_seat *seat)
{
    gss_flight *flight = seat->flight;
    bool last;

    if (flight == NULL)
        return;
    gss_flight_stop(seat);
    pthread_mutex_lock(&flight->stock->lock);
    last = --flight->references == 0;
    pthread_mutex_unlock(&flight->stock->lock);
    seat->flight = NULL;
    if (!last)
        return;
    gss_journey_end(flight->journey);
    free(flight);
}

const char *gss_flight_target(const gss_seat *seat)
{
    return seat->flight != NULL ? target_of(seat->flight) : NULL;
}

/* All is over: keeps what there is, and tells those who wait. */
static void land(gss_flight *flight, SECURITY_STATUS status)
{
    pthread_mutex_t *lock = &flight->stock->lock;

    gss_journey_stop(flight->journey);
    flight->status = status;
    /* Before anybody is told, who would begin another flight for it. */
    if (status == SEC_E_OK && target_of(flight) != NULL)
        gss_stock_put(flight->stock, target_of(flight), gss_journey_ticket(flight->journey));
    else if (status == SEC_E_OK)
        gss_stock_put_tickets(flight->stock,
                              gss_tickets_keep(gss_journey_tickets(flight->journey)));
    pthread_mutex_lock(lock);
    unlist(flight);
    flight->landed = true;
    while (flight->seats != NULL) {
        gss_seat *seat = flight->seats;
        void *call = seat->call;

        stand_up(flight, seat);
        if (seat == flight->leader)
            continue;
        pthread_mutex_unlock(lock);
        gss_host->resume(call);
        pthread_mutex_lock(lock);
    }
    pthread_mutex_unlock(lock);
}

/* For those who have no descriptors: until they are resumed. */
static void wait_for_leader(sspia_wait *wait)
{
    wait->flags = 0;
    wait->fds = NULL;
    wait->fd_count = 0;
    wait->until = INT64_MAX;
}

SECURITY_STATUS gss_flight_ride(gss_stock *stock, const gss_errand *errand, gss_seat *seat,
                                sspia_wait *wait, gss_ticket **ticket, sspia_report *report)
{
    gss_flight *flight;
    SECURITY_STATUS status;
    bool landed;
    bool leads;

    *ticket = NULL;
    pthread_mutex_lock(&stock->lock);
    seat->call = wait->call;
    if (seat->flight == NULL && !board(stock, errand, seat)) {
        pthread_mutex_unlock(&stock->lock);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    flight = seat->flight;
    landed = flight->landed;
    leads = flight->leader == seat;
    pthread_mutex_unlock(&stock->lock);
    if (!landed && !leads) {
        wait_for_leader(wait);
        return SSPIA_WAITING;
    }
    if (!landed) {
        status = gss_journey_go(flight->journey, wait);
        if (status == SSPIA_WAITING)
            return status;
        land(flight, status);
    }
    status = flight->status;
    if (status == SEC_E_OK && target_of(flight) != NULL)
        *ticket = gss_ticket_keep(gss_journey_ticket(flight->journey));
    else if (status != SEC_E_OK)
        *report = *gss_journey_report(flight->journey);
    gss_flight_leave(seat);
    return status;
}
