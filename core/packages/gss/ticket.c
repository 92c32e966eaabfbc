/* SPDX-License-Identifier: MIT */
/*
 * Getting one service ticket.
 *
 * Which tickets a recipe means is GSSAPI's rule (krb5's acquire_cred.c, kg_cred_resolve): a
 * ccache that is named; that of an account that is named; else the one that krb5_cc_select
 * prefers for the service, else the default one.
 *
 * Invariants:
 *   1. Until it is complete a ticket belongs to one thread at a time. Then nothing here changes
 *      but the count, until the last drop; libkrb5 locks the MEMORY ccache itself.
 *   2. The krb5_context belongs to whoever has the ticket (1), then to the thread of the last
 *      drop.
 */
#include "ticket.h"
#include "text.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct gss_ticket {
    atomic_uint references;
    krb5_context context;
    char *principal;
    krb5_ccache own;
    char *name; /* of own */
    int64_t end;

    /* Until it is complete. */
    krb5_ccache from;
    krb5_principal client;
    krb5_principal server;
    krb5_tkt_creds_context exchange;
};

/* Invariant 1 begins to hold, or the ticket goes. */
static void put_tools_away(gss_ticket *ticket)
{
    if (ticket->exchange != NULL)
        krb5_tkt_creds_free(ticket->context, ticket->exchange);
    if (ticket->from != NULL)
        krb5_cc_close(ticket->context, ticket->from);
    krb5_free_principal(ticket->context, ticket->client);
    krb5_free_principal(ticket->context, ticket->server);
    ticket->exchange = NULL;
    ticket->from = NULL;
    ticket->client = NULL;
    ticket->server = NULL;
}

static krb5_error_code find_tickets(gss_ticket *ticket, const gss_recipe *recipe,
                                    const char *ccache)
{
    krb5_context context = ticket->context;
    krb5_principal account = NULL;
    krb5_error_code code = 0;

    if (ccache == NULL)
        ccache = recipe->ccache;
    if (recipe->account != NULL)
        code = krb5_parse_name(context, recipe->account, &account);
    if (code == 0 && ccache != NULL) {
        code = krb5_cc_resolve(context, ccache, &ticket->from);
    } else if (code == 0 && account != NULL) {
        code = krb5_cc_cache_match(context, account, &ticket->from);
    } else if (code == 0) {
        code = krb5_cc_select(context, ticket->server, &ticket->from, &ticket->client);
        if (code == KRB5_CC_NOTFOUND || (code == 0 && ticket->from == NULL))
            code = krb5_cc_default(context, &ticket->from);
    }
    if (code == 0 && ticket->client == NULL)
        code = krb5_cc_get_principal(context, ticket->from, &ticket->client);
    if (code == 0 && account != NULL &&
        !krb5_principal_compare(context, account, ticket->client))
        code = KRB5_PRINC_NOMATCH;
    krb5_free_principal(context, account);
    return code;
}

krb5_error_code gss_ticket_open(const gss_recipe *recipe, const char *ccache,
                                const char *principal, gss_ticket **made)
{
    gss_ticket *ticket = calloc(1, sizeof *ticket);
    krb5_creds wanted;
    krb5_error_code code;

    *made = ticket;
    if (ticket == NULL)
        return ENOMEM;
    atomic_init(&ticket->references, 1);
    memset(&wanted, 0, sizeof wanted);
    code = krb5_init_context(&ticket->context);
    if (code != 0) {
        ticket->context = NULL;
        return code;
    }
    if (!gss_text_copy(principal, &ticket->principal))
        return ENOMEM;
    code = krb5_parse_name(ticket->context, principal, &ticket->server);
    if (code == 0)
        code = find_tickets(ticket, recipe, ccache);
    wanted.client = ticket->client;
    wanted.server = ticket->server;
    if (code == 0)
        code =
            krb5_tkt_creds_init(ticket->context, ticket->from, &wanted, 0, &ticket->exchange);
    return code;
}

/* Puts what was got alone into a ccache, under the name that GSSAPI will ask for. */
static krb5_error_code complete(gss_ticket *ticket)
{
    krb5_context context = ticket->context;
    krb5_creds creds;
    krb5_principal got;
    krb5_error_code code;

    memset(&creds, 0, sizeof creds);
    code = krb5_tkt_creds_get_creds(context, ticket->exchange, &creds);
    if (code == 0)
        code = krb5_cc_new_unique(context, "MEMORY", NULL, &ticket->own);
    if (code == 0)
        code = krb5_cc_get_full_name(context, ticket->own, &ticket->name);
    if (code == 0)
        code = krb5_cc_initialize(context, ticket->own, creds.client);
    if (code == 0)
        code = krb5_cc_store_cred(context, ticket->own, &creds);
    if (code == 0 && !krb5_principal_compare(context, creds.server, ticket->server)) {
        got = creds.server;
        creds.server = ticket->server;
        code = krb5_cc_store_cred(context, ticket->own, &creds);
        creds.server = got;
    }
    /* Seconds in 32 bits, unsigned since krb5 1.16. */
    ticket->end = (int64_t)(uint32_t)creds.times.endtime;
    krb5_free_cred_contents(context, &creds);
    put_tools_away(ticket);
    return code;
}

krb5_error_code gss_ticket_step(gss_ticket *ticket, krb5_data *reply, krb5_data *request,
                                krb5_data *realm, bool *more)
{
    unsigned flags = 0;
    krb5_error_code code = krb5_tkt_creds_step(ticket->context, ticket->exchange, reply,
                                               request, realm, &flags);

    *more = code == 0 && (flags & KRB5_TKT_CREDS_STEP_FLAG_CONTINUE);
    return code == 0 && !*more ? complete(ticket) : code;
}

krb5_context gss_ticket_context(gss_ticket *ticket)
{
    return ticket != NULL ? ticket->context : NULL;
}

gss_ticket *gss_ticket_keep(gss_ticket *ticket)
{
    if (ticket != NULL)
        atomic_fetch_add_explicit(&ticket->references, 1, memory_order_relaxed);
    return ticket;
}

void gss_ticket_drop(gss_ticket *ticket)
{
    /* acq_rel: the last one destroys after everyone else's use (invariant 2). */
    if (ticket == NULL ||
        atomic_fetch_sub_explicit(&ticket->references, 1, memory_order_acq_rel) != 1)
        return;
    if (ticket->context != NULL) {
        put_tools_away(ticket);
        if (ticket->own != NULL)
            krb5_cc_destroy(ticket->context, ticket->own);
        krb5_free_string(ticket->context, ticket->name);
        krb5_free_context(ticket->context);
    }
    free(ticket->principal);
    free(ticket);
}

const char *gss_ticket_ccache(const gss_ticket *ticket)
{
    return ticket->name;
}

const char *gss_ticket_principal(const gss_ticket *ticket)
{
    return ticket->principal;
}

int64_t gss_ticket_end(const gss_ticket *ticket)
{
    return ticket->end;
}
