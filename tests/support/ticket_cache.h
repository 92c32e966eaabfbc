/* SPDX-License-Identifier: MIT */
/* Ticket caches of a realm's user, by libkrb5 itself. */
#ifndef TICKET_CACHE_H
#define TICKET_CACHE_H

#include <stdbool.h>

/* Puts alice's ticket-granting ticket, and nothing else, into the cache of that name. */
void ticket_cache_fill(const char *name);
/* The same, and the cache says that the ticket ended an hour ago. */
void ticket_cache_fill_expired(const char *name);

/* Whether the cache has a ticket for a service of the realm. */
bool ticket_cache_has(const char *name, const char *service);

#endif
