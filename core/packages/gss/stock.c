/* SPDX-License-Identifier: MIT */
/*
 * The tickets of one source of creds. Invariants:
 *   1. The lock is held over list and pointer work only: no function of GSSAPI or libkrb5
 *      is called under it.
 *   2. Service tickets that were got with other tickets than the present ones are not kept.
 */
#include "stock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEPT_MAX 16u

/* A ticket for a service, for leases to come. As many as idle creds, and as long: a ccache
 * that has been given other tickets, or to somebody else, is noticed then. */
struct gss_kept_ticket {
    struct gss_kept_ticket *next;
    gss_ticket *ticket;
    int64_t born;
    char target[];
};

static int64_t now(void)
{
    return (int64_t)time(NULL);
}

void gss_stock_init(gss_stock *stock, const gss_recipe *recipe)
{
    memset(stock, 0, sizeof *stock);
    stock->recipe = recipe;
    pthread_mutex_init(&stock->lock, NULL);
}

static void drop_kept(struct gss_kept_ticket *kept)
{
    while (kept != NULL) {
        struct gss_kept_ticket *next = kept->next;

        gss_ticket_drop(kept->ticket);
        free(kept);
        kept = next;
    }
}

void gss_stock_clear(gss_stock *stock)
{
    drop_kept(stock->kept);
    free(stock->flights);
    gss_tickets_drop(stock->tickets);
    pthread_mutex_destroy(&stock->lock);
}

void gss_stock_put_tickets(gss_stock *stock, gss_tickets *tickets)
{
    struct gss_kept_ticket *kept;
    gss_tickets *old;

    pthread_mutex_lock(&stock->lock);
    old = stock->tickets;
    stock->tickets = tickets;
    kept = stock->kept;
    stock->kept = NULL;
    pthread_mutex_unlock(&stock->lock);
    gss_tickets_drop(old);
    drop_kept(kept);
}

gss_ticket *gss_stock_recall(gss_stock *stock, const char *target)
{
    struct gss_kept_ticket **link;
    struct gss_kept_ticket *stale = NULL;
    gss_ticket *found = NULL;
    int64_t moment = now();

    pthread_mutex_lock(&stock->lock);
    link = &stock->kept;
    while (*link != NULL) {
        struct gss_kept_ticket *kept = *link;

        if (kept->born < moment - GSS_STOCK_LIFE || kept->born > moment ||
            gss_ticket_end(kept->ticket) <= moment) {
            *link = kept->next;
            kept->next = stale;
            stale = kept;
            continue;
        }
        if (found == NULL && strcmp(kept->target, target) == 0)
            found = gss_ticket_keep(kept->ticket);
        link = &kept->next;
    }
    pthread_mutex_unlock(&stock->lock);
    drop_kept(stale);
    return found;
}

/* Without memory they get another. */
void gss_stock_put(gss_stock *stock, const char *target, gss_ticket *ticket)
{
    struct gss_kept_ticket *kept = malloc(sizeof *kept + strlen(target) + 1);
    struct gss_kept_ticket **link = &stock->kept;
    struct gss_kept_ticket *last = NULL;

    if (kept == NULL)
        return;
    kept->ticket = gss_ticket_keep(ticket);
    kept->born = now();
    memcpy(kept->target, target, strlen(target) + 1);
    pthread_mutex_lock(&stock->lock);
    kept->next = stock->kept;
    stock->kept = kept;
    for (unsigned i = 0; i < KEPT_MAX && *link != NULL; i++)
        link = &(*link)->next;
    last = *link;
    *link = NULL;
    pthread_mutex_unlock(&stock->lock);
    drop_kept(last);
}

void gss_stock_forget(gss_stock *stock, const gss_ticket *ticket)
{
    struct gss_kept_ticket **link = &stock->kept;
    struct gss_kept_ticket *found = NULL;

    pthread_mutex_lock(&stock->lock);
    while (*link != NULL && (*link)->ticket != ticket)
        link = &(*link)->next;
    if (*link != NULL) {
        found = *link;
        *link = found->next;
        found->next = NULL;
    }
    pthread_mutex_unlock(&stock->lock);
    drop_kept(found);
}

bool gss_stock_expired(gss_stock *stock)
{
    bool expired;

    if (stock->recipe->password == NULL && stock->recipe->login_keytab == NULL)
        return false;
    pthread_mutex_lock(&stock->lock);
    expired = stock->tickets == NULL || gss_tickets_expiry(stock->tickets) <= now();
    pthread_mutex_unlock(&stock->lock);
    return expired;
}

bool gss_stock_wants(gss_stock *stock)
{
    bool wanted;

    if (stock->recipe->password == NULL && stock->recipe->login_keytab == NULL)
        return false;
    pthread_mutex_lock(&stock->lock);
    wanted = stock->tickets == NULL || gss_tickets_expiry(stock->tickets) <= now() ||
             (stock->flight_count == 0 && gss_tickets_renewal(stock->tickets) <= now());
    pthread_mutex_unlock(&stock->lock);
    return wanted;
}
