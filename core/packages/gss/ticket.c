/* SPDX-License-Identifier: MIT */
/*
 * Getting one service ticket.
 *
 * Which tickets a recipe means is GSSAPI's rule (krb5's acquire_cred.c, kg_cred_resolve): a
 * ccache that is named; that of an account that is named; else the one that krb5_cc_select
 * prefers for the service, else the default one.
 *
 * libkrb5 goes through a ccache once for each thing that it wants to know, by a lock and a stat
 * of the file for each ticket: five times before it asks the KDC. So what may be of use is read
 * once, into memory, and what was got is put back.
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
#include <time.h>

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

    bool sign;
    /* What the exchange reads and writes; NULL: from. Of a sign it is the ticket-granting
     * ticket and nothing else. */
    krb5_ccache bare;
    bool sent; /* a KDC was asked */
};

/* Invariant 1 begins to hold, or the ticket goes. */
static void put_tools_away(gss_ticket *ticket)
{
    if (ticket->exchange != NULL)
        krb5_tkt_creds_free(ticket->context, ticket->exchange);
    if (ticket->bare != NULL)
        krb5_cc_destroy(ticket->context, ticket->bare);
    if (ticket->from != NULL)
        krb5_cc_close(ticket->context, ticket->from);
    krb5_free_principal(ticket->context, ticket->client);
    krb5_free_principal(ticket->context, ticket->server);
    ticket->exchange = NULL;
    ticket->bare = NULL;
    ticket->from = NULL;
    ticket->client = NULL;
    ticket->server = NULL;
}

/* Of a service that acts for a user: what is asked for is the service's own ticket, as a sign.
 * EEXIST: the user's is there, and the KDC is not needed. */
static krb5_error_code stand_in(gss_ticket *ticket)
{
    krb5_context context = ticket->context;
    krb5_data service;
    krb5_creds wanted;
    krb5_creds found;
    krb5_error_code code;

    memset(&wanted, 0, sizeof wanted);
    wanted.client = ticket->client;
    wanted.server = ticket->server;
    wanted.times.endtime = (krb5_timestamp)time(NULL);
    /* libkrb5 leaves this note where it composes such creds; without it they are the service's.
     */
    if (krb5_cc_get_config(context, ticket->from, NULL, "proxy_impersonator", &service) != 0)
        return 0;
    if (krb5_cc_retrieve_cred(context, ticket->from, KRB5_TC_MATCH_TIMES, &wanted, &found) ==
        0) {
        krb5_free_cred_contents(context, &found);
        code = EEXIST;
    } else {
        krb5_free_principal(context, ticket->client);
        ticket->client = NULL;
        code = krb5_parse_name(context, service.data, &ticket->client);
    }
    krb5_free_data_contents(context, &service);
    return code;
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
    if (code == 0 && recipe->s4u)
        code = stand_in(ticket);
    krb5_free_principal(context, account);
    return code;
}

/* Puts the ticket-granting ticket alone into a ccache, if it can be forwarded or need not be.
 */
static krb5_error_code find_bare(gss_ticket *ticket, bool forwardable)
{
    krb5_context context = ticket->context;
    const krb5_data *realm = krb5_princ_realm(context, ticket->client);
    krb5_creds wanted;
    krb5_creds found;
    krb5_error_code code;

    memset(&wanted, 0, sizeof wanted);
    memset(&found, 0, sizeof found);
    wanted.client = ticket->client;
    code = krb5_build_principal_ext(context, &wanted.server, realm->length, realm->data,
                                    (unsigned)KRB5_TGS_NAME_SIZE, KRB5_TGS_NAME, realm->length,
                                    realm->data, 0);
    if (code == 0 && krb5_cc_retrieve_cred(context, ticket->from, 0, &wanted, &found) == 0 &&
        (!forwardable || found.ticket_flags & TKT_FLG_FORWARDABLE)) {
        code = krb5_cc_new_unique(context, "MEMORY", NULL, &ticket->bare);
        if (code == 0)
            code = krb5_cc_initialize(context, ticket->bare, ticket->client);
        if (code == 0)
            code = krb5_cc_store_cred(context, ticket->bare, &found);
        ticket->sign = code == 0;
    }
    krb5_free_cred_contents(context, &found);
    krb5_free_principal(context, wanted.server);
    return code;
}

static bool is_grant(krb5_const_principal server)
{
    return server->length == 2 && server->data[0].length == KRB5_TGS_NAME_SIZE &&
           memcmp(server->data[0].data, KRB5_TGS_NAME, KRB5_TGS_NAME_SIZE) == 0;
}

/* Of a ccache that has other things in it, too: tickets that grant others, what was noted about
 * them, and those for the service. */
static krb5_error_code read_tickets(gss_ticket *ticket)
{
    krb5_context context = ticket->context;
    krb5_cc_cursor cursor;
    krb5_creds creds;
    krb5_error_code code;

    if (strcmp(krb5_cc_get_type(context, ticket->from), "MEMORY") == 0)
        return 0;
    code = krb5_cc_new_unique(context, "MEMORY", NULL, &ticket->bare);
    if (code == 0)
        code = krb5_cc_initialize(context, ticket->bare, ticket->client);
    if (code == 0)
        code = krb5_cc_start_seq_get(context, ticket->from, &cursor);
    if (code != 0)
        return code;
    while (code == 0 && krb5_cc_next_cred(context, ticket->from, &cursor, &creds) == 0) {
        if (is_grant(creds.server) || krb5_is_config_principal(context, creds.server) ||
            krb5_principal_compare_any_realm(context, creds.server, ticket->server))
            code = krb5_cc_store_cred(context, ticket->bare, &creds);
        krb5_free_cred_contents(context, &creds);
    }
    krb5_cc_end_seq_get(context, ticket->from, &cursor);
    return code;
}

static bool same_data(const krb5_data *one, const krb5_data *other)
{
    return one->length == other->length && memcmp(one->data, other->data, one->length) == 0;
}

/* A grant that was got on the way to another realm, unless it was there from before. */
static void put_back_grant(gss_ticket *ticket, krb5_creds *grant)
{
    krb5_context context = ticket->context;
    krb5_creds wanted;
    krb5_creds found;

    if (!is_grant(grant->server) ||
        same_data(&grant->server->data[1], krb5_princ_realm(context, ticket->client)))
        return;
    memset(&wanted, 0, sizeof wanted);
    wanted.client = grant->client;
    wanted.server = grant->server;
    if (krb5_cc_retrieve_cred(context, ticket->from, 0, &wanted, &found) == 0)
        krb5_free_cred_contents(context, &found);
    else
        krb5_cc_store_cred(context, ticket->from, grant);
}

/* Puts what was got where the rest is from. That this fails is no failure, as with libkrb5. */
static void put_back(gss_ticket *ticket, krb5_creds *got)
{
    krb5_context context = ticket->context;
    krb5_cc_cursor cursor;
    krb5_creds creds;

    if (ticket->bare == NULL || ticket->sign || !ticket->sent ||
        krb5_cc_start_seq_get(context, ticket->bare, &cursor) != 0)
        return;
    while (krb5_cc_next_cred(context, ticket->bare, &cursor, &creds) == 0) {
        put_back_grant(ticket, &creds);
        krb5_free_cred_contents(context, &creds);
    }
    krb5_cc_end_seq_get(context, ticket->bare, &cursor);
    krb5_cc_store_cred(context, ticket->from, got);
}

krb5_error_code gss_ticket_open(const gss_recipe *recipe, const char *ccache,
                                const char *principal, bool delegating, gss_ticket **made)
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
    if (code == 0 && (delegating || recipe->s4u))
        code = find_bare(ticket, !recipe->s4u);
    if (code == 0 && recipe->s4u && !ticket->sign)
        code = KRB5_CC_NOTFOUND;
    if (code == 0 && !ticket->sign)
        code = read_tickets(ticket);
    wanted.client = ticket->client;
    wanted.server = ticket->server;
    if (code == 0)
        code = krb5_tkt_creds_init(ticket->context,
                                   ticket->bare != NULL ? ticket->bare : ticket->from, &wanted,
                                   0, &ticket->exchange);
    return code;
}

/* Puts what was got alone into a ccache, under the name that GSSAPI will ask for. */
static krb5_error_code complete(gss_ticket *ticket, krb5_creds *creds)
{
    krb5_context context = ticket->context;
    krb5_principal got = creds->server;
    krb5_error_code code = krb5_cc_new_unique(context, "MEMORY", NULL, &ticket->own);

    if (code == 0)
        code = krb5_cc_get_full_name(context, ticket->own, &ticket->name);
    if (code == 0)
        code = krb5_cc_initialize(context, ticket->own, creds->client);
    if (code == 0)
        code = krb5_cc_store_cred(context, ticket->own, creds);
    if (code == 0 && !krb5_principal_compare(context, got, ticket->server)) {
        creds->server = ticket->server;
        code = krb5_cc_store_cred(context, ticket->own, creds);
        creds->server = got;
    }
    /* Seconds in 32 bits, unsigned since krb5 1.16. */
    ticket->end = (int64_t)(uint32_t)creds->times.endtime;
    put_tools_away(ticket);
    return code;
}

bool gss_ticket_is_sign(const gss_ticket *ticket)
{
    return ticket->sign;
}

krb5_error_code gss_ticket_fall_back(gss_ticket *ticket)
{
    krb5_creds wanted;
    krb5_creds found;
    krb5_error_code code;

    memset(&wanted, 0, sizeof wanted);
    memset(&found, 0, sizeof found);
    wanted.client = ticket->client;
    wanted.server = ticket->server;
    wanted.times.endtime = (krb5_timestamp)time(NULL);
    code = krb5_cc_retrieve_cred(ticket->context, ticket->from, KRB5_TC_MATCH_TIMES, &wanted,
                                 &found);
    if (code == 0)
        code = complete(ticket, &found);
    if (code == 0)
        ticket->sign = false;
    krb5_free_cred_contents(ticket->context, &found);
    return code;
}

krb5_error_code gss_ticket_step(gss_ticket *ticket, krb5_data *reply, krb5_data *request,
                                krb5_data *realm, bool *more)
{
    unsigned flags = 0;
    krb5_error_code code =
        krb5_tkt_creds_step(ticket->context, ticket->exchange, reply, request, realm, &flags);

    krb5_creds creds;

    *more = code == 0 && (flags & KRB5_TKT_CREDS_STEP_FLAG_CONTINUE);
    ticket->sent = ticket->sent || *more;
    if (code != 0 || *more)
        return code;
    memset(&creds, 0, sizeof creds);
    code = krb5_tkt_creds_get_creds(ticket->context, ticket->exchange, &creds);
    if (code == 0) {
        put_back(ticket, &creds);
        code = complete(ticket, &creds);
    }
    krb5_free_cred_contents(ticket->context, &creds);
    return code;
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
