/* SPDX-License-Identifier: MIT */
/*
 * The initiator's legs (RFC 4178 4.2, MS-SPNG 3.2.5).
 *
 * What a server offers before the client has spoken is not looked into: nothing protects it,
 * and who takes Kerberos out of it on its way would have NTLM used. What the acceptor chooses
 * later stands under the signature of the list.
 *
 * Where NTLM is all there is, and the server has not greeted in SPNEGO, its tokens go without
 * SPNEGO, as Windows sends them.
 */
#include "context.h"
#include "host.h"
#include "signature.h"
#include "status.h"
#include "token.h"

#include <stdlib.h>
#include <string.h>

#define OUTBOUND SECPKG_CRED_OUTBOUND

/* Another mechanism would not do better, or must not be tried: a password that was refused is
 * not taken elsewhere. */
static bool ends_it(SECURITY_STATUS status, const sspia_step_result *result)
{
    return status == SEC_E_INSUFFICIENT_MEMORY || status == SEC_E_SHUTDOWN_IN_PROGRESS ||
           status == SEC_E_INVALID_PARAMETER ||
           (status == SEC_E_LOGON_DENIED && !(result->hints & SSPIA_HINT_UNKNOWN));
}

static void start_wait_anew(sspia_wait *wait)
{
    if (wait == NULL)
        return;
    wait->flags &= SSPIA_WAIT_THREAD;
    wait->fds = NULL;
    wait->fd_count = 0;
    wait->until = INT64_MAX;
    wait->stop = NULL;
    wait->data = NULL;
}

/* The first mechanism that has a token to offer, from the one that is being tried on. */
static SECURITY_STATUS try_mechanisms(neg_context *context, const sspia_step *step,
                                      sspia_step_result *inner, sspia_report *report)
{
    neg_credential *credential = context->credential;
    size_t place =
        context->member != NULL ? (size_t)(context->member - credential->members) : 0;
    SECURITY_STATUS first = SEC_E_OK;
    sspia_report reason;

    for (; place < credential->count; place++) {
        neg_member *member = &credential->members[place];
        SECURITY_STATUS status;

        if (!(member->use & OUTBOUND))
            continue;
        if (context->member != member) {
            if (neg_member_is_paused(member)) {
                neg_context_pass_over(context, member, "its logon failed a moment ago");
                continue;
            }
            neg_context_use(context, member);
        }
        reason.text[0] = '\0';
        status = neg_context_run(context, step, (neg_bytes){NULL, 0}, inner, &reason);
        if (status >= 0) /* SSPIA_WAITING, too */
            return status;
        neg_host->free(inner->token.data);
        inner->token = (sspia_bytes){NULL, 0};
        if (first == SEC_E_OK)
            first = status;
        if (ends_it(status, inner))
            return neg_report(report, status, member->mechanism.package->name, reason.text);
        if ((inner->hints & SSPIA_HINT_LOGON) && place + 1 < credential->count)
            neg_member_pause(member);
        neg_context_pass_over(context, member, reason.text);
        neg_context_use(context, NULL);
        start_wait_anew(step->wait);
    }
    neg_report(report, first, "no mechanism can be used", NULL);
    return first != SEC_E_OK ? first : SEC_E_NO_CREDENTIALS;
}

/* MechTypeList: what is left of the credential's mechanisms, from the one that has begun. */
static SECURITY_STATUS write_list(neg_context *context)
{
    const neg_credential *credential = context->credential;
    const size_t begun = (size_t)(context->member - credential->members);
    unsigned char *place;
    size_t size = 0;

    for (size_t i = begun; i < credential->count; i++) {
        if (credential->members[i].use & OUTBOUND)
            size += neg_der_size(credential->members[i].mechanism.oid_size);
    }
    place = neg_context_list(context, neg_der_size(size));
    if (place == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    place = neg_der_put(place, 0x30, size);
    for (size_t i = begun; i < credential->count; i++) {
        const neg_mechanism *mechanism = &credential->members[i].mechanism;

        if (!(credential->members[i].use & OUTBOUND))
            continue;
        place = neg_der_put(place, 0x06, mechanism->oid_size);
        memcpy(place, mechanism->oid, mechanism->oid_size);
        place += mechanism->oid_size;
    }
    return SEC_E_OK;
}

static bool is_alone(const neg_context *context)
{
    const neg_credential *credential = context->credential;

    for (const neg_member *member = context->member + 1;
         member < credential->members + credential->count; member++) {
        if (member->use & OUTBOUND)
            return false;
    }
    return true;
}

static SECURITY_STATUS begin(neg_context *context, const sspia_step *step,
                             sspia_step_result *result, sspia_report *report)
{
    sspia_step_result inner = {.size = sizeof inner};
    SECURITY_STATUS status = try_mechanisms(context, step, &inner, report);
    bool written;

    if (status == SSPIA_WAITING || status < 0)
        return status;
    context->started = true;
    context->raw =
        context->member->mechanism.kind == NEG_NTLM && !context->greeted && is_alone(context);
    if (context->raw) {
        result->token = inner.token;
        return status;
    }
    status = write_list(context);
    if (status == SEC_E_OK) {
        written = neg_token_write_init(
            (neg_bytes){context->list, context->list_size},
            (neg_bytes){inner.token.size > 0 ? inner.token.data : NULL, inner.token.size},
            &result->token);
        status = written ? SEC_I_CONTINUE_NEEDED : SEC_E_INSUFFICIENT_MEMORY;
    }
    neg_host->free(inner.token.data);
    return status;
}

/* The acceptor's first answer names the mechanism. One that leaves it out has taken the first.
 */
static SECURITY_STATUS follow(neg_context *context, const neg_response *response,
                              sspia_report *report)
{
    neg_member *chosen;

    if (response->mech.data == NULL ||
        neg_mechanism_is(&context->member->mechanism, response->mech)) {
        context->mic_wanted = context->mic_wanted || response->state == NEG_STATE_REQUEST_MIC;
        return SEC_E_OK;
    }
    chosen = neg_credential_find(context->credential, OUTBOUND, response->mech);
    if (context->answered || chosen == NULL || chosen < context->member)
        return neg_report(report, SEC_E_INVALID_TOKEN, "answer",
                          context->answered ? "it names another mechanism than before"
                                            : "it names a mechanism that was not offered");
    if (response->token.size > 0)
        return neg_report(report, SEC_E_INVALID_TOKEN, "answer",
                          "it has a token of a mechanism that has not started");
    neg_context_use(context, chosen);
    context->changed = true;
    return SEC_E_OK;
}

/* What the mechanism makes of the acceptor's last token says more than that it refuses. */
static SECURITY_STATUS rejected(neg_context *context, const sspia_step *step,
                                const neg_response *response, sspia_report *report)
{
    sspia_step_result inner = {.size = sizeof inner};
    sspia_step last = *step;
    SECURITY_STATUS status = SEC_E_OK;
    sspia_report reason = {""};

    last.wait = NULL;
    if (response->token.size > 0 && !context->inner_done)
        status = neg_context_run(context, &last, response->token, &inner, &reason);
    neg_host->free(inner.token.data);
    if (status < 0)
        return neg_report(report, status, context->package->name, reason.text);
    return neg_report(report, SEC_E_LOGON_DENIED, "the server rejected the handshake",
                      context->package->name);
}

/* The mechanism's part of a later leg. */
static SECURITY_STATUS run(neg_context *context, const sspia_step *step,
                           const neg_response *response, sspia_step_result *inner,
                           sspia_report *report)
{
    SECURITY_STATUS status;
    sspia_report reason = {""};

    if (context->inner_done && response->token.size > 0)
        return neg_report(report, SEC_E_INVALID_TOKEN, "answer",
                          "it has a token, but the mechanism needs none");
    if (context->inner_done)
        return SEC_E_OK;
    /* Without a token only a mechanism can go on that has just been chosen. */
    if (response->token.size == 0 && (!context->changed || context->answered))
        return neg_report(report, SEC_E_INVALID_TOKEN, "answer",
                          "the mechanism is not complete, but the message has no token for it");
    status = neg_context_run(context, step, response->token, inner, &reason);
    return status < 0 ? neg_report(report, status, context->package->name, reason.text)
                      : status;
}

/* After the mechanism's part: signatures of the list, and who has the last word. */
static SECURITY_STATUS conclude(neg_context *context, const neg_response *response,
                                sspia_bytes token, sspia_step_result *result,
                                sspia_report *report)
{
    const bool complete = response->state == NEG_STATE_COMPLETED ||
                          (response->state == NEG_STATE_NONE && context->answered &&
                           context->inner_done && token.size == 0);
    neg_response answer = {.state = NEG_STATE_INCOMPLETE};
    sspia_bytes mic = {NULL, 0};
    SECURITY_STATUS status = SEC_E_OK;
    bool needed;
    bool written;

    /* Windows 2000 and 2003 put their token there once more (MS-SPNG 3.1.5.1). */
    if (response->mic.size > 0 && !neg_bytes_equal(response->mic, response->token))
        status = context->inner_done ? neg_signature_check(context, response->mic, report)
                                     : neg_report(report, SEC_E_INVALID_TOKEN, "mechListMIC",
                                                  "it comes before the mechanism is complete");
    if (status != SEC_E_OK)
        return status;
    needed = neg_signature_needed(context);
    if (complete) {
        if (!context->inner_done)
            return neg_report(report, SEC_E_INVALID_TOKEN, "answer",
                              "the server finished before the mechanism did");
        if (needed && !context->mic_received)
            return neg_report(report, SEC_E_MESSAGE_ALTERED, "mechListMIC",
                              "it is missing: the server, or someone in between, left the "
                              "choice of the mechanism unprotected");
        if (token.size == 0)
            return neg_signature_end(context, report);
    }
    /* Nothing to say, and the acceptor is not done: it waits for a signature. */
    if (!complete && context->inner_done && token.size == 0 && !context->mic_sent &&
        neg_context_integrity(context))
        needed = true;
    if (needed && !context->mic_sent)
        status = neg_signature_make(context, &mic, report);
    if (status == SEC_E_OK && token.size == 0 && mic.size == 0)
        status = neg_report(report, SEC_E_INVALID_TOKEN, "answer",
                            "the server has not finished, but there is nothing left to send");
    if (status != SEC_E_OK)
        return status;
    if (complete || (context->mic_sent && context->mic_received)) {
        answer.state = NEG_STATE_COMPLETED;
        status = neg_signature_end(context, report);
    }
    answer.token = (neg_bytes){token.size > 0 ? token.data : NULL, token.size};
    answer.mic = (neg_bytes){mic.data, mic.size};
    written = status == SEC_E_OK && neg_token_write_response(&answer, &result->token);
    free(mic.data);
    if (status == SEC_E_OK && !written)
        return SEC_E_INSUFFICIENT_MEMORY;
    return status == SEC_E_OK && answer.state == NEG_STATE_INCOMPLETE ? SEC_I_CONTINUE_NEEDED
                                                                      : status;
}

static SECURITY_STATUS go_on(neg_context *context, const sspia_step *step, neg_bytes token,
                             sspia_step_result *result, sspia_report *report)
{
    sspia_step_result inner = {.size = sizeof inner};
    neg_response response = {.state = NEG_STATE_NONE, .token = token};
    SECURITY_STATUS status;

    if (context->raw) {
        status = run(context, step, &response, &inner, report);
        result->token = inner.token;
        return status;
    }
    if (!neg_token_read_response(token, &response))
        return neg_report(report, SEC_E_INVALID_TOKEN, "token",
                          "it is not a SPNEGO response, or it is malformed");
    if (response.state == NEG_STATE_REJECT)
        return rejected(context, step, &response, report);
    status = follow(context, &response, report);
    if (status == SEC_E_OK)
        status = run(context, step, &response, &inner, report);
    if (status >= 0 && status != SSPIA_WAITING) {
        status = conclude(context, &response, inner.token, result, report);
        context->answered = true;
    }
    neg_host->free(inner.token.data);
    return status;
}

static SECURITY_STATUS may_begin(const sspia_step *step, sspia_report *report)
{
    const neg_credential *credential = step->credential;

    if (!(credential->use & OUTBOUND))
        return neg_report(report, SEC_E_NO_CREDENTIALS, "credential", "it is inbound only");
    return SEC_E_OK;
}

SECURITY_STATUS neg_initialize(void **object, const sspia_step *step, sspia_step_result *result,
                               sspia_report *report)
{
    neg_context *context = *object;
    const neg_bytes token = neg_context_token(step);
    neg_bytes oid;
    SECURITY_STATUS status = SEC_E_OK;

    if (context != NULL && (!context->initiator || context->state != NEG_STARTED))
        return neg_report(report, SEC_E_OUT_OF_SEQUENCE, "context",
                          context->state != NEG_STARTED ? "its handshake is already complete"
                                                        : "it is an acceptor's");
    if (context == NULL) {
        context = *object = neg_context_create(true, step->credential);
        if (context == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        status = may_begin(step, report);
    }
    if (status == SEC_E_OK && !context->started) {
        context->greeted = token.size > 0;
        status = token.size > 0 && neg_token_form(token, &oid) != NEG_FORM_INIT
                     ? neg_report(report, SEC_E_INVALID_TOKEN, "token",
                                  "a server that speaks first sends a NegTokenInit")
                     : begin(context, step, result, report);
    } else if (status == SEC_E_OK) {
        status = token.size > 0 ? go_on(context, step, token, result, report)
                                : neg_report(report, SEC_E_INVALID_TOKEN, "token",
                                             "it is empty; pass what the peer sent");
    }
    return neg_context_conclude(context, status, result, report);
}
