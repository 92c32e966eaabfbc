/* SPDX-License-Identifier: MIT */
#ifndef GSS_CONTEXT_H
#define GSS_CONTEXT_H

#include "credential.h"

/*
 * A security context. The core lets one call at a time into it, so nothing here is locked.
 *
 *     STARTED --last leg--> ESTABLISHED
 *        +-------error----> FAILED         only delete is left
 *
 * A first leg may wait for its lease: it has none then, and a seat (flight.h), or is to be
 * called on a thread that may block.
 *
 * source and credential are set together, before the lease, from the first leg until the
 * handshake ends either way: an established context needs no credential.
 */
typedef struct gss_context {
    bool initiator;
    enum { GSS_STARTED, GSS_ESTABLISHED, GSS_FAILED } state;
    gss_ctx_id_t handle;

    gss_credential *credential;
    gss_source *source;
    gss_lease *lease;
    bool waits;  /* the first leg is not over */
    bool blocks; /* it is libkrb5 that gets its tickets */
    bool tried;  /* once in vain with a ticket that GSSAPI did not find */
    gss_seat seat;

    char *target_text; /* as the caller gave it, or NULL */
    gss_channel_bindings_t bindings;
    uint64_t requested;
    OM_uint32 wanted;    /* initiators: GSS flags */
    uint32_t attributes; /* ISC_RET_* or ASC_RET_* */
    int64_t started;     /* seconds since 1970: when it was established */
    int64_t expiry;
    enum { GSS_LAYOUT_UNKNOWN, GSS_LAYOUT_RFC1964, GSS_LAYOUT_RFC4121 } layout;
    gss_cred_id_t delegated; /* acceptors: what the initiator entrusted to us */
    char *client;            /* acceptors: its name, if it was looked up, or NULL */

    /* An exported context that could not be imported again yet (transfer.c). */
    gss_buffer_desc parked;
} gss_context;

/* NULL if memory ran out. */
gss_context *gss_context_create(bool initiator);
void gss_context_delete(void *context);

/* Ends the handshake: gives the cred back. Leaves the state alone. */
void gss_context_settle(gss_context *context);
/* Also drops what GSSAPI has of it. Returns status. */
SECURITY_STATUS gss_context_fail(gss_context *context, SECURITY_STATUS status);

/* For functions that need an established context: SEC_E_OK, SEC_E_OUT_OF_SEQUENCE, or the
 * error that keeps a parked one from coming back. */
SECURITY_STATUS gss_context_ready(gss_context *context, sspia_report *report);

/* Whether signatures, or messages of this quality, were agreed on when it was made. */
SECURITY_STATUS gss_context_may_sign(const gss_context *context, sspia_report *report);
SECURITY_STATUS gss_context_may_encrypt(const gss_context *context, uint32_t qop,
                                        sspia_report *report);

#endif
