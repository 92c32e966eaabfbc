/* SPDX-License-Identifier: MIT */
#ifndef GSS_TICKET_H
#define GSS_TICKET_H

#include "recipe.h"

#include <krb5.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A ticket for one service, alone in a ccache of our own in memory: GSSAPI, given that, cannot
 * reach a KDC, because there is nothing with which it could ask for more. Reference-counted;
 * the last drop destroys it.
 */
typedef struct gss_ticket gss_ticket;

/* Begins to get one for a principal, from the tickets of ccache, or NULL: from those that the
 * recipe means. Asks nobody yet. *ticket is set once there is something to drop.
 *
 * delegating: if the account could be delegated, the ticket is got from the KDC whatever is
 * there, and kept from the caller's ccache: a sign that the KDC lives. For a service that acts
 * for users it is always such a sign, in the service's own name; it fails if libkrb5 needs no
 * sign, or would not come so far as to ask. */
krb5_error_code gss_ticket_open(const gss_recipe *recipe, const char *ccache,
                                const char *principal, bool delegating, gss_ticket **ticket);

/* Whether it is such a sign. */
bool gss_ticket_is_sign(const gss_ticket *ticket);
/* There was no sign: completes it by what is in the ccache, and it is none any more. */
krb5_error_code gss_ticket_fall_back(gss_ticket *ticket);

/* One step: takes a reply (empty at first); *more: sends request to a KDC of realm, else the
 * ticket is complete. It is kept in the ccache that it comes from, too. Does not block. */
krb5_error_code gss_ticket_step(gss_ticket *ticket, krb5_data *reply, krb5_data *request,
                                krb5_data *realm, bool *more);

krb5_context gss_ticket_context(gss_ticket *ticket); /* until it is complete; or NULL */

gss_ticket *gss_ticket_keep(gss_ticket *ticket);
void gss_ticket_drop(gss_ticket *ticket); /* NULL is fine */

/* Of a complete one. The ccache's name for a cred store; whom it is for; when it ends. */
const char *gss_ticket_ccache(const gss_ticket *ticket);
const char *gss_ticket_principal(const gss_ticket *ticket);
int64_t gss_ticket_end(const gss_ticket *ticket);

#endif
