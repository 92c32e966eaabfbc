/* SPDX-License-Identifier: MIT */
#include "step.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "handshake.h"
#include "memory.h"
#include "message.h"
#include "timestamp.h"

static SECURITY_STATUS bad(sspia_report *report, const char *why)
{
    message_report(report, why, NULL);
    return SEC_E_INVALID_PARAMETER;
}

static SECURITY_STATUS check(const struct step_arguments *arguments, sspia_report *report)
{
    if (arguments->context == NULL && arguments->new_context == NULL)
        return bad(report, "phNewContext is NULL on the first leg");
    if (!buffer_is_valid(arguments->input))
        return bad(report, "pInput is malformed");
    /* With ALLOCATE_MEMORY only the types of the output are read: any size may stand there. */
    if ((arguments->requested & ISC_REQ_ALLOCATE_MEMORY) != 0
            ? !buffer_has_shape(arguments->output)
            : !buffer_is_valid_output(arguments->output))
        return bad(report, "pOutput is malformed");
    return SEC_E_OK;
}

/* SECBUFFER_FLAGS carries the request flags above 32 bits (MS-docs SEC_FLAGS). */
static uint64_t extra_flags(const struct buffer_copy *input)
{
    uint64_t flags = 0;

    for (uint32_t i = 0; i < input->count; i++) {
        const SecBuffer *buffer = &input->buffers[i];

        if (buffer->BufferType == SECBUFFER_FLAGS && buffer->cbBuffer >= sizeof(flags))
            memcpy(&flags, buffer->pvBuffer, sizeof(flags));
    }
    return flags;
}

static void note_places(struct step *step, const struct step_arguments *arguments)
{
    SecBuffer *input = buffer_find(arguments->input, SECBUFFER_TOKEN);

    step->new_context = arguments->new_context;
    step->attributes = arguments->attributes;
    step->expiry = arguments->expiry;
    step->expiry_utc = arguments->expiry_utc;
    step->rest = buffer_find(arguments->input, SECBUFFER_EMPTY);
    if (input != NULL && input->pvBuffer != NULL)
        step->token_input = (unsigned char *)input->pvBuffer + input->cbBuffer;
    step->alert = buffer_find(arguments->output, SECBUFFER_ALERT);
    output_note(arguments->output, &step->outputs);
    step->token = buffer_find(arguments->output, SECBUFFER_TOKEN);
    if (step->token != NULL) {
        step->token_memory = step->token->pvBuffer;
        step->token_room = step->token->cbBuffer;
    }
}

static void look_up(struct step *step, const struct step_arguments *arguments)
{
    struct handle handle;

    if (arguments->credential != NULL) {
        if (handle_from_words(HANDLE_CREDENTIAL, arguments->credential, &handle))
            step->credential = handle_acquire(HANDLE_CREDENTIAL, handle);
        step->credential_dead = step->credential == NULL;
        step->package = step->credential != NULL ? step->credential->package : NULL;
    }
    if (arguments->context != NULL) {
        if (handle_from_words(HANDLE_CONTEXT, arguments->context, &handle))
            step->context = handle_acquire(HANDLE_CONTEXT, handle);
        step->context_dead = step->context == NULL;
    }
}

/* A TOKEN buffer without memory asks for some as well, as on Windows (Wine's tests of Schannel
 * and NTLM, which run there too: dlls/secur32/tests). Without a size either, a stream package
 * still allocates; the others have no room then, and say how much they need. */
static bool asks_for_memory(const struct step *step)
{
    const sspia_package *package =
        step->context != NULL ? step->context->package : step->package;

    if (step->token == NULL || step->token->pvBuffer != NULL)
        return false;
    return step->token_room > 0 ||
           (package != NULL && (package->capabilities & SECPKG_FLAG_STREAM) != 0);
}

static void let_go_of_credential(struct step *step)
{
    if (step->credential != NULL)
        handle_release(step->credential->handle);
    step->credential = NULL;
}

/* One block of memory, as there are many of them. */
struct block {
    struct leg leg; /* first: leg_drop frees it */
    struct step step;
};

static struct step *make_step(void)
{
    struct block *block = calloc(1, sizeof(*block));

    if (block == NULL)
        return NULL;
    atomic_init(&block->leg.holders, 2);
    block->step.leg = &block->leg;
    return &block->step;
}

/* What was not published is discarded. */
static void free_step(struct step *step)
{
    struct block *block =
        (struct block *)((unsigned char *)step - offsetof(struct block, step));

    leg_free(step->leg);
    let_go_of_credential(step);
    leg_drop(&block->leg);
}

SECURITY_STATUS step_prepare(const struct step_arguments *arguments, struct step **result,
                             sspia_report *report)
{
    SECURITY_STATUS status = check(arguments, report);
    struct step *step = NULL;

    *result = NULL;
    if (status != SEC_E_OK) {
        memory_wipe_string(arguments->target);
        return status;
    }
    step = make_step();
    if (step == NULL) {
        memory_wipe_string(arguments->target);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    step->leg->acceptor = arguments->acceptor;
    step->leg->target = arguments->target;
    step->leg->data_rep = arguments->data_rep;
    step->leg->place = arguments->context == NULL ? arguments->new_context : NULL;
    if (!buffer_copy(arguments->input, &step->leg->input)) {
        free_step(step);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    step->leg->requested = arguments->requested | extra_flags(&step->leg->input);
    note_places(step, arguments);
    look_up(step, arguments);
    step->allocate =
        (arguments->requested & ISC_REQ_ALLOCATE_MEMORY) != 0 || asks_for_memory(step);
    *result = step;
    return SEC_E_OK;
}

/* Which credential the leg runs with; borrowed. */
static SECURITY_STATUS choose_credential(const struct step *step,
                                         struct credential **credential, sspia_report *report)
{
    const struct security_context *context = step->context;
    const uint32_t needed = step->leg->acceptor ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND;
    const char *wrong = NULL;
    SECURITY_STATUS status = SEC_E_INVALID_HANDLE;

    *credential = step->credential;
    /* A leg that a delete came before has no turn: it must not look into the context. */
    if (*credential == NULL && !step->credential_dead && !step->context_dead && context != NULL)
        *credential = context->credential;
    if (step->context_dead)
        wrong = "the context handle is not alive";
    else if (step->credential_dead)
        wrong = "the credential handle is not alive";
    else if (*credential == NULL)
        wrong = "no credential was given";
    else if (context != NULL && context->acceptor != step->leg->acceptor)
        wrong = "the context belongs to the other side";
    if (wrong == NULL && context != NULL && context->package != (*credential)->package) {
        wrong = "the credential is of another package than the context";
        status = SEC_E_WRONG_CREDENTIAL_HANDLE;
    } else if (wrong == NULL && ((*credential)->use & needed) == 0) {
        wrong = step->leg->acceptor ? "the credential was not acquired for inbound use"
                                    : "the credential was not acquired for outbound use";
        status = SEC_E_NO_CREDENTIALS;
    }
    if (wrong == NULL)
        return SEC_E_OK;
    message_report(report, wrong, NULL);
    return status;
}

static bool token_fits(const struct step *step)
{
    size_t size = step->leg->result.token.size;

    if (step->allocate)
        return step->token != NULL || size == 0;
    return size <= (step->token != NULL ? step->token_room : 0);
}

/* An outcome that the caller's buffers have no room for is kept for the same call with larger
 * ones. */
static SECURITY_STATUS fit(struct step *step, struct credential *credential,
                           sspia_report *report)
{
    struct leg *leg = step->leg;
    SECURITY_STATUS status = token_fits(step) ? SEC_E_OK : SEC_E_BUFFER_TOO_SMALL;

    if (status == SEC_E_OK)
        status = output_check(&step->outputs, &leg->result);
    if (status == SEC_E_OK)
        return leg->status;
    step->needed = (uint32_t)leg->result.token.size;
    step->leg = NULL;
    handshake_park(leg, credential, step->context);
    message_report(report, "the outcome does not fit; call again with larger buffers", NULL);
    return status;
}

static SECURITY_STATUS run_leg(struct step *step, sspia_report *report)
{
    struct security_context *context = step->context;
    struct leg *leg = step->leg;
    struct credential *credential;
    SECURITY_STATUS status = choose_credential(step, &credential, report);

    if (status != SEC_E_OK)
        return status;
    handshake_run(leg, credential, context, report);
    if (leg->status < 0 || leg->status == SSPIA_WAITING)
        return leg->status;
    return fit(step, credential, report);
}

/* The credential goes before the status is final: who frees it then sees it released. */
static void run(struct job *job, sspia_report *report)
{
    struct step *step = job->arguments;

    job->status = run_leg(step, report);
    if (job->status != SSPIA_WAITING)
        let_go_of_credential(step);
}

static struct waiting *waiting_of(const struct job *job)
{
    return &((struct step *)job->arguments)->leg->waiting;
}

static void publish_token(struct step *step)
{
    sspia_bytes *token = &step->leg->result.token;

    if (step->token == NULL)
        return;
    if (!token_fits(step)) {
        /* An error token that does not fit is not worth a second call. */
        step->token->cbBuffer = 0;
        return;
    }
    step->token->cbBuffer = (uint32_t)token->size;
    if (step->allocate) {
        step->token->pvBuffer = token->size > 0 ? token->data : NULL;
        if (token->size > 0)
            *token = (sspia_bytes){NULL, 0};
    } else if (token->size > 0) {
        memcpy(step->token_memory, token->data, token->size);
    }
}

static void publish_rest(const struct step *step, SECURITY_STATUS status)
{
    const sspia_step_result *result = &step->leg->result;

    if (step->rest == NULL)
        return;
    if (status == SEC_E_INCOMPLETE_MESSAGE && result->missing > 0)
        *step->rest =
            (SecBuffer){.BufferType = SECBUFFER_MISSING, .cbBuffer = (uint32_t)result->missing};
    else if (result->extra > 0 && step->token_input != NULL)
        *step->rest = (SecBuffer){.BufferType = SECBUFFER_EXTRA,
                                  .cbBuffer = (uint32_t)result->extra,
                                  .pvBuffer = step->token_input - result->extra};
}

static void publish_alert(const struct step *step)
{
    const uint8_t *alert = step->leg->result.alert;

    if (step->alert == NULL)
        return;
    if (alert[0] != 0 && step->alert->cbBuffer >= 2 && step->alert->pvBuffer != NULL) {
        memcpy(step->alert->pvBuffer, alert, 2);
        step->alert->cbBuffer = 2;
    } else {
        step->alert->cbBuffer = 0;
    }
}

/* Output buffers are written by an answer of the package alone, and not by "not yet": after
 * SEC_E_INCOMPLETE_MESSAGE callers pass the same ones again, whose cbBuffer must still say how
 * much room there is. Any other answer without a token sets it to 0, as Windows does. */
static bool has_output(const struct leg *leg, SECURITY_STATUS status)
{
    return leg->answered && (status != SEC_E_INCOMPLETE_MESSAGE || leg->result.token.size > 0);
}

static void publish(struct job *job)
{
    const SECURITY_STATUS status = job->status;
    struct step *step = job->arguments;
    struct leg *leg = step->leg;

    if (leg == NULL) {
        if (step->token != NULL)
            step->token->cbBuffer = step->needed;
        output_say_needed(&step->outputs);
        return;
    }
    if (has_output(leg, status)) {
        publish_token(step);
        publish_alert(step);
        output_publish(&step->outputs, &leg->result);
    }
    publish_rest(step, status);
    if (status < 0)
        return;
    if (leg->created != NULL)
        handle_to_words(HANDLE_CONTEXT, leg->created->handle, step->new_context);
    else if (step->new_context != NULL)
        handle_to_words(HANDLE_CONTEXT, step->context->handle, step->new_context);
    leg->created = NULL; /* the handle is the owner now */
    if (step->attributes != NULL)
        *step->attributes =
            leg->result.attributes | (step->allocate ? ISC_RET_ALLOCATED_MEMORY : 0);
    if (step->expiry != NULL)
        *step->expiry = timestamp_from_unix(leg->result.expiry);
    if (step->expiry_utc != NULL)
        *step->expiry_utc = leg->result.expiry;
}

static struct turns *turns_of(const struct job *job)
{
    struct security_context *context = ((struct step *)job->arguments)->context;

    return context != NULL ? &context->turns : NULL;
}

/* A delete came first. */
static void refuse(struct job *job)
{
    ((struct step *)job->arguments)->context_dead = true;
}

/* The peer will never get the token of a leg that ran: the context cannot go on. */
static void abandon(struct job *job)
{
    const struct step *step = job->arguments;

    if (step->context != NULL)
        step->context->broken = true;
}

static void discard(struct job *job)
{
    struct step *step = job->arguments;
    struct security_context *context = step->context;

    free_step(step);
    if (context != NULL)
        handle_release(context->handle);
}

static const char *package_of(const struct job *job)
{
    const struct step *step = job->arguments;

    if (step->context != NULL)
        return step->context->package->name;
    return step->package != NULL ? step->package->name : NULL;
}

#define LEG(title, its_lane)                                                                   \
    {                                                                                          \
        .name = title, .turns = turns_of, .refuse = refuse, .run = run, .waiting = waiting_of, \
        .thread_lane = its_lane, .publish = publish, .abandon = abandon, .discard = discard,   \
        .package = package_of,                                                                 \
    }
const struct operation operation_initialize = LEG("InitializeSecurityContext", LANE_NETWORK);
const struct operation operation_accept = LEG("AcceptSecurityContext", LANE_ACCEPTOR);
