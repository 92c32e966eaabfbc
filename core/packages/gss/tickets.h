/* SPDX-License-Identifier: MIT */
#ifndef GSS_TICKETS_H
#define GSS_TICKETS_H

#include "host.h"
#include "recipe.h"

#include <gssapi/gssapi.h>
#include <krb5.h>
#include <stdbool.h>

/* Tickets got with a password or a client keytab, in a ccache of our own in memory; service
 * tickets are added to it as they are used. Reference-counted; the last drop destroys it. */
typedef struct gss_tickets gss_tickets;

/* One AS exchange: may block as long as the KDC is silent. The recipe has a password or a
 * login keytab, and with the latter no account perhaps: the first principal in it. call: whose
 * it is, as long as its result is wanted (hook.h); NULL: to the end. */
SECURITY_STATUS gss_tickets_get(const gss_recipe *recipe, void *call, gss_tickets **tickets,
                                sspia_report *report);

/* The same in steps that do not block. gss_tickets_open begins; *tickets is set once there is
 * something to drop. *call is that of whoever makes a step (hook.h). A step takes a reply
 * (empty at first); *more: sends request to a KDC of realm, else the tickets are complete. */
krb5_error_code gss_tickets_open(const gss_recipe *recipe, void *const *call,
                                 gss_tickets **tickets);
krb5_error_code gss_tickets_step(gss_tickets *tickets, krb5_data *reply, krb5_data *request,
                                 krb5_data *realm, bool *more);
/* Whether a step may block all the same: on a smart card or whatever else holds the keys that
 * krb5.conf names for PKINIT, or because the armor is of another realm. */
bool gss_tickets_block(const gss_tickets *tickets);
krb5_context gss_tickets_context(gss_tickets *tickets); /* until they are complete; or NULL */

/* Those of a cred that GSSAPI has made: a copy. Asks nobody. *proxy: they are a service's,
 * which acts for the cred's owner (S4U2Proxy). */
SECURITY_STATUS gss_tickets_copy(gss_cred_id_t cred, gss_tickets **tickets, bool *proxy,
                                 sspia_report *report);

gss_tickets *gss_tickets_keep(gss_tickets *tickets); /* NULL is fine */
void gss_tickets_drop(gss_tickets *tickets);

/* The first principal in a keytab; freed with krb5_free_principal. */
krb5_error_code gss_tickets_principal(krb5_context context, krb5_keytab keytab,
                                      krb5_principal *principal);

/* "MEMORY:...", for a cred store. */
const char *gss_tickets_ccache(const gss_tickets *tickets);

/* Seconds since 1970: when the ticket ends, and from when a new one should be got. */
int64_t gss_tickets_expiry(const gss_tickets *tickets);
int64_t gss_tickets_renewal(const gss_tickets *tickets);

#endif
