/* SPDX-License-Identifier: MIT */
#ifndef NEGOTIATE_CONTEXT_H
#define NEGOTIATE_CONTEXT_H

#include "credential.h"

#define NEG_LIST_ROOM 64u /* Kerberos, its old number and NTLM fit */

/*
 * A security context around a mechanism's own. The core lets one call at a time into it, so
 * that nothing here is locked.
 *
 *     STARTED --both sides are done--> ESTABLISHED
 *        +------------error----------> FAILED       only delete is left
 *
 * In STARTED there is a credential; member is the mechanism that is being tried or was chosen,
 * NULL before that, and inner is what has come of it. A leg that waits comes back with the same
 * token: what it has decided stands here, and is not decided again.
 */
typedef struct neg_context {
    bool initiator;
    enum { NEG_STARTED, NEG_ESTABLISHED, NEG_FAILED } state;

    neg_credential *credential;
    neg_member *member;
    const sspia_package *package; /* of inner; the member's as long as there is one */
    void *inner;
    bool inner_done;
    uint32_t attributes; /* ISC_RET_* or ASC_RET_*: inner's last */
    int64_t expiry;

    bool greeted;    /* the acceptor has spoken before the initiator */
    bool started;    /* initiator: its first token is made; acceptor: it has come */
    bool answered;   /* the acceptor's first answer is behind us */
    bool raw;        /* tokens are the mechanism's own */
    bool changed;    /* the mechanism is not the initiator's first choice */
    bool mic_wanted; /* the peer has asked for the list to be signed */
    bool mic_sent;
    bool mic_received;    /* and verified */
    uint32_t passed_over; /* acceptor: members that could not be used, by bits */

    /* Why mechanisms that come before the one in use were not used; freed with free, or NULL.
     */
    char *reasons;

    /* What a MIC covers: the initiator's mechTypes, as it sent them. In room, or to be freed.
     */
    unsigned char *list;
    size_t list_size;
    unsigned char room[NEG_LIST_ROOM];
} neg_context;

/* Keeps the credential, which is NULL for an imported one. NULL if memory ran out. */
neg_context *neg_context_create(bool initiator, neg_credential *credential);
void neg_context_delete(void *context);

/* The end of a leg: tells what is known of the context, and settles one that is complete or has
 * failed. Returns status. */
SECURITY_STATUS neg_context_conclude(neg_context *context, SECURITY_STATUS status,
                                     sspia_step_result *result, sspia_report *report);

/* Notes why a mechanism is not used. */
void neg_context_pass_over(neg_context *context, const neg_member *member, const char *why);

/* Drops inner and sets another mechanism in its place. */
void neg_context_use(neg_context *context, neg_member *member);

/* Room for the list; NULL without memory. */
unsigned char *neg_context_list(neg_context *context, size_t size);

/* SEC_E_OUT_OF_SEQUENCE unless it is established. */
SECURITY_STATUS neg_context_ready(const neg_context *context, sspia_report *report);

/* Whether the mechanism protects messages with it: only then can the list be signed. */
bool neg_context_integrity(const neg_context *context);

const char *neg_context_negotiated(void *context, uint32_t *state);

/* The token among the caller's buffers; size is 0 if there is none. */
neg_bytes neg_context_token(const sspia_step *step);

/* A leg of the mechanism's with a token of its own (may be empty), and everything else as the
 * caller gave it. SSPIA_WAITING passes through. Notes what it says of the context. token is the
 * mechanism's answer, also after an error, to be freed with host->free. */
SECURITY_STATUS neg_context_run(neg_context *context, const sspia_step *step, neg_bytes token,
                                sspia_step_result *result, sspia_report *report);

/* The legs (initiator.c, acceptor.c); sspia_package's functions. */
SECURITY_STATUS neg_initialize(void **context, const sspia_step *step,
                               sspia_step_result *result, sspia_report *report);
SECURITY_STATUS neg_accept(void **context, const sspia_step *step, sspia_step_result *result,
                           sspia_report *report);

#endif
