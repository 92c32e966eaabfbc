/* SPDX-License-Identifier: MIT */
/*
 * A flight gets tickets from KDCs: those of an account (AS exchange), or one for a service (TGS
 * exchanges, referrals included), for all calls that want the same with the same credential
 * (stock.h).
 *
 * libkrb5 makes and reads the messages (krb5_init_creds_step, krb5_tkt_creds_step); the sockets
 * are ours (exchange.h), and the core waits for them. One of the calls leads: it has the
 * descriptors in its wait, and makes the steps. The others are resumed when all is over.
 *
 *     OPEN --> STEP --request--> FIND --KDCs--> ADMIT --places--> ON_AIR --reply--> STEP
 *                +--ticket, failure--> landed
 *                +--refused, or unknown--> REFUSED --there is another KDC, or name--> OPEN
 *
 * Invariants:
 *   1. The lock of its stock guards a flight's place in the table there, its seats, its
 *      leader and its references. It is a leaf: no function of GSSAPI or libkrb5, no close and
 *      no resume happens under it.
 *   2. All else in a flight is touched by its leader's call alone while that runs; between two
 *      calls of the leader by nobody, but for gss_flight_stop by the last one to leave. The
 *      core runs a call, or stops it, never both at once.
 *   3. A flight that is in the table has a leader, and every seat of it is in its list of
 * seats. It leaves the table when it lands or its last seat does, so nobody boards one that
 * does not fly.
 *   4. Whoever becomes leader is resumed after that. Whoever is resumed finds out under the
 *      lock whether he leads or all is over; so one resumed too often does no harm.
 *   5. Nobody boards a flight of the process that this one was forked from: its leader is not
 *      there.
 *   6. A seat that has a flight has a reference to it. What landed does not change any more.
 */
#include "flight.h"
#include "canonical.h"
#include "exchange.h"
#include "peer.h"
#include "places.h"
#include "search.h"
#include "status.h"
#include "stock.h"
#include "text.h"

#include <errno.h>
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
    char *target; /* or NULL: the account's tickets */
    bool delegating;

    enum state { OPEN, STEP, FIND, ADMIT, ON_AIR, REFUSED } state;
    gss_ticket *ticket;
    gss_tickets *tickets; /* a new one, or with target those that the ticket is got with */
    krb5_data request;    /* libkrb5's memory */
    krb5_data realm;
    krb5_data reply;
    bool tcp_only;
    gss_canonical *canonical; /* the target's name is being looked up */
    gss_candidate candidate;
    gss_search *search; /* or the realm's KDCs are */
    gss_kdcs kdcs;
    gss_places places;
    gss_exchange *exchange; /* the latest */

    /* An account that a KDC has refused: it may be that this one has not heard of its latest
     * password yet, so the primary KDC is asked, as krb5's gic_pwd.c does. A service that it
     * does not know by its first name may have a second one (canonical.h). */
    bool primary;
    SECURITY_STATUS refused; /* with report; or SEC_E_OK */

    SECURITY_STATUS status; /* once landed */
    sspia_report report;
};

static krb5_context context_of(const gss_flight *flight)
{
    return flight->target != NULL ? gss_ticket_context(flight->ticket)
                                  : gss_tickets_context(flight->tickets);
}

/* ---- seats ---- */

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

    if (flight == NULL || !gss_text_copy(errand->target, &flight->target)) {
        free(flight);
        return NULL;
    }
    flight->stock = stock;
    flight->owner = getpid();
    flight->delegating = errand->delegating;
    if (errand->target != NULL)
        flight->tickets = gss_tickets_keep(stock->tickets);
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
            !same_target(flight->target, errand->target)))
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

/* Whatever is open. */
static void close_all(gss_flight *flight)
{
    gss_search_end(flight->search);
    flight->search = NULL;
    if (flight->canonical != NULL)
        gss_canonical_stop(flight->canonical);
    if (flight->exchange != NULL)
        gss_exchange_close(flight->exchange);
    gss_places_give(&flight->places);
}

static void destroy(gss_flight *flight)
{
    krb5_context context = context_of(flight);

    close_all(flight);
    gss_canonical_end(flight->canonical);
    gss_exchange_free(flight->exchange);
    if (context != NULL) {
        krb5_free_data_contents(context, &flight->request);
        krb5_free_data_contents(context, &flight->realm);
    }
    free(flight->reply.data);
    gss_ticket_drop(flight->ticket);
    gss_tickets_drop(flight->tickets);
    free(flight->target);
    free(flight);
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
        close_all(flight);
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
    if (last)
        destroy(flight);
    seat->flight = NULL;
}

const char *gss_flight_target(const gss_seat *seat)
{
    return seat->flight != NULL ? seat->flight->target : NULL;
}

/* ---- the leader's work ---- */

/* What the flight ends with. */
static SECURITY_STATUS fail(gss_flight *flight, krb5_error_code code)
{
    const gss_recipe *recipe = flight->stock->recipe;
    krb5_context context = context_of(flight);

    if (code == ENOMEM)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (flight->primary && (code == KRB5_KDC_UNREACH || code == KRB5_REALM_UNKNOWN))
        return flight->refused;
    if (context == NULL)
        return gss_status_krb5(NULL, code, GSS_AT_INITIATE, "Kerberos configuration",
                               &flight->report);
    if (flight->target != NULL)
        return gss_status_initiate(context, code, &flight->report);
    return gss_status_krb5(context, code, GSS_AT_ACQUIRE,
                           recipe->account != NULL ? recipe->account : recipe->login_keytab,
                           &flight->report);
}

/* A failure that names the realm, in MIT's words. */
static SECURITY_STATUS fail_realm(gss_flight *flight, krb5_error_code code, const char *text)
{
    krb5_set_error_message(context_of(flight), code, text, (int)flight->realm.length,
                           flight->realm.data);
    return fail(flight, code);
}

/* Before anything was sent: what is lacking is said by GSSAPI itself, which may know other
 * means (a client keytab). */
static SECURITY_STATUS open_ticket(gss_flight *flight, sspia_wait *wait)
{
    const gss_recipe *recipe = flight->stock->recipe;
    char *principal = NULL;
    SECURITY_STATUS status;
    krb5_error_code code;

    status = gss_canonical_name(&flight->canonical, flight->target, flight->candidate, wait,
                                &principal, &flight->report);
    if (status == SEC_E_OK && principal == NULL && flight->candidate == GSS_CANDIDATE_SECOND)
        return flight->refused;
    if (status == SEC_E_OK && principal == NULL)
        status = gss_peer_principal(flight->target, &principal, &flight->report);
    if (status != SEC_E_OK)
        return status;
    code = gss_ticket_open(recipe,
                           flight->tickets != NULL ? gss_tickets_ccache(flight->tickets) : NULL,
                           principal, flight->delegating, &flight->ticket);
    free(principal);
    if (code == ENOMEM)
        return SEC_E_INSUFFICIENT_MEMORY;
    return code == 0 ? SEC_E_OK : GSS_FLIGHT_BLOCKS;
}

static SECURITY_STATUS open_flight(gss_flight *flight, sspia_wait *wait)
{
    const gss_recipe *recipe = flight->stock->recipe;
    krb5_error_code code;

    if (flight->target != NULL)
        return open_ticket(flight, wait);
    code = gss_tickets_open(recipe->account, recipe->password, recipe->login_keytab,
                            &flight->tickets);
    if (code != 0)
        return fail(flight, code);
    return gss_tickets_block(flight->tickets) ? GSS_FLIGHT_BLOCKS : SEC_E_OK;
}

/* Puts what a step returned in the place of what was there, if it returned something: asked to
 * repeat a request by TCP, it may leave the request to us. */
static void take(krb5_context context, krb5_data *place, krb5_data *fresh)
{
    if (fresh->length == 0) {
        krb5_free_data_contents(context, fresh);
        return;
    }
    krb5_free_data_contents(context, place);
    *place = *fresh;
}

/* SEC_E_OK, and what comes then: something is to be sent, or the account was refused.
 * SEC_I_COMPLETE_NEEDED: there is nothing left to do. */
static SECURITY_STATUS make_step(gss_flight *flight, enum state *next)
{
    krb5_context context = context_of(flight);
    bool first = flight->request.length == 0;
    krb5_data request = {.length = 0};
    krb5_data realm = {.length = 0};
    krb5_error_code code;
    bool more = false;

    if (flight->target != NULL)
        code = gss_ticket_step(flight->ticket, &flight->reply, &request, &realm, &more);
    else
        code = gss_tickets_step(flight->tickets, &flight->reply, &request, &realm, &more);
    free(flight->reply.data);
    memset(&flight->reply, 0, sizeof flight->reply);
    if (code == KRB5KRB_ERR_RESPONSE_TOO_BIG && !flight->tcp_only) {
        flight->tcp_only = true;
        code = 0;
        more = true;
    }
    take(context, &flight->request, &request);
    take(context, &flight->realm, &realm);
    if (code == 0 && more)
        return SEC_E_OK;
    /* The KDC answers, so that it need not be feared any more. */
    if (flight->target != NULL && gss_ticket_is_sign(flight->ticket))
        return GSS_FLIGHT_BLOCKS;
    if (code == 0)
        return SEC_I_COMPLETE_NEEDED;
    if (first)
        return flight->target != NULL ? GSS_FLIGHT_BLOCKS : fail(flight, code);
    if (flight->target != NULL ? code != KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN ||
                                     flight->candidate == GSS_CANDIDATE_SECOND
                               : flight->primary)
        return fail(flight, code);
    flight->refused = fail(flight, code);
    *next = REFUSED;
    return SEC_E_OK;
}

static gss_search_state look_for_kdcs(gss_flight *flight, bool primary, sspia_wait *wait,
                                      gss_kdcs *kdcs)
{
    gss_search_state state;
    char *realm;

    if (flight->search == NULL) {
        realm = gss_text_of(flight->realm.data, flight->realm.length);
        if (realm != NULL)
            flight->search = gss_search_begin(context_of(flight), realm, primary);
        free(realm);
    }
    if (flight->search == NULL)
        return GSS_SEARCH_NONE;
    state = gss_search_go(flight->search, wait, kdcs);
    if (state != GSS_SEARCH_WAITS) {
        gss_search_end(flight->search);
        flight->search = NULL;
    }
    return state;
}

static void start_over(gss_flight *flight)
{
    krb5_context context = context_of(flight);

    krb5_free_data_contents(context, &flight->request);
    krb5_free_data_contents(context, &flight->realm);
    flight->tcp_only = false;
    if (flight->target == NULL) {
        gss_tickets_drop(flight->tickets);
        flight->tickets = NULL;
    }
    gss_ticket_drop(flight->ticket);
    flight->ticket = NULL;
}

/* Begins anew: for a service with its second name; for an account with the primary KDC, if
 * there is one and it is not the one that has refused. */
static SECURITY_STATUS try_again(gss_flight *flight, sspia_wait *wait)
{
    gss_search_state found;
    gss_kdcs primary;

    if (flight->target != NULL) {
        flight->candidate = GSS_CANDIDATE_SECOND;
    } else {
        found = look_for_kdcs(flight, true, wait, &primary);
        if (found == GSS_SEARCH_WAITS)
            return SSPIA_WAITING;
        if (found != GSS_SEARCH_FOUND || primary.count == 0 ||
            (flight->exchange != NULL && gss_exchange_answered(flight->exchange, &primary)))
            return flight->refused;
        flight->primary = true;
    }
    start_over(flight);
    return SEC_E_OK;
}

static SECURITY_STATUS find_kdcs(gss_flight *flight, sspia_wait *wait)
{
    switch (look_for_kdcs(flight, flight->primary, wait, &flight->kdcs)) {
    case GSS_SEARCH_FOUND:
        return SEC_E_OK;
    case GSS_SEARCH_WAITS:
        return SSPIA_WAITING;
    case GSS_SEARCH_FOREIGN:
        return GSS_FLIGHT_BLOCKS;
    default:
        return fail_realm(flight, KRB5_REALM_UNKNOWN, "Cannot find KDC for realm \"%.*s\"");
    }
}

/* Sends, or looks for the answer. */
static SECURITY_STATUS exchange(gss_flight *flight, sspia_wait *wait)
{
    krb5_context context = context_of(flight);
    krb5_error_code code = 0;

    if (flight->exchange == NULL)
        flight->exchange = gss_exchange_open(context, &flight->kdcs, &flight->request,
                                             gss_kdc_udp_limit(context), flight->tcp_only);
    if (flight->exchange == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (!gss_exchange_go(flight->exchange, &code, &flight->reply)) {
        wait->flags = 0;
        wait->fds = gss_exchange_fds(flight->exchange, &wait->fd_count, &wait->until);
        return SSPIA_WAITING;
    }
    close_all(flight);
    /* As with MIT, who cannot delegate then and does not say so. */
    if (code != 0 && flight->delegating && gss_ticket_is_sign(flight->ticket) &&
        gss_ticket_fall_back(flight->ticket) == 0)
        return SEC_I_COMPLETE_NEEDED;
    if (code == KRB5_KDC_UNREACH)
        return fail_realm(flight, code, "Cannot contact any KDC for realm '%.*s'");
    return code == 0 ? SEC_E_OK : fail(flight, code);
}

/* As far as it goes. SSPIA_WAITING with wait filled in, or what it ends with. */
static SECURITY_STATUS fly(gss_flight *flight, sspia_wait *wait)
{
    SECURITY_STATUS status = SEC_E_OK;

    wait->fds = NULL;
    wait->fd_count = 0;
    wait->until = INT64_MAX;
    while (status == SEC_E_OK) {
        enum state next = flight->state + 1;

        switch (flight->state) {
        case OPEN:
            status = open_flight(flight, wait);
            break;
        case STEP:
            status = make_step(flight, &next);
            break;
        case FIND:
            status = find_kdcs(flight, wait);
            break;
        case ADMIT:
            if (!gss_places_take(&flight->places, gss_exchange_size(&flight->kdcs),
                                 wait->call)) {
                wait->flags = 0;
                return SSPIA_WAITING;
            }
            gss_exchange_free(flight->exchange);
            flight->exchange = NULL;
            break;
        case ON_AIR:
            status = exchange(flight, wait);
            next = STEP;
            break;
        case REFUSED:
            status = try_again(flight, wait);
            next = OPEN;
            break;
        }
        if (status == SEC_E_OK)
            flight->state = next;
    }
    return status == SEC_I_COMPLETE_NEEDED ? SEC_E_OK : status;
}

/* All is over: keeps what there is, and tells those who wait. */
static void land(gss_flight *flight, SECURITY_STATUS status)
{
    pthread_mutex_t *lock = &flight->stock->lock;

    close_all(flight);
    flight->status = status;
    /* Before anybody is told, who would begin another flight for it. */
    if (status == SEC_E_OK && flight->target != NULL)
        gss_stock_put(flight->stock, flight->target, flight->ticket);
    else if (status == SEC_E_OK)
        gss_stock_put_tickets(flight->stock, gss_tickets_keep(flight->tickets));
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
        status = fly(flight, wait);
        if (status == SSPIA_WAITING)
            return status;
        land(flight, status);
    }
    status = flight->status;
    if (status == SEC_E_OK && flight->target != NULL)
        *ticket = gss_ticket_keep(flight->ticket);
    else if (status != SEC_E_OK)
        memcpy(report, &flight->report, sizeof *report);
    gss_flight_leave(seat);
    return status;
}
