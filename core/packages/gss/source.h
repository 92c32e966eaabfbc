/* SPDX-License-Identifier: MIT */
#ifndef GSS_SOURCE_H
#define GSS_SOURCE_H

#include "mech.h"
#include "module.h"
#include "tickets.h"
#include "users.h"

#include <pthread.h>

/* One gss_cred_id_t, in the hands of one handshake, or idle in its source. */
typedef struct gss_lease {
    struct gss_lease *next;
    gss_cred_id_t cred;
    unsigned mechs; /* what it may negotiate */
    bool raw;       /* for the mechanism itself, not for SPNEGO */
    int64_t born;
    gss_tickets *tickets;
    gss_users *users;

    /* Of an initiator: whom it talks to. A name costs a look into krb5.conf, so it stays for
     * the next handshake with the same peer. */
    char *target_text;    /* as the caller gave it, or NULL */
    unsigned target_asks; /* the mechanisms that it was imported for */
    gss_name_t target;    /* or GSS_C_NO_NAME: not set yet */
} gss_lease;

/*
 * A recipe for gss_cred_id_t's, and a few that are idle. The recipe is filled in once by
 * credential.c (gss_source_init before) and then read only; see source.c for the rest.
 */
typedef struct gss_source {
    gss_cred_usage_t usage;
    unsigned mechs;  /* GSS_MECH_*; 0: there is no such source */
    bool negotiate;  /* acquire for SPNEGO */
    gss_name_t name; /* or GSS_C_NO_NAME */

    /* For the cred store; NULL leaves a place to the system. */
    char *ccache;
    char *keytab;
    char *client_keytab;
    char *replay_cache;
    char *nt_hash;
    char *ntlm_domain;

    /* Where tickets come from; both NULL: not from us. */
    char *account;
    char *password;
    char *login_keytab;
    char *user_file; /* acceptors */

    pthread_mutex_t lock; /* guards what follows */
    gss_lease *idle;
    unsigned idle_count;
    bool renewing;
    int64_t
        kerberos_again; /* until then Negotiate does without Kerberos; see gss_source_mechs */
    gss_tickets *tickets;
    gss_users *users;
} gss_source;

void gss_source_init(gss_source *source);
void gss_source_clear(gss_source *source);

/* Reads the user file, if the recipe has one and it has changed. Called when the credential is
 * acquired, so that a file that is not there shows then; gss_source_take repeats it. */
SECURITY_STATUS gss_source_read_users(gss_source *source, sspia_report *report);

/* What may be negotiated now: source->mechs, but without Kerberos for a while after the KDC of
 * the account could not be reached or did not know it, if NTLM is there instead. */
unsigned gss_source_mechs(gss_source *source);

/* Hands out a cred nobody else uses: an idle one, or a new one. mechs is what it may
 * negotiate (a subset of source->mechs); raw: one for that single mechanism, not SPNEGO. With
 * Kerberos it gets tickets first, where the recipe says from what, and may block. */
SECURITY_STATUS gss_source_take(gss_source *source, unsigned mechs, bool raw, gss_lease **lease,
                                sspia_report *report);
/* The same for an initiator, with its target set. mechs is what it may negotiate unless the
 * target's form or the KDC (gss_source_mechs) leaves less. */
SECURITY_STATUS gss_source_take_for(gss_source *source, const char *target, unsigned mechs,
                                    gss_lease **lease, sspia_report *report);
/* Takes it back; NULL is fine. Does not block. */
void gss_source_give(gss_source *source, gss_lease *lease);

#endif
