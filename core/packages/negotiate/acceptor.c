/* SPDX-License-Identifier: MIT */
/*
 * The acceptor's legs (RFC 4178 4.2, MS-SPNG 3.3.5).
 *
 * The first mechanism of the initiator's list that the credential can do is taken. One without
 * anything to accept with (no key, no accounts) is passed over, here as in a greeting; a token
 * that the mechanism refuses ends the handshake: to go on with the next one would let whoever
 * spoils a token choose the mechanism.
 *
 * Windows clients also send Negotiate the tokens of NTLM and Kerberos without SPNEGO around
 * them (MS-SPNG 3.2.5.2): they are answered in kind.
 */
#include "context.h"
#include "host.h"
#include "signature.h"
#include "status.h"
#include "token.h"

#include <stdlib.h>
#include <string.h>

#define INBOUND SECPKG_CRED_INBOUND

/* A list is copied, and a signature over it computed: it has its bounds. */
#define LIST_MAX 4096u

static bool has_nothing(SECURITY_STATUS status)
{
    return status == SEC_E_NO_CREDENTIALS || status == SEC_E_NO_AUTHENTICATING_AUTHORITY;
}

static uint32_t bit_of(const neg_context *context)
{
    return 1u << (context->member - context->credential->members);
}

/* Whether a mechanism has something to accept with: asked with a token that is none, it says
 * so before it looks at that. */
static SECURITY_STATUS probe(neg_context *context, neg_member *member, const sspia_step *step,
                             sspia_report *report)
{
    static const unsigned char nonsense[1] = {0};
    sspia_step_result inner = {.size = sizeof inner};
    sspia_step question = *step;
    SECURITY_STATUS status;

    question.wait = NULL;
    neg_context_use(context, member);
    status = neg_context_run(context, &question, (neg_bytes){nonsense, sizeof nonsense}, &inner,
                             report);
    neg_host->free(inner.token.data);
    neg_context_use(context, NULL);
    return has_nothing(status) ? status : SEC_E_OK;
}

/* Speaks first. What the initiator answers begins the handshake. */
static SECURITY_STATUS greet(neg_context *context, const sspia_step *step,
                             sspia_step_result *result, sspia_report *report)
{
    neg_credential *credential = context->credential;
    unsigned char list[NEG_MECHANISMS_MAX * (NEG_OID_MAX + 2) + 4];
    unsigned char oids[NEG_MECHANISMS_MAX * (NEG_OID_MAX + 2)];
    unsigned char *place = oids;
    SECURITY_STATUS lack = SEC_E_NO_CREDENTIALS;
    sspia_report reason;
    size_t size;

    for (size_t i = 0; i < credential->count; i++) {
        neg_member *member = &credential->members[i];
        SECURITY_STATUS status;

        if (!(member->use & INBOUND))
            continue;
        reason.text[0] = '\0';
        status = probe(context, member, step, &reason);
        if (status != SEC_E_OK) {
            if (context->reasons == NULL)
                lack = status;
            neg_context_pass_over(context, member, reason.text);
            continue;
        }
        place = neg_der_put(place, 0x06, member->mechanism.oid_size);
        memcpy(place, member->mechanism.oid, member->mechanism.oid_size);
        place += member->mechanism.oid_size;
    }
    size = (size_t)(place - oids);
    if (size == 0)
        return neg_report(report, lack, "no mechanism has a credential to accept with", NULL);
    memcpy(neg_der_put(list, 0x30, size), oids, size);
    if (!neg_token_write_greeting((neg_bytes){list, neg_der_size(size)}, &result->token))
        return SEC_E_INSUFFICIENT_MEMORY;
    free(context->reasons); /* the initiator's token is asked about anew */
    context->reasons = NULL;
    return SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS nothing_in_common(sspia_report *report)
{
    return neg_report(report, SEC_E_NO_CREDENTIALS, "token",
                      "the credential supports none of the initiator's mechanisms");
}

static SECURITY_STATUS begin_raw(neg_context *context, neg_bytes oid, sspia_report *report)
{
    neg_member *member = neg_credential_find(context->credential, INBOUND, oid);

    if (member == NULL)
        return nothing_in_common(report);
    context->raw = true;
    neg_context_use(context, member);
    return SEC_E_OK;
}

/* The next mechanism of the list that is neither unknown nor passed over. Mechanisms that
 * stand behind the first one are asked whether they have something to accept with; the first
 * shows that with the token that came along. *mech is its identifier as the initiator wrote
 * it. */
static SECURITY_STATUS choose(neg_context *context, const sspia_step *step,
                              const neg_init *init, neg_bytes *mech, sspia_report *report)
{
    neg_credential *credential = context->credential;
    neg_bytes rest = init->mechs;
    neg_member *favourite = NULL;
    bool first = true;

    while (neg_der_take(&rest, 0x06, mech)) {
        neg_member *member = neg_credential_find(credential, INBOUND, *mech);
        sspia_report reason = {""};

        if (first)
            favourite = member;
        first = false;
        if (member == NULL || context->passed_over & 1u << (member - credential->members))
            continue;
        context->changed = member != favourite;
        if ((!context->changed && init->token.size > 0) ||
            probe(context, member, step, &reason) == SEC_E_OK) {
            neg_context_use(context, member);
            return SEC_E_OK;
        }
        context->passed_over |= 1u << (member - credential->members);
        neg_context_pass_over(context, member, reason.text);
    }
    return nothing_in_common(report);
}

/* The identifier of the mechanism in use, as the list has it. */
static void find_mech(const neg_context *context, const neg_init *init, neg_bytes *mech)
{
    neg_bytes rest = init->mechs;

    while (neg_der_take(&rest, 0x06, mech)) {
        if (neg_mechanism_is(&context->member->mechanism, *mech))
            return;
    }
}

/* Signatures of the list, and who has the last word; then the answer to what came: no token
 * if there is nothing to say to an initiator who is done (as after its signature, with ours
 * received), because nobody would read it. */
static SECURITY_STATUS conclude(neg_context *context, neg_bytes mech, const neg_response *came,
                                sspia_bytes own, sspia_step_result *result,
                                sspia_report *report)
{
    neg_response answer = {.state = NEG_STATE_INCOMPLETE, .mech = mech};
    sspia_bytes mic = {NULL, 0};
    SECURITY_STATUS status = SEC_E_OK;
    bool needed;
    bool written;

    if (came->mic.size > 0 && !neg_bytes_equal(came->mic, came->token))
        status = context->inner_done ? neg_signature_check(context, came->mic, report)
                                     : neg_report(report, SEC_E_INVALID_TOKEN, "mechListMIC",
                                                  "it comes before the mechanism is complete");
    if (status != SEC_E_OK)
        return status;
    needed = neg_signature_needed(context);
    /* Without a token for it the initiator has nothing more to say, and would have signed. */
    if (needed && !context->mic_received && own.size == 0)
        return neg_report(report, SEC_E_MESSAGE_ALTERED, "mechListMIC",
                          "it is missing: the client, or someone in between, left the "
                          "choice of the mechanism unprotected");
    if (needed && !context->mic_sent)
        status = neg_signature_make(context, &mic, report);
    if (status == SEC_E_OK && context->inner_done && (!needed || context->mic_received)) {
        answer.state = NEG_STATE_COMPLETED;
        status = neg_signature_end(context, report);
    } else if (context->changed && !context->answered) {
        answer.state = NEG_STATE_REQUEST_MIC;
    }
    if (status == SEC_E_OK && came->state == NEG_STATE_COMPLETED &&
        answer.state == NEG_STATE_COMPLETED && own.size == 0 && mic.size == 0)
        return SEC_E_OK;
    answer.token = (neg_bytes){own.size > 0 ? own.data : NULL, own.size};
    answer.mic = (neg_bytes){mic.data, mic.size};
    written = status == SEC_E_OK && neg_token_write_response(&answer, &result->token);
    free(mic.data);
    if (status == SEC_E_OK && !written)
        return SEC_E_INSUFFICIENT_MEMORY;
    return status == SEC_E_OK && answer.state != NEG_STATE_COMPLETED ? SEC_I_CONTINUE_NEEDED
                                                                     : status;
}

/* Tells the initiator that it is over, with the mechanism's last word. Without memory for that
 * it is not told. */
static void reject(sspia_bytes own, sspia_step_result *result)
{
    const neg_response answer = {
        .state = NEG_STATE_REJECT,
        .token = {own.size > 0 ? own.data : NULL, own.size},
    };

    if (result->token.data == NULL)
        neg_token_write_response(&answer, &result->token);
}

static SECURITY_STATUS run(neg_context *context, const sspia_step *step, neg_bytes token,
                           sspia_step_result *inner, sspia_report *report)
{
    SECURITY_STATUS status;
    sspia_report reason = {""};

    status = neg_context_run(context, step, token, inner, &reason);
    return status < 0 ? neg_report(report, status, context->package->name, reason.text)
                      : status;
}

/* The initiator's list, and the token of its first choice. */
static SECURITY_STATUS begin(neg_context *context, const sspia_step *step, neg_bytes token,
                             sspia_step_result *inner, neg_bytes *mech, neg_init *init,
                             sspia_report *report)
{
    bool chosen = context->member != NULL; /* it had to wait */
    unsigned char *list;
    SECURITY_STATUS status;

    if (!neg_token_read_init(token, init) || init->mechs.size == 0)
        return neg_report(report, SEC_E_INVALID_TOKEN, "token",
                          "its NegTokenInit is malformed, or has no mechanisms");
    if (init->list.size > LIST_MAX)
        return neg_report(report, SEC_E_INVALID_TOKEN, "token",
                          "its list of mechanisms is too long");
    if (!chosen) {
        list = neg_context_list(context, init->list.size);
        if (list == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        memcpy(list, init->list.data, init->list.size);
    }
    for (;;) {
        if (!chosen) {
            status = choose(context, step, init, mech, report);
            if (status != SEC_E_OK)
                return status;
        } else {
            find_mech(context, init, mech);
        }
        chosen = false;
        if (context->changed || init->token.size == 0)
            return SEC_I_CONTINUE_NEEDED; /* without a token of the mechanism's */
        status = run(context, step, init->token, inner, report);
        if (!has_nothing(status))
            return status;
        context->passed_over |= bit_of(context);
        neg_context_pass_over(context, context->member, report->text);
        neg_context_use(context, NULL);
        neg_host->free(inner->token.data);
        inner->token = (sspia_bytes){NULL, 0};
    }
}

static SECURITY_STATUS first(neg_context *context, const sspia_step *step, neg_bytes token,
                             sspia_step_result *result, sspia_report *report)
{
    sspia_step_result inner = {.size = sizeof inner};
    neg_bytes mech = {NULL, 0};
    neg_response came;
    neg_init init;
    SECURITY_STATUS status = begin(context, step, token, &inner, &mech, &init, report);

    if (status >= 0 && status != SSPIA_WAITING) {
        came = (neg_response){.state = NEG_STATE_NONE, .mic = init.mic};
        if (!context->changed)
            came.token = init.token;
        status = conclude(context, mech, &came, inner.token, result, report);
        context->started = context->answered = true;
    }
    if (status < 0)
        reject(inner.token, result);
    neg_host->free(inner.token.data);
    return status;
}

static SECURITY_STATUS later(neg_context *context, const sspia_step *step, neg_bytes token,
                             sspia_step_result *result, sspia_report *report)
{
    const neg_bytes none = {NULL, 0};
    sspia_step_result inner = {.size = sizeof inner};
    neg_response response;
    SECURITY_STATUS status = SEC_E_OK;

    if (!neg_token_read_response(token, &response))
        return neg_report(report, SEC_E_INVALID_TOKEN, "token",
                          "it is not a SPNEGO response, or it is malformed");
    if (response.state == NEG_STATE_REJECT)
        return neg_report(report, SEC_E_LOGON_DENIED, "the client rejected the handshake",
                          context->package->name);
    if (context->inner_done ? response.token.size > 0 : response.token.size == 0)
        status = neg_report(report, SEC_E_INVALID_TOKEN, "answer",
                            context->inner_done
                                ? "it has a token, but the mechanism is already complete"
                                : "it has no token for the mechanism");
    else if (!context->inner_done)
        status = run(context, step, response.token, &inner, report);
    if (status >= 0 && status != SSPIA_WAITING)
        status = conclude(context, none, &response, inner.token, result, report);
    if (status < 0)
        reject(inner.token, result);
    neg_host->free(inner.token.data);
    return status;
}

static SECURITY_STATUS go_on(neg_context *context, const sspia_step *step, neg_bytes token,
                             sspia_step_result *result, sspia_report *report)
{
    sspia_step_result inner = {.size = sizeof inner};
    neg_bytes oid = {NULL, 0};
    neg_form form;
    SECURITY_STATUS status = SEC_E_OK;

    if (context->started && !context->raw)
        return later(context, step, token, result, report);
    if (!context->started) {
        form = neg_token_form(token, &oid);
        if (form == NEG_FORM_INIT)
            return first(context, step, token, result, report);
        if (form != NEG_FORM_RAW)
            return neg_report(report, SEC_E_INVALID_TOKEN, "token",
                              "it is neither a SPNEGO token nor a mechanism's own");
        if (context->member == NULL)
            status = begin_raw(context, oid, report);
    }
    if (status == SEC_E_OK)
        status = run(context, step, token, &inner, report);
    if (status != SSPIA_WAITING)
        context->started = true;
    result->token = inner.token;
    return status;
}

SECURITY_STATUS neg_accept(void **object, const sspia_step *step, sspia_step_result *result,
                           sspia_report *report)
{
    neg_context *context = *object;
    const neg_credential *credential = step->credential;
    const neg_bytes token = neg_context_token(step);
    SECURITY_STATUS status = SEC_E_OK;

    if (context != NULL && (context->initiator || context->state != NEG_STARTED))
        return neg_report(report, SEC_E_OUT_OF_SEQUENCE, "context",
                          context->state != NEG_STARTED ? "its handshake is already complete"
                                                        : "it is an initiator's");
    if (context == NULL) {
        context = *object = neg_context_create(false, step->credential);
        if (context == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        if (!(credential->use & INBOUND))
            status =
                neg_report(report, SEC_E_NO_CREDENTIALS, "credential", "it is outbound only");
    }
    if (status == SEC_E_OK && token.size == 0 && !context->greeted && !context->started) {
        context->greeted = true;
        status = greet(context, step, result, report);
    } else if (status == SEC_E_OK) {
        status = token.size > 0 ? go_on(context, step, token, result, report)
                                : neg_report(report, SEC_E_INVALID_TOKEN, "token",
                                             "it is empty; pass what the peer sent");
    }
    return neg_context_conclude(context, status, result, report);
}
