/* SPDX-License-Identifier: MIT */
#ifndef GSS_LEASE_H
#define GSS_LEASE_H

#include "recipe.h"
#include "ticket.h"
#include "tickets.h"

/* One gss_cred_id_t, in the hands of one handshake, or idle in its source. */
typedef struct gss_lease {
    struct gss_lease *next;
    gss_cred_id_t cred;
    int64_t born;
    gss_tickets *tickets;
    gss_ticket *ticket; /* the one that it is made of, and nothing else; or NULL */

    /* Of an initiator: whom it talks to. A name costs a look into krb5.conf, so it stays for
     * the next handshake with the same peer. */
    char *target_text; /* as the caller gave it, or NULL */
    gss_name_t target; /* or GSS_C_NO_NAME: not set yet */
} gss_lease;

/* Acquires lease->cred. tickets and ticket of the lease are set before; they are references
 * that the lease owns. May block, unless there is a ticket. */
SECURITY_STATUS gss_lease_make(const gss_recipe *recipe, gss_lease *lease,
                               sspia_report *report);

/* Also for one that was never made; NULL is fine. */
void gss_lease_destroy(gss_lease *lease);

#endif
