/* SPDX-License-Identifier: MIT */
/*
 * Where the gss_cred_id_t's of a credential come from.
 *
 * GSSAPI serialises calls that use one gss_cred_id_t, waits for the network included: with
 * one shared cred a silent KDC stops every handshake. So each handshake has one to itself,
 * from its first leg to its last. Making one costs about 60 us, taking an idle one nothing.
 *
 * Invariants:
 *   1. A lease is on the idle list or in the hands of one context, never both.
 *   2. The lock is held over list and pointer work only: no function of GSSAPI or libkrb5
 *      is called under it.
 *   3. A lease holds a reference to the tickets it was made from; a lease made from others
 *      than the source's present ones is not reused.
 *   4. One thread renews tickets that are about to expire, the others go on with the old
 *      ones. When they have expired already, each thread that needs some gets its own: none
 *      waits for another's exchange. The last to finish leaves its tickets in the stock. (That
 *      is so where calls block. Those that wait share a flight.)
 *   5. A lease with a ticket has nothing else, and is only handed out to who asks for such a
 * one.
 */
#include "source.h"
#include "name.h"
#include "status.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IDLE_MAX 16u

/* Seconds an idle cred is good for: Kerberos notices what has become of a ccache only when a
 * cred is made. */
#define IDLE_LIFE GSS_STOCK_LIFE

static int64_t now(void)
{
    return (int64_t)time(NULL);
}

void gss_source_init(gss_source *source)
{
    memset(source, 0, sizeof *source);
    gss_stock_init(&source->stock, &source->recipe);
}

void gss_source_clear(gss_source *source)
{
    while (source->idle != NULL) {
        gss_lease *lease = source->idle;

        source->idle = lease->next;
        gss_lease_destroy(lease);
    }
    gss_recipe_clear(&source->recipe);
    gss_stock_clear(&source->stock);
}

/* Gets tickets, where the recipe says from what; may block. */
static SECURITY_STATUS refresh_tickets(gss_source *source, void *call, sspia_report *report)
{
    gss_tickets *fresh = NULL;
    SECURITY_STATUS status;
    bool expired;
    bool wanted;

    if (source->recipe.password == NULL && source->recipe.login_keytab == NULL)
        return SEC_E_OK;
    pthread_mutex_lock(&source->stock.lock);
    expired =
        source->stock.tickets == NULL || gss_tickets_expiry(source->stock.tickets) <= now();
    wanted =
        expired || (!source->renewing && gss_tickets_renewal(source->stock.tickets) <= now());
    if (wanted)
        source->renewing = true;
    pthread_mutex_unlock(&source->stock.lock);
    if (!wanted)
        return SEC_E_OK;
    status = gss_tickets_get(&source->recipe, call, &fresh, report);
    if (status == SEC_E_OK)
        gss_stock_put_tickets(&source->stock, fresh);
    pthread_mutex_lock(&source->stock.lock);
    source->renewing = false;
    pthread_mutex_unlock(&source->stock.lock);
    return expired ? status : SEC_E_OK;
}

/* What a lease is wanted for. */
struct wish {
    bool by_target;
    const char *target;
    bool by_ticket; /* with a ticket and nothing else */
};

static bool fits(const gss_lease *lease, const struct wish *wish)
{
    if (wish->by_ticket ? lease->ticket == NULL || gss_ticket_end(lease->ticket) <= now()
                        : lease->ticket != NULL)
        return false;
    if (!wish->by_target)
        return true;
    if (lease->target == GSS_C_NO_NAME)
        return false;
    return wish->target == NULL || lease->target_text == NULL
               ? wish->target == lease->target_text
               : strcmp(wish->target, lease->target_text) == 0;
}

/* An idle lease that fits, or NULL; those past their time go onto *stale. Lock held. */
static gss_lease *find_idle(gss_source *source, const struct wish *wish, gss_lease **stale)
{
    gss_lease **link = &source->idle;
    int64_t moment = now();

    while (*link != NULL) {
        gss_lease *lease = *link;

        if (lease->born < moment - IDLE_LIFE || lease->born > moment ||
            lease->tickets != source->stock.tickets) {
            *link = lease->next;
            source->idle_count--;
            lease->next = *stale;
            *stale = lease;
        } else if (fits(lease, wish)) {
            *link = lease->next;
            source->idle_count--;
            return lease;
        } else {
            link = &lease->next;
        }
    }
    return NULL;
}

static gss_lease *take_idle(gss_source *source, const struct wish *wish)
{
    gss_lease *stale = NULL;
    gss_lease *found;

    pthread_mutex_lock(&source->stock.lock);
    found = find_idle(source, wish, &stale);
    pthread_mutex_unlock(&source->stock.lock);
    while (stale != NULL) {
        gss_lease *next = stale->next;

        gss_lease_destroy(stale);
        stale = next;
    }
    return found;
}

/* A new one. The ticket, if any, is all that it has; the reference stays the caller's. */
static SECURITY_STATUS make(gss_source *source, gss_ticket *ticket, gss_lease **lease,
                            sspia_report *report)
{
    gss_lease *made = calloc(1, sizeof *made);
    SECURITY_STATUS status;

    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    pthread_mutex_lock(&source->stock.lock);
    made->tickets = gss_tickets_keep(source->stock.tickets);
    pthread_mutex_unlock(&source->stock.lock);
    made->ticket = gss_ticket_keep(ticket);
    made->born = now();
    status = gss_lease_make(&source->recipe, made, report);
    if (status == SEC_E_OK)
        *lease = made;
    else
        gss_lease_destroy(made);
    return status;
}

/* The source has the tickets that it needs. */
static SECURITY_STATUS take(gss_source *source, gss_lease **lease, sspia_report *report)
{
    const struct wish any = {.by_target = false};

    *lease = take_idle(source, &any);
    return *lease != NULL ? SEC_E_OK : make(source, NULL, lease, report);
}

SECURITY_STATUS gss_source_take(gss_source *source, void *call, gss_lease **lease,
                                sspia_report *report)
{
    SECURITY_STATUS status = refresh_tickets(source, call, report);

    *lease = NULL;
    return status == SEC_E_OK ? take(source, lease, report) : status;
}

SECURITY_STATUS gss_source_take_for(gss_source *source, const char *target, void *call,
                                    gss_lease **lease, sspia_report *report)
{
    const struct wish wish = {.by_target = true, .target = target};
    gss_name_t name = GSS_C_NO_NAME;
    char *text = NULL;
    OM_uint32 minor;
    SECURITY_STATUS status;

    *lease = NULL;
    status = refresh_tickets(source, call, report);
    if (status != SEC_E_OK)
        return status;
    *lease = take_idle(source, &wish);
    if (*lease != NULL)
        return SEC_E_OK;
    if (!gss_text_copy(target, &text))
        return SEC_E_INSUFFICIENT_MEMORY;
    status = gss_name_target(target, &name, report);
    if (status == SEC_E_OK)
        status = take(source, lease, report);
    if (status != SEC_E_OK) {
        gss_release_name(&minor, &name);
        free(text);
        return status;
    }
    gss_release_name(&minor, &(*lease)->target);
    free((*lease)->target_text);
    (*lease)->target = name;
    (*lease)->target_text = text;
    return SEC_E_OK;
}

/* A lease of a ticket for the target. */
static SECURITY_STATUS make_of(gss_source *source, const char *target, gss_ticket *ticket,
                               gss_lease **lease, sspia_report *report)
{
    const char *principal = gss_ticket_principal(ticket);
    gss_buffer_desc text = {strlen(principal), (void *)(uintptr_t)principal};
    OM_uint32 major;
    OM_uint32 minor;
    SECURITY_STATUS status = make(source, ticket, lease, report);

    if (status != SEC_E_OK)
        return status;
    major = gss_import_name(&minor, &text, GSS_KRB5_NT_PRINCIPAL_NAME, &(*lease)->target);
    status = gss_status(major, minor, GSS_AT_INITIATE, report);
    if (status == SEC_E_OK && !gss_text_copy(target, &(*lease)->target_text))
        status = SEC_E_INSUFFICIENT_MEMORY;
    if (status != SEC_E_OK) {
        gss_lease_destroy(*lease);
        *lease = NULL;
    }
    return status;
}

SECURITY_STATUS gss_source_log_on(gss_source *source, gss_seat *seat, sspia_wait *wait,
                                  sspia_report *report)
{
    static const gss_errand login = {.target = NULL};
    gss_ticket *none;
    SECURITY_STATUS status;

    if (seat->flight == NULL ? !gss_stock_wants(&source->stock)
                             : gss_flight_target(seat) != NULL)
        return SEC_E_OK;
    status = gss_flight_ride(&source->stock, &login, seat, wait, &none, report);
    /* Who cannot renew goes on with what there is. */
    return status == SSPIA_WAITING || status == GSS_JOURNEY_BLOCKS ||
                   gss_stock_expired(&source->stock)
               ? status
               : SEC_E_OK;
}

/* A ticket for the target: one that is kept, or a flight's. */
static SECURITY_STATUS get_ticket(gss_source *source, const gss_errand *errand, gss_seat *seat,
                                  sspia_wait *wait, gss_ticket **ticket, sspia_report *report)
{
    SECURITY_STATUS status = gss_source_log_on(source, seat, wait, report);

    *ticket = NULL;
    if (status != SEC_E_OK)
        return status;
    if (seat->flight == NULL && !errand->delegating)
        *ticket = gss_stock_recall(&source->stock, errand->target);
    return *ticket != NULL
               ? SEC_E_OK
               : gss_flight_ride(&source->stock, errand, seat, wait, ticket, report);
}

/* Whether a service that acts for a user has done so before towards the target: the cred that
 * is idle has the ticket. */
static bool has_acted(gss_source *source, const char *target)
{
    const struct wish wish = {.by_target = true, .target = target};
    bool has = false;

    if (!source->recipe.s4u)
        return false;
    pthread_mutex_lock(&source->stock.lock);
    for (const gss_lease *lease = source->idle; lease != NULL && !has; lease = lease->next)
        has = lease->tickets == source->stock.tickets && fits(lease, &wish);
    pthread_mutex_unlock(&source->stock.lock);
    return has;
}

SECURITY_STATUS gss_source_wait_for(gss_source *source, const gss_errand *errand,
                                    gss_seat *seat, sspia_wait *wait, gss_lease **lease,
                                    sspia_report *report)
{
    const char *target = errand->target;
    const struct wish wish = {.by_target = true, .target = target, .by_ticket = true};
    gss_ticket *ticket = NULL;
    SECURITY_STATUS status;

    *lease = NULL;
    if (!gss_text_given(target))
        return GSS_JOURNEY_BLOCKS; /* the lack of a name is GSSAPI's affair */
    if (seat->flight == NULL && !errand->delegating && !gss_stock_wants(&source->stock)) {
        if (has_acted(source, target))
            return GSS_JOURNEY_BLOCKS;
        *lease = take_idle(source, &wish);
    }
    if (*lease != NULL)
        return SEC_E_OK;
    status = get_ticket(source, errand, seat, wait, &ticket, report);
    if (status == SEC_E_OK)
        status = make_of(source, target, ticket, lease, report);
    gss_ticket_drop(ticket);
    return status;
}

void gss_source_give(gss_source *source, gss_lease *lease)
{
    if (lease == NULL)
        return;
    pthread_mutex_lock(&source->stock.lock);
    if (source->idle_count < IDLE_MAX) {
        lease->next = source->idle;
        source->idle = lease;
        source->idle_count++;
        lease = NULL;
    }
    pthread_mutex_unlock(&source->stock.lock);
    gss_lease_destroy(lease);
}
