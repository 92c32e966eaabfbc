/* SPDX-License-Identifier: MIT */
#ifndef GSS_STOCK_H
#define GSS_STOCK_H

#include "recipe.h"
#include "ticket.h"
#include "tickets.h"

#include <pthread.h>
#include <stdbool.h>

/* Seconds that a service's ticket is kept for who comes next, and so is what was made of it: a
 * ccache may have been renewed meanwhile, or may be somebody else's. */
#define GSS_STOCK_LIFE 30

typedef struct gss_flight gss_flight;
struct gss_kept_ticket;

/* The tickets that a source of creds has, and those that are on their way (flight.c). */
typedef struct gss_stock {
    const gss_recipe *recipe;

    pthread_mutex_t lock;         /* guards what follows, and the source's own lists */
    gss_tickets *tickets;         /* of the account; NULL if they are in the caller's ccache */
    struct gss_kept_ticket *kept; /* for services, the latest first */
    gss_flight **flights;         /* a table, or NULL */
    unsigned flight_count;
} gss_stock;

void gss_stock_init(gss_stock *stock, const gss_recipe *recipe);
void gss_stock_clear(gss_stock *stock);

/* Puts new tickets of the account in the place of the old ones; takes the reference. */
void gss_stock_put_tickets(gss_stock *stock, gss_tickets *tickets);
/* The account's own tickets have to be got: there are none, or they have ended. */
bool gss_stock_expired(gss_stock *stock);
/* The same, or they end soon and nobody is about to renew them. */
bool gss_stock_wants(gss_stock *stock);

/* Keeps a ticket for a target; gives it out, or NULL; keeps it no more. */
void gss_stock_put(gss_stock *stock, const char *target, gss_ticket *ticket);
gss_ticket *gss_stock_recall(gss_stock *stock, const char *target);
void gss_stock_forget(gss_stock *stock, const gss_ticket *ticket);

#endif
