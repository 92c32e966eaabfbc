/* SPDX-License-Identifier: MIT */
#ifndef NTLM_CONTEXT_H
#define NTLM_CONTEXT_H

#include "credential.h"
#include "message.h"
#include "session.h"

/* What Windows calls somebody who logs on as nobody. */
#define NTLM_ANONYMOUS_USER   "ANONYMOUS LOGON"
#define NTLM_ANONYMOUS_DOMAIN "NT AUTHORITY"

/*
 * A security context, in one block of memory. The core lets one call at a time into it, so that
 * nothing here is locked.
 *
 *     STARTED --last leg--> ESTABLISHED
 *        +-------error----> FAILED         only delete is left
 *
 * In STARTED the room at its end holds the messages of an acceptor that the MIC covers, later
 * the names of the client. An initiator's names are those of its credential.
 */
typedef struct ntlm_context {
    bool initiator;
    enum { NTLM_STARTED, NTLM_ESTABLISHED, NTLM_FAILED } state;
    ntlm_credential *credential; /* NULL for an imported one */
    uint64_t requested;
    uint32_t
        flags; /* offered by the initiator, or in the acceptor's challenge; then agreed on */
    uint32_t attributes; /* ISC_RET_* or ASC_RET_* */
    int64_t started;     /* seconds since 1970: when it was established */
    bool has_mic;        /* of the three messages, which the client announces in its answer */
    bool has_bindings;
    unsigned char bindings[NTLM_DIGEST_SIZE];
    ntlm_pending pending; /* an acceptor's question to its verifier */
    /* With integrity alone: how the peer wraps (protect.c). */
    enum { NTLM_WRAPS_UNKNOWN, NTLM_WRAPS_READABLE, NTLM_WRAPS_SEALED } peer_wraps;

    /* UTF-8; target is NULL if none was named. They point into the credential, the room, or
     * names. */
    const char *user;
    const char *domain;
    const char *target;
    char *names; /* for names that the room is too small for, or NULL */

    size_t negotiate_size; /* acceptors: both messages, one after the other */
    size_t challenge_size;
    size_t room_size;
    ntlm_session session;
    unsigned char room[];
} ntlm_context;

/* NULL if memory ran out. Keeps the credential, which may be NULL. */
ntlm_context *ntlm_context_create(bool initiator, ntlm_credential *credential, size_t room);
void ntlm_context_delete(void *context);

/* Only delete is left. Returns status. */
SECURITY_STATUS ntlm_context_fail(ntlm_context *context, SECURITY_STATUS status);

/* Copies the names; domain "" and target NULL if there is none. */
SECURITY_STATUS ntlm_context_name(ntlm_context *context, const char *user, const char *domain,
                                  const char *target);

/* The end of the handshake: flags as agreed on, and the exported session key. */
void ntlm_context_establish(ntlm_context *context, uint32_t flags,
                            const unsigned char key[NTLM_KEY_SIZE]);

/* ISC_RET_* or ASC_RET_* of such flags. */
uint32_t ntlm_context_attributes(const ntlm_context *context, uint32_t flags);

/* SEC_E_OUT_OF_SEQUENCE unless it is established. */
SECURITY_STATUS ntlm_context_ready(const ntlm_context *context, sspia_report *report);

bool ntlm_context_integrity(const ntlm_context *context);
bool ntlm_context_confidentiality(const ntlm_context *context);

/* The channel bindings of a leg, unless an earlier one had some. */
SECURITY_STATUS ntlm_context_take_bindings(ntlm_context *context, const sspia_step *step,
                                           sspia_report *report);

/* The token among the caller's buffers; size is 0 if there is none. */
ntlm_bytes ntlm_context_token(const sspia_step *step);

/* The legs (initiator.c, acceptor.c); sspia_package's functions. */
SECURITY_STATUS ntlm_initialize(void **context, const sspia_step *step,
                                sspia_step_result *result, sspia_report *report);
SECURITY_STATUS ntlm_accept(void **context, const sspia_step *step, sspia_step_result *result,
                            sspia_report *report);

#endif
