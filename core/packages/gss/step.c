/* SPDX-License-Identifier: MIT */
/* A leg of a handshake, for both sides. */
#include "step.h"
#include "attribute.h"
#include "bindings.h"
#include "flags.h"
#include "status.h"
#include "text.h"

#include <string.h>
#include <time.h>

static gss_buffer_desc input_token(const sspia_step *step)
{
    gss_buffer_desc token = {0, NULL};

    for (uint32_t i = 0; i < step->input_count; i++) {
        if ((step->input[i].BufferType & ~SECBUFFER_ATTRMASK) == SECBUFFER_TOKEN) {
            token.value = step->input[i].cbBuffer > 0 ? step->input[i].pvBuffer : NULL;
            token.length = token.value != NULL ? step->input[i].cbBuffer : 0;
            break;
        }
    }
    return token;
}

/* Moves an output token into memory of the core's. Also after an error: then it tells the
 * peer why. */
static SECURITY_STATUS deliver(gss_buffer_desc *token, sspia_step_result *result)
{
    OM_uint32 minor;
    SECURITY_STATUS status = SEC_E_OK;

    if (token->length > 0) {
        result->token.data = gss_host->allocate(token->length);
        if (result->token.data == NULL) {
            status = SEC_E_INSUFFICIENT_MEMORY;
        } else {
            memcpy(result->token.data, token->value, token->length);
            result->token.size = token->length;
        }
    }
    gss_release_buffer(&minor, token);
    return status;
}

static int64_t expiry_of(OM_uint32 lifetime)
{
    return lifetime == GSS_C_INDEFINITE ? INT64_MAX : (int64_t)time(NULL) + lifetime;
}

/* Takes the channel bindings of this leg, unless an earlier one had some: mechanisms look at
 * them on different legs. */
static SECURITY_STATUS take_bindings(gss_context *context, const sspia_step *step,
                                     sspia_report *report)
{
    if (context->bindings != GSS_C_NO_CHANNEL_BINDINGS)
        return SEC_E_OK;
    return gss_bindings_read(step->input, step->input_count, &context->bindings, report);
}

/* With the lease that was taken, or is to be taken, from the source. */
static void hold_credential(gss_context *context, gss_credential *credential,
                            gss_source *source)
{
    context->source = source;
    context->credential = gss_credential_keep(credential);
}

/* What both sides do after GSSAPI's part of a leg. flags and lifetime are its results. */
static SECURITY_STATUS conclude(gss_context *context, OM_uint32 major, OM_uint32 flags,
                                OM_uint32 lifetime, sspia_step_result *result)
{
    context->attributes = context->initiator ? gss_flags_initiator(flags, context->requested)
                                             : gss_flags_acceptor(flags, context->requested);
    result->attributes = context->attributes;
    result->expiry = INT64_MAX;
    if (major & GSS_S_CONTINUE_NEEDED)
        return SEC_I_CONTINUE_NEEDED;
    context->started = (int64_t)time(NULL);
    context->expiry = result->expiry = expiry_of(lifetime);
    context->state = GSS_ESTABLISHED;
    gss_context_settle(context);
    return SEC_E_OK;
}

/* sspia_wait.stop of a first leg. */
static void stop_waiting(void *object)
{
    gss_context *context = object;

    gss_flight_stop(&context->seat);
}

/* SSPIA_WAITING: libkrb5 may talk to a KDC in this leg, on a thread that may block. */
static SECURITY_STATUS ask_for_thread(const sspia_step *step)
{
    sspia_wait *wait = step->wait;

    if (wait == NULL || (wait->flags & SSPIA_WAIT_THREAD))
        return SEC_E_OK;
    wait->flags = SSPIA_WAIT_THREAD;
    wait->fds = NULL;
    wait->fd_count = 0;
    wait->until = INT64_MAX;
    wait->stop = NULL;
    return SSPIA_WAITING;
}

/* Whose leg it is, for those who ask whether it is still wanted; NULL: the core cannot say. */
static void *call_of(const sspia_step *step)
{
    return step->wait != NULL ? step->wait->call : NULL;
}

/* Takes the lease of a first leg: where the core can wait, without blocking, unless it turns
 * out that this is not possible. SSPIA_WAITING: called again, with the same step. */
static SECURITY_STATUS take_lease(gss_context *context, const sspia_step *step,
                                  sspia_report *report)
{
    gss_source *source = context->source;
    sspia_wait *wait = step->wait;
    const gss_errand errand = {.target = context->target_text,
                               .delegating = (context->wanted & GSS_C_DELEG_FLAG) != 0};
    SECURITY_STATUS status;

    if (wait != NULL && !context->blocks) {
        status =
            gss_source_wait_for(source, &errand, &context->seat, wait, &context->lease, report);
        if (status != GSS_JOURNEY_BLOCKS) {
            wait->stop = status == SSPIA_WAITING ? stop_waiting : NULL;
            wait->data = context;
            return status;
        }
        context->blocks = true;
    }
    if (ask_for_thread(step) == SSPIA_WAITING)
        return SSPIA_WAITING;
    return gss_source_take_for(source, context->target_text, call_of(step), &context->lease,
                               report);
}

static SECURITY_STATUS begin_initiator(gss_context *context, const sspia_step *step,
                                       sspia_report *report)
{
    gss_credential *credential = step->credential;
    SECURITY_STATUS status;

    if (!(credential->use & SECPKG_CRED_OUTBOUND))
        return gss_status_report(report, SEC_E_NO_CREDENTIALS, "credential",
                                 "it is inbound only");
    status = gss_flags_request(step->requested, &context->wanted, report);
    if (status != SEC_E_OK)
        return status;
    if (!gss_text_copy(step->target, &context->target_text))
        return SEC_E_INSUFFICIENT_MEMORY;
    context->requested = step->requested;
    hold_credential(context, credential, &credential->outbound);
    return take_lease(context, step, report);
}

/* The ticket of the lease is not what GSSAPI looks for: it has expired in this moment, or means
 * something else by the name. Another one is tried once. */
static bool first_leg_again(gss_context *context, OM_uint32 minor)
{
    OM_uint32 ignored;

    if (minor != (OM_uint32)KRB5_CC_NOTFOUND || context->lease->ticket == NULL ||
        context->tried)
        return false;
    gss_stock_forget(&context->source->stock, context->lease->ticket);
    gss_lease_destroy(context->lease);
    context->lease = NULL;
    if (context->handle != GSS_C_NO_CONTEXT)
        gss_delete_sec_context(&ignored, &context->handle, GSS_C_NO_BUFFER);
    context->handle = GSS_C_NO_CONTEXT;
    context->tried = true;
    context->waits = true;
    return true;
}

SECURITY_STATUS gss_step_initialize(void **object, const sspia_step *step,
                                    sspia_step_result *result, sspia_report *report)
{
    gss_context *context = *object;
    bool first = context == NULL;
    gss_buffer_desc input = input_token(step);
    gss_buffer_desc output = {0, NULL};
    OM_uint32 flags = 0;
    OM_uint32 lifetime = 0;
    OM_uint32 major;
    OM_uint32 minor;
    SECURITY_STATUS status = SEC_E_OK;

    if (first) {
        context = *object = gss_context_create(true);
        if (context == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        status = begin_initiator(context, step, report);
    } else if (context->waits) {
        status = take_lease(context, step, report);
    } else if (!context->initiator || context->state != GSS_STARTED) {
        return gss_status_report(report, SEC_E_OUT_OF_SEQUENCE, "context",
                                 context->initiator ? "its handshake is already complete"
                                                    : "it is an acceptor's");
    } else if (input.length == 0) {
        status = gss_status_report(report, SEC_E_INVALID_TOKEN, "token",
                                   "it is empty; pass what the peer sent");
    }
    context->waits = status == SSPIA_WAITING;
    if (context->waits)
        return status;
    if (status == SEC_E_OK)
        status = take_bindings(context, step, report);
    if (status != SEC_E_OK)
        return gss_context_fail(context, status);
    major = gss_init_sec_context(&minor, context->lease->cred, &context->handle,
                                 context->lease->target, &gss_oid_kerberos, context->wanted, 0,
                                 context->bindings, input.length > 0 ? &input : GSS_C_NO_BUFFER,
                                 NULL, &output, &flags, &lifetime);
    status = gss_status(major, minor, GSS_AT_INITIATE, report);
    if (GSS_ERROR(major) && first_leg_again(context, minor))
        return gss_step_initialize(object, step, result, report);
    if (GSS_ERROR(major)) {
        deliver(&output, result);
        return gss_context_fail(context, status);
    }
    status = deliver(&output, result);
    if (status != SEC_E_OK)
        return gss_context_fail(context, status);
    return conclude(context, major, flags, lifetime, result);
}

static SECURITY_STATUS may_accept(const sspia_step *step, sspia_report *report)
{
    const gss_credential *credential = step->credential;

    if (!(credential->use & SECPKG_CRED_INBOUND))
        return gss_status_report(report, SEC_E_NO_CREDENTIALS, "credential",
                                 "it is outbound only");
    if (step->requested & ASC_REQ_DATAGRAM)
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "ASC_REQ_DATAGRAM", NULL);
    return SEC_E_OK;
}

/* Tickets of an acceptor that may go on as its clients. */
static SECURITY_STATUS log_on(gss_context *context, const sspia_step *step,
                              sspia_report *report)
{
    SECURITY_STATUS status;

    if (step->wait == NULL)
        return SEC_E_OK;
    status = gss_source_log_on(context->source, &context->seat, step->wait, report);
    step->wait->stop = status == SSPIA_WAITING ? stop_waiting : NULL;
    step->wait->data = context;
    return status == GSS_JOURNEY_BLOCKS ? SEC_E_OK : status;
}

static SECURITY_STATUS begin_acceptor(gss_context *context, const sspia_step *step,
                                      sspia_report *report)
{
    gss_credential *credential = step->credential;
    gss_source *source = &credential->inbound;
    SECURITY_STATUS status;

    context->requested = step->requested;
    if (context->credential == NULL)
        hold_credential(context, credential, source);
    if (source->recipe.usage == GSS_C_BOTH) {
        status = log_on(context, step, report);
        if (status == SEC_E_OK)
            status = ask_for_thread(step);
        if (status != SEC_E_OK)
            return status;
    }
    return gss_source_take(source, call_of(step), &context->lease, report);
}

/* MS-docs on ASC_REQ_ALLOW_MISSING_BINDINGS: without it, an acceptor that has bindings
 * insists on the initiator's. GSSAPI itself lets an initiator do without. */
static bool bindings_missing(const gss_context *context, OM_uint32 flags)
{
    return context->bindings != GSS_C_NO_CHANNEL_BINDINGS &&
           !(context->requested & ASC_REQ_ALLOW_MISSING_BINDINGS) &&
           !(flags & GSS_C_CHANNEL_BOUND_FLAG);
}

SECURITY_STATUS gss_step_accept(void **object, const sspia_step *step,
                                sspia_step_result *result, sspia_report *report)
{
    gss_context *context = *object;
    bool first = context == NULL;
    gss_buffer_desc input = input_token(step);
    gss_buffer_desc output = {0, NULL};
    OM_uint32 flags = 0;
    OM_uint32 lifetime = 0;
    OM_uint32 major;
    OM_uint32 minor;
    SECURITY_STATUS status = SEC_E_OK;

    if (!first && (context->initiator || context->state != GSS_STARTED))
        return gss_status_report(report, SEC_E_OUT_OF_SEQUENCE, "context",
                                 context->initiator ? "it is an initiator's"
                                                    : "its handshake is already complete");
    if (first) {
        context = *object = gss_context_create(false);
        if (context == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (input.length == 0)
        status = gss_status_report(report, SEC_E_INVALID_TOKEN, "token",
                                   "it is empty; pass what the peer sent");
    else if (first)
        status = may_accept(step, report);
    if (status == SEC_E_OK && context->lease == NULL)
        status = begin_acceptor(context, step, report);
    if (status == SSPIA_WAITING)
        return status;
    if (status == SEC_E_OK)
        status = take_bindings(context, step, report);
    if (status != SEC_E_OK)
        return gss_context_fail(context, status);
    major = gss_accept_sec_context(&minor, &context->handle, context->lease->cred, &input,
                                   context->bindings, NULL, NULL, &output, &flags, &lifetime,
                                   &context->delegated);
    status = gss_status(major, minor, GSS_AT_ACCEPT, report);
    if (GSS_ERROR(major)) {
        deliver(&output, result);
        return gss_context_fail(context, status);
    }
    if (!(major & GSS_S_CONTINUE_NEEDED) && bindings_missing(context, flags)) {
        gss_release_buffer(&minor, &output); /* it would tell the initiator that all is well */
        return gss_context_fail(context, gss_status_report(report, SEC_E_BAD_BINDINGS,
                                                           "channel bindings",
                                                           "the initiator sent none"));
    }
    status = deliver(&output, result);
    if (status != SEC_E_OK)
        return gss_context_fail(context, status);
    status = conclude(context, major, flags, lifetime, result);
    if (status == SEC_E_OK && (context->requested & SSPIA_REQ_NAMES) != 0)
        gss_attribute_keep_client(context);
    return status;
}
