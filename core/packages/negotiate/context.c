/* SPDX-License-Identifier: MIT */
/* The life of a security context, and a leg of the mechanism inside it. */
#include "context.h"
#include "host.h"
#include "status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFERS_FEW 8u

neg_context *neg_context_create(bool initiator, neg_credential *credential)
{
    neg_context *context = calloc(1, sizeof *context);

    if (context == NULL)
        return NULL;
    context->initiator = initiator;
    context->expiry = INT64_MAX;
    if (credential != NULL)
        context->credential = neg_credential_keep(credential);
    return context;
}

static void drop_inner(neg_context *context)
{
    if (context->inner != NULL)
        context->package->delete_context(context->inner);
    context->inner = NULL;
    context->inner_done = false;
}

/* Drops what only the handshake needs. */
static void settle(neg_context *context)
{
    neg_credential_release(context->credential);
    context->credential = NULL;
    context->member = NULL;
    free(context->reasons);
    context->reasons = NULL;
    if (context->list != context->room)
        free(context->list);
    context->list = NULL;
    context->list_size = 0;
}

static void append(sspia_report *report, const char *text)
{
    const size_t used = strlen(report->text);
    const size_t room = sizeof report->text - used - 1;
    const size_t size = strlen(text) < room ? strlen(text) : room;

    memcpy(report->text + used, text, size);
    report->text[used + size] = '\0';
}

/* Only delete is left. Adds to the report why other mechanisms were not used. Returns status.
 */
static SECURITY_STATUS fail(neg_context *context, SECURITY_STATUS status, sspia_report *report)
{
    if (context->reasons != NULL) {
        append(report, "; ");
        append(report, context->reasons);
    }
    context->state = NEG_FAILED;
    drop_inner(context);
    settle(context);
    return status;
}

SECURITY_STATUS neg_context_conclude(neg_context *context, SECURITY_STATUS status,
                                     sspia_step_result *result, sspia_report *report)
{
    if (status < 0)
        return fail(context, status, report);
    result->attributes = context->attributes;
    result->expiry = context->expiry;
    if (status == SEC_E_OK) {
        context->state = NEG_ESTABLISHED;
        settle(context);
    }
    return status;
}

void neg_context_delete(void *object)
{
    neg_context *context = object;

    if (context == NULL)
        return;
    drop_inner(context);
    settle(context);
    free(context);
}

/* "Kerberos was not used: ...". Without memory nobody hears of it. */
void neg_context_pass_over(neg_context *context, const neg_member *member, const char *why)
{
    const char *before = context->reasons != NULL ? context->reasons : "";
    char *text = NULL;

    if (asprintf(&text, "%s%s%s was not used: %s", before, before[0] != '\0' ? "; " : "",
                 member->mechanism.package->name, why) < 0)
        return;
    free(context->reasons);
    context->reasons = text;
}

void neg_context_use(neg_context *context, neg_member *member)
{
    drop_inner(context);
    context->member = member;
    context->package = member != NULL ? member->mechanism.package : NULL;
}

unsigned char *neg_context_list(neg_context *context, size_t size)
{
    if (context->list != context->room)
        free(context->list);
    context->list = size <= sizeof context->room ? context->room : malloc(size);
    context->list_size = context->list != NULL ? size : 0;
    return context->list;
}

SECURITY_STATUS neg_context_ready(const neg_context *context, sspia_report *report)
{
    if (context->state == NEG_ESTABLISHED)
        return SEC_E_OK;
    return neg_report(report, SEC_E_OUT_OF_SEQUENCE, "context",
                      context->state == NEG_FAILED ? "its handshake failed"
                                                   : "its handshake is not complete");
}

bool neg_context_integrity(const neg_context *context)
{
    return (context->attributes &
            (context->initiator ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY)) != 0;
}

const char *neg_context_negotiated(void *object, uint32_t *state)
{
    const neg_context *context = object;

    *state = context->state == NEG_ESTABLISHED ? SECPKG_NEGOTIATION_COMPLETE
                                               : SECPKG_NEGOTIATION_IN_PROGRESS;
    return context->package != NULL ? context->package->name : "Negotiate";
}

static bool is_token(const SecBuffer *buffer)
{
    return (buffer->BufferType & ~SECBUFFER_ATTRMASK) == SECBUFFER_TOKEN;
}

neg_bytes neg_context_token(const sspia_step *step)
{
    for (uint32_t i = 0; i < step->input_count; i++) {
        if (is_token(&step->input[i]) && step->input[i].pvBuffer != NULL)
            return (neg_bytes){step->input[i].pvBuffer, step->input[i].cbBuffer};
    }
    return (neg_bytes){NULL, 0};
}

/* RDP clients ask Negotiate for user-to-user as a matter of course: what is left is gone on
 * with, and ISC_RET_USE_SESSION_KEY never returned. The choice of the mechanism is protected
 * with its integrity, which is asked for unless the caller wants none. */
static uint64_t request(const neg_context *context, uint64_t requested)
{
    if (!context->initiator)
        return requested;
    requested &= ~(uint64_t)ISC_REQ_USE_SESSION_KEY;
    if (!(requested & ISC_REQ_NO_INTEGRITY))
        requested |= ISC_REQ_INTEGRITY;
    return requested;
}

SECURITY_STATUS neg_context_run(neg_context *context, const sspia_step *step, neg_bytes token,
                                sspia_step_result *result, sspia_report *report)
{
    const sspia_package *package = context->package;
    SecBuffer few[BUFFERS_FEW];
    SecBuffer *buffers = few;
    sspia_step inner = *step;
    uint32_t count = 0;
    SECURITY_STATUS status;

    *result = (sspia_step_result){.size = sizeof *result, .expiry = INT64_MAX};
    if (step->input_count + 1 > BUFFERS_FEW)
        buffers = calloc(step->input_count + 1, sizeof *buffers);
    if (buffers == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (token.size > 0)
        buffers[count++] =
            (SecBuffer){(uint32_t)token.size, SECBUFFER_TOKEN, (void *)(uintptr_t)token.data};
    for (uint32_t i = 0; i < step->input_count; i++) {
        if (!is_token(&step->input[i]))
            buffers[count++] = step->input[i];
    }
    inner.credential = context->member->credential;
    inner.requested = request(context, step->requested);
    inner.input = count > 0 ? buffers : NULL;
    inner.input_count = count;
    status = (context->initiator ? package->initialize
                                 : package->accept)(&context->inner, &inner, result, report);
    if (buffers != few)
        free(buffers);
    if (status >= 0 && status != SSPIA_WAITING) {
        context->attributes = result->attributes;
        context->expiry = result->expiry;
        context->inner_done = status == SEC_E_OK;
    }
    return status;
}
