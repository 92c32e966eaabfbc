/* SPDX-License-Identifier: MIT */
/* The life of a security context. */
#include "context.h"
#include "bindings.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

ntlm_context *ntlm_context_create(bool initiator, ntlm_credential *credential, size_t room)
{
    ntlm_context *context = malloc(sizeof *context + room);

    if (context == NULL)
        return NULL;
    memset(context, 0, offsetof(ntlm_context, session) + NTLM_SESSION_HEAD);
    context->initiator = initiator;
    context->session.initiator = initiator;
    context->user = context->domain = "";
    context->room_size = room;
    if (credential != NULL)
        context->credential = ntlm_credential_keep(credential);
    return context;
}

void ntlm_context_delete(void *object)
{
    ntlm_context *context = object;

    if (context == NULL)
        return;
    ntlm_verifier_forget(&context->pending);
    ntlm_credential_release(context->credential);
    free(context->names);
    ntlm_session_wipe(&context->session);
    free(context);
}

SECURITY_STATUS ntlm_context_fail(ntlm_context *context, SECURITY_STATUS status)
{
    context->state = NTLM_FAILED;
    ntlm_session_wipe(&context->session);
    return status;
}

static char *place(char *next, const char *text, const char **member)
{
    *member = strcpy(next, text);
    return next + strlen(text) + 1;
}

SECURITY_STATUS ntlm_context_name(ntlm_context *context, const char *user, const char *domain,
                                  const char *target)
{
    size_t size = strlen(user) + strlen(domain) + (target != NULL ? strlen(target) : 0) + 3;
    char *next = (char *)context->room;

    if (size > context->room_size)
        next = context->names = malloc(size);
    if (next == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    next = place(next, user, &context->user);
    next = place(next, domain, &context->domain);
    if (target != NULL)
        place(next, target, &context->target);
    return SEC_E_OK;
}

void ntlm_context_establish(ntlm_context *context, uint32_t flags,
                            const unsigned char key[NTLM_KEY_SIZE])
{
    context->flags = flags;
    context->attributes = ntlm_context_attributes(context, flags);
    context->started = (int64_t)time(NULL);
    memcpy(context->session.key, key, NTLM_KEY_SIZE);
    context->session.encrypts_checksum = (flags & NTLM_KEY_EXCHANGE) != 0;
    context->state = NTLM_ESTABLISHED;
}

/* NTLM's signatures are numbered: with integrity, replay and order are always checked. An
 * initiator hears of that if it asked, an acceptor always, as on Windows. */
uint32_t ntlm_context_attributes(const ntlm_context *context, uint32_t flags)
{
    const uint32_t order = ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT;
    uint32_t requested = (uint32_t)context->requested;
    uint32_t result =
        requested & ISC_RET_CONNECTION; /* these bits are the same on both sides */

    if (flags & (NTLM_SIGN | NTLM_SEAL)) {
        result |= context->initiator ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY;
        result |= context->initiator ? requested & order : order;
    }
    if (flags & NTLM_SEAL)
        result |= ISC_RET_CONFIDENTIALITY;
    if (flags & NTLM_IDENTIFY)
        result |= context->initiator ? ISC_RET_IDENTIFY : ASC_RET_IDENTIFY;
    if (flags & NTLM_ANONYMOUS)
        result |= context->initiator ? ISC_RET_NULL_SESSION : ASC_RET_NULL_SESSION;
    return result;
}

SECURITY_STATUS ntlm_context_ready(const ntlm_context *context, sspia_report *report)
{
    if (context->state == NTLM_ESTABLISHED)
        return SEC_E_OK;
    return ntlm_report(report, SEC_E_OUT_OF_SEQUENCE, "context",
                       context->state == NTLM_FAILED ? "its handshake failed"
                                                     : "its handshake is not complete");
}

bool ntlm_context_integrity(const ntlm_context *context)
{
    return (context->flags & (NTLM_SIGN | NTLM_SEAL)) != 0;
}

bool ntlm_context_confidentiality(const ntlm_context *context)
{
    return (context->flags & NTLM_SEAL) != 0;
}

ntlm_bytes ntlm_context_token(const sspia_step *step)
{
    for (uint32_t i = 0; i < step->input_count; i++) {
        if ((step->input[i].BufferType & ~SECBUFFER_ATTRMASK) == SECBUFFER_TOKEN &&
            step->input[i].pvBuffer != NULL)
            return (ntlm_bytes){step->input[i].pvBuffer, step->input[i].cbBuffer};
    }
    return (ntlm_bytes){NULL, 0};
}

SECURITY_STATUS ntlm_context_take_bindings(ntlm_context *context, const sspia_step *step,
                                           sspia_report *report)
{
    return context->has_bindings
               ? SEC_E_OK
               : ntlm_bindings_read(step->input, step->input_count, context->bindings,
                                    &context->has_bindings, report);
}
