/* SPDX-License-Identifier: MIT */
/*
 * libkrb5 makes and reads the messages (krb5_init_creds_step, krb5_tkt_creds_step); the sockets
 * are ours (exchange.h), and the core waits for them.
 *
 *     NAME --> OPEN --> STEP --request--> FIND --KDCs--> ADMIT --places--> ON_AIR --reply-->
 * STEP
 *                         +--ticket, failure--> the end
 *                         +--refused, or unknown--> REFUSED --another KDC, or name--> NAME
 *                                                   ON_AIR --delegating, no reply--> DO_WITHOUT
 *
 * OPEN, STEP and DO_WITHOUT use ticket caches. Where a daemon keeps these, each of them goes on
 * on a thread that may block, once the daemon has answered a question of ours (daemon.h). So do
 * the steps that wait for a smart card or the like.
 */
#include "journey.h"
#include "canonical.h"
#include "daemon.h"
#include "exchange.h"
#include "peer.h"
#include "places.h"
#include "search.h"
#include "status.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct gss_journey {
    const gss_recipe *recipe;
    char *target; /* or NULL: the account's tickets */
    bool delegating;

    enum state { NAME, OPEN, STEP, FIND, ADMIT, ON_AIR, REFUSED, DO_WITHOUT } state;
    gss_ticket *ticket;
    gss_tickets *tickets; /* a new one, or with target those that the ticket is got with */
    krb5_data request;    /* libkrb5's memory */
    krb5_data realm;
    krb5_data reply;
    bool tcp_only;
    gss_canonical *canonical; /* the target's name is being looked up */
    gss_candidate candidate;
    char *principal; /* that the target is */
    bool by_daemon;  /* the ticket cache is kept */
    bool alive;      /* the daemon has answered */
    bool slow;       /* a step may block */
    bool on_thread;  /* that may block */
    void *call;      /* that makes the journey now */
    gss_daemon daemon;
    gss_search *search; /* or the realm's KDCs are */
    gss_kdcs kdcs;
    gss_places places;
    gss_exchange *exchange; /* the latest */
    krb5_error_code said;   /* instead of a reply */

    /* An account that a KDC has refused: it may be that this one has not heard of its latest
     * password yet, so the primary KDC is asked, as krb5's gic_pwd.c does. A service that it
     * does not know by its first name may have a second one (canonical.h). */
    bool primary;
    SECURITY_STATUS refused; /* with report; or SEC_E_OK */

    sspia_report report;
};

static krb5_context context_of(const gss_journey *journey)
{
    return journey->target != NULL ? gss_ticket_context(journey->ticket)
                                   : gss_tickets_context(journey->tickets);
}

gss_journey *gss_journey_begin(const gss_recipe *recipe, const gss_errand *errand,
                               gss_tickets *tickets)
{
    gss_journey *journey = calloc(1, sizeof *journey);

    if (journey == NULL || !gss_text_copy(errand->target, &journey->target)) {
        free(journey);
        return NULL;
    }
    journey->recipe = recipe;
    journey->delegating = errand->delegating;
    if (errand->target != NULL)
        journey->tickets = gss_tickets_keep(tickets);
    return journey;
}

void gss_journey_stop(gss_journey *journey)
{
    gss_search_end(journey->search);
    journey->search = NULL;
    if (journey->canonical != NULL)
        gss_canonical_stop(journey->canonical);
    if (journey->exchange != NULL)
        gss_exchange_close(journey->exchange);
    gss_daemon_leave(&journey->daemon);
    gss_places_give(&journey->places);
}

void gss_journey_end(gss_journey *journey)
{
    krb5_context context;

    if (journey == NULL)
        return;
    context = context_of(journey);
    gss_journey_stop(journey);
    gss_canonical_end(journey->canonical);
    gss_exchange_free(journey->exchange);
    if (context != NULL) {
        krb5_free_data_contents(context, &journey->request);
        krb5_free_data_contents(context, &journey->realm);
    }
    free(journey->reply.data);
    gss_ticket_drop(journey->ticket);
    gss_tickets_drop(journey->tickets);
    free(journey->principal);
    free(journey->target);
    free(journey);
}

const char *gss_journey_target(const gss_journey *journey)
{
    return journey->target;
}

gss_ticket *gss_journey_ticket(const gss_journey *journey)
{
    return journey->ticket;
}

gss_tickets *gss_journey_tickets(const gss_journey *journey)
{
    return journey->tickets;
}

const sspia_report *gss_journey_report(const gss_journey *journey)
{
    return &journey->report;
}

/* What the journey ends with. */
static SECURITY_STATUS fail(gss_journey *journey, krb5_error_code code)
{
    const gss_recipe *recipe = journey->recipe;
    krb5_context context = context_of(journey);

    if (code == ENOMEM)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (journey->primary && (code == KRB5_KDC_UNREACH || code == KRB5_REALM_UNKNOWN))
        return journey->refused;
    if (context == NULL)
        return gss_status_krb5(NULL, code, GSS_AT_INITIATE, "Kerberos configuration",
                               &journey->report);
    if (journey->target != NULL)
        return gss_status_initiate(context, code, &journey->report);
    return gss_status_krb5(context, code, GSS_AT_ACQUIRE,
                           recipe->account != NULL ? recipe->account : recipe->login_keytab,
                           &journey->report);
}

/* A failure that names the realm, in MIT's words. */
static SECURITY_STATUS fail_realm(gss_journey *journey, krb5_error_code code, const char *text)
{
    krb5_set_error_message(context_of(journey), code, text, (int)journey->realm.length,
                           journey->realm.data);
    return fail(journey, code);
}

/* Whom the ticket is for, and where the others are that it is got with. */
static SECURITY_STATUS find_name(gss_journey *journey, sspia_wait *wait)
{
    const gss_recipe *recipe = journey->recipe;
    SECURITY_STATUS status;

    if (journey->target == NULL) {
        journey->by_daemon =
            recipe->armor_cache != NULL && gss_daemon_keeps(recipe->armor_cache);
        return SEC_E_OK;
    }
    free(journey->principal);
    journey->principal = NULL;
    status = gss_canonical_name(&journey->canonical, journey->target, journey->candidate, wait,
                                &journey->principal, &journey->report);
    if (status == SEC_E_OK && journey->principal == NULL &&
        journey->candidate == GSS_CANDIDATE_SECOND)
        return journey->refused;
    if (status == SEC_E_OK && journey->principal == NULL)
        status = gss_peer_principal(journey->target, &journey->principal, &journey->report);
    journey->by_daemon = journey->tickets == NULL && gss_daemon_keeps(recipe->ccache);
    return status;
}

/* Before libkrb5 does what may block. */
static SECURITY_STATUS take_thread(gss_journey *journey, sspia_wait *wait)
{
    if ((!journey->by_daemon && !journey->slow) ||
        (journey->on_thread && (journey->alive || !journey->by_daemon)))
        return SEC_E_OK;
    wait->flags = 0;
    if (journey->by_daemon && !journey->alive) {
        if (!gss_places_take(&journey->places, 1, wait->call))
            return SSPIA_WAITING;
        journey->alive = gss_daemon_ask(&journey->daemon, wait);
        if (!journey->alive)
            return SSPIA_WAITING;
        gss_places_give(&journey->places);
    }
    wait->flags = SSPIA_WAIT_THREAD;
    return SSPIA_WAITING;
}

/* Before anything was sent: what is lacking is said by GSSAPI itself, which may know other
 * means (a client keytab). */
static SECURITY_STATUS open_ticket(gss_journey *journey)
{
    krb5_error_code code = gss_ticket_open(
        journey->recipe, journey->tickets != NULL ? gss_tickets_ccache(journey->tickets) : NULL,
        journey->principal, journey->delegating, &journey->ticket);

    if (code == ENOMEM)
        return SEC_E_INSUFFICIENT_MEMORY;
    return code == 0 ? SEC_E_OK : GSS_JOURNEY_BLOCKS;
}

static SECURITY_STATUS open_journey(gss_journey *journey)
{
    krb5_error_code code;

    if (journey->target != NULL)
        return open_ticket(journey);
    code = gss_tickets_open(journey->recipe, &journey->call, &journey->tickets);
    if (code != 0)
        return fail(journey, code);
    journey->slow = gss_tickets_block(journey->tickets);
    return SEC_E_OK;
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
static SECURITY_STATUS make_step(gss_journey *journey, enum state *next)
{
    krb5_context context = context_of(journey);
    bool first = journey->request.length == 0;
    krb5_data request = {.length = 0};
    krb5_data realm = {.length = 0};
    krb5_error_code code;
    bool more = false;

    if (journey->target != NULL)
        code = gss_ticket_step(journey->ticket, &journey->reply, &request, &realm, &more);
    else
        code = gss_tickets_step(journey->tickets, &journey->reply, &request, &realm, &more);
    free(journey->reply.data);
    memset(&journey->reply, 0, sizeof journey->reply);
    if (code == KRB5KRB_ERR_RESPONSE_TOO_BIG && !journey->tcp_only) {
        journey->tcp_only = true;
        code = 0;
        more = true;
    }
    take(context, &journey->request, &request);
    take(context, &journey->realm, &realm);
    if (code == 0 && more)
        return SEC_E_OK;
    /* The KDC answers, so that it need not be feared any more. */
    if (journey->target != NULL && gss_ticket_is_sign(journey->ticket))
        return GSS_JOURNEY_BLOCKS;
    if (code == 0)
        return SEC_I_COMPLETE_NEEDED;
    if (first)
        return journey->target != NULL ? GSS_JOURNEY_BLOCKS : fail(journey, code);
    if (journey->target != NULL ? code != KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN ||
                                      journey->candidate == GSS_CANDIDATE_SECOND
                                : journey->primary)
        return fail(journey, code);
    journey->refused = fail(journey, code);
    *next = REFUSED;
    return SEC_E_OK;
}

static gss_search_state look_for_kdcs(gss_journey *journey, bool primary, sspia_wait *wait,
                                      gss_kdcs *kdcs)
{
    gss_search_state state;
    char *realm;

    if (journey->search == NULL) {
        realm = gss_text_of(journey->realm.data, journey->realm.length);
        if (realm != NULL)
            journey->search = gss_search_begin(context_of(journey), realm, primary);
        free(realm);
    }
    if (journey->search == NULL)
        return GSS_SEARCH_NONE;
    state = gss_search_go(journey->search, wait, kdcs);
    if (state != GSS_SEARCH_WAITS) {
        gss_search_end(journey->search);
        journey->search = NULL;
    }
    return state;
}

static void start_over(gss_journey *journey)
{
    krb5_context context = context_of(journey);

    krb5_free_data_contents(context, &journey->request);
    krb5_free_data_contents(context, &journey->realm);
    journey->tcp_only = false;
    if (journey->target == NULL) {
        gss_tickets_drop(journey->tickets);
        journey->tickets = NULL;
    }
    gss_ticket_drop(journey->ticket);
    journey->ticket = NULL;
}

/* Begins anew: for a service with its second name; for an account with the primary KDC, if
 * there is one and it is not the one that has refused. */
static SECURITY_STATUS try_again(gss_journey *journey, sspia_wait *wait)
{
    gss_search_state found;
    gss_kdcs primary;

    if (journey->target != NULL) {
        journey->candidate = GSS_CANDIDATE_SECOND;
    } else {
        found = look_for_kdcs(journey, true, wait, &primary);
        if (found == GSS_SEARCH_WAITS)
            return SSPIA_WAITING;
        if (found != GSS_SEARCH_FOUND || primary.count == 0 ||
            (journey->exchange != NULL && gss_exchange_answered(journey->exchange, &primary)))
            return journey->refused;
        journey->primary = true;
    }
    start_over(journey);
    return SEC_E_OK;
}

/* libkrb5 returns the plug-in's code, and does not say whose it is. */
static SECURITY_STATUS fail_plugin(gss_journey *journey)
{
    krb5_error_code code = journey->kdcs.code;

    krb5_prepend_error_message(context_of(journey), code,
                               "A locator plug-in of libkrb5 failed for realm '%.*s'",
                               (int)journey->realm.length, journey->realm.data);
    return fail(journey, code);
}

static SECURITY_STATUS find_kdcs(gss_journey *journey, sspia_wait *wait)
{
    switch (look_for_kdcs(journey, journey->primary, wait, &journey->kdcs)) {
    case GSS_SEARCH_FOUND:
        return SEC_E_OK;
    case GSS_SEARCH_WAITS:
        return SSPIA_WAITING;
    case GSS_SEARCH_FOREIGN:
        return GSS_JOURNEY_BLOCKS;
    case GSS_SEARCH_FAILED:
        return fail_plugin(journey);
    default:
        return fail_realm(journey, KRB5_REALM_UNKNOWN, "Cannot find KDC for realm \"%.*s\"");
    }
}

/* The realm's KDCs do not answer. */
static SECURITY_STATUS fail_to_reach(gss_journey *journey, krb5_error_code code)
{
    if (code == KRB5_KDC_UNREACH)
        return fail_realm(journey, code, "Cannot contact any KDC for realm '%.*s'");
    return fail(journey, code);
}

/* The ticket that is there, as with MIT, who cannot delegate then and does not say so. */
static SECURITY_STATUS do_without(gss_journey *journey)
{
    return gss_ticket_fall_back(journey->ticket) == 0 ? SEC_I_COMPLETE_NEEDED
                                                      : fail_to_reach(journey, journey->said);
}

/* Sends, or looks for the answer. */
static SECURITY_STATUS exchange(gss_journey *journey, sspia_wait *wait, enum state *next)
{
    krb5_context context = context_of(journey);
    krb5_error_code code = 0;

    if (journey->exchange == NULL)
        journey->exchange = gss_exchange_open(context, &journey->kdcs, &journey->request,
                                              gss_kdc_udp_limit(context), journey->tcp_only);
    if (journey->exchange == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (!gss_exchange_go(journey->exchange, &code, &journey->reply)) {
        wait->flags = 0;
        wait->fds = gss_exchange_fds(journey->exchange, &wait->fd_count, &wait->until);
        return SSPIA_WAITING;
    }
    gss_journey_stop(journey);
    journey->alive = false; /* as long ago as that */
    journey->said = code;
    if (code != 0 && journey->delegating && !journey->recipe->s4u &&
        gss_ticket_is_sign(journey->ticket))
        *next = DO_WITHOUT;
    else if (code != 0)
        return fail_to_reach(journey, code);
    return SEC_E_OK;
}

SECURITY_STATUS gss_journey_go(gss_journey *journey, sspia_wait *wait)
{
    SECURITY_STATUS status = SEC_E_OK;

    wait->fds = NULL;
    wait->fd_count = 0;
    wait->until = INT64_MAX;
    journey->on_thread = (wait->flags & SSPIA_WAIT_THREAD) != 0;
    journey->call = wait->call;
    while (status == SEC_E_OK) {
        enum state next = journey->state + 1;

        if (journey->state == OPEN || journey->state == STEP || journey->state == DO_WITHOUT)
            status = take_thread(journey, wait);
        if (status != SEC_E_OK)
            break;
        switch (journey->state) {
        case NAME:
            status = find_name(journey, wait);
            break;
        case OPEN:
            status = open_journey(journey);
            break;
        case STEP:
            status = make_step(journey, &next);
            break;
        case FIND:
            status = find_kdcs(journey, wait);
            break;
        case ADMIT:
            if (!gss_places_take(&journey->places, gss_exchange_size(&journey->kdcs),
                                 wait->call)) {
                wait->flags = 0;
                return SSPIA_WAITING;
            }
            gss_exchange_free(journey->exchange);
            journey->exchange = NULL;
            break;
        case ON_AIR:
            next = STEP;
            status = exchange(journey, wait, &next);
            break;
        case REFUSED:
            status = try_again(journey, wait);
            next = NAME;
            break;
        case DO_WITHOUT:
            status = do_without(journey);
            break;
        }
        if (status == SEC_E_OK)
            journey->state = next;
    }
    return status == SEC_I_COMPLETE_NEEDED ? SEC_E_OK : status;
}
