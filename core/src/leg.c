/* SPDX-License-Identifier: MIT */
#include "leg.h"

#include <stdlib.h>
#include <string.h>

#include "credential.h"
#include "engine.h"
#include "memory.h"
#include "message.h"
#include "security_context.h"

/* A server under attack sees many first legs that nobody comes back for. */
#define PARKED_MAX 16u

void leg_free(struct leg *leg)
{
    if (leg == NULL)
        return;
    if (leg->created != NULL && handle_close(HANDLE_CONTEXT, leg->created->handle) != NULL)
        handle_release(leg->created->handle);
    memory_free(leg->result.token.data);
    memory_wipe_string(leg->target);
    buffer_copy_free(&leg->input);
    free(leg);
}

static bool same_question(const struct leg *a, const struct leg *b)
{
    return a->acceptor == b->acceptor && a->place == b->place && a->requested == b->requested &&
           a->data_rep == b->data_rep && (a->target == NULL) == (b->target == NULL) &&
           (a->target == NULL || strcmp(a->target, b->target) == 0) &&
           buffer_copy_equal(&a->input, &b->input);
}

/* Moves the outcome from one leg to another that asks the same. */
static void take_outcome(struct leg *leg, struct leg *parked)
{
    leg->answered = true;
    leg->status = parked->status;
    leg->result = parked->result;
    leg->created = parked->created;
    parked->result.token = (sspia_bytes){NULL, 0};
    parked->created = NULL;
    leg_free(parked);
}

static struct leg *take_parked(struct credential *credential, const struct leg *leg)
{
    struct leg **link, *found;

    engine_lock();
    for (link = &credential->parked; *link != NULL && !same_question(*link, leg);)
        link = &(*link)->next_parked;
    found = *link;
    if (found != NULL)
        *link = found->next_parked;
    engine_unlock();
    return found;
}

void leg_park(struct leg *leg, struct credential *credential, struct security_context *context)
{
    struct leg **link, *dropped = NULL;
    uint32_t count = 0;

    leg->next_parked = NULL;
    if (context != NULL) {
        context->parked = leg;
        return;
    }
    engine_lock();
    if (credential->closed) {
        dropped = leg;
    } else {
        for (link = &credential->parked; *link != NULL; link = &(*link)->next_parked)
            count++;
        *link = leg;
        if (count == PARKED_MAX) {
            dropped = credential->parked;
            credential->parked = dropped->next_parked;
        }
    }
    engine_unlock();
    leg_free(dropped);
}

static SECURITY_STATUS ask_package(const sspia_package *package, struct leg *leg,
                                   struct credential *credential, void **state,
                                   sspia_report *report)
{
    const sspia_step step = {
        .size = sizeof(step),
        .credential = credential->state,
        .target = leg->target,
        .requested = leg->requested,
        .data_rep = leg->data_rep,
        .input = leg->input.buffers,
        .input_count = leg->input.count,
    };
    SECURITY_STATUS status;

    if (!engine_enter_package())
        return SEC_E_SHUTDOWN_IN_PROGRESS;
    leg->answered = true;
    leg->result = (sspia_step_result){.size = sizeof(leg->result), .expiry = INT64_MAX};
    status = (leg->acceptor ? package->accept : package->initialize)(state, &step, &leg->result,
                                                                     report);
    engine_leave_package();
    return status;
}

static void run_first(struct leg *leg, struct credential *credential, sspia_report *report)
{
    const sspia_package *package = credential->package;
    struct leg *parked = take_parked(credential, leg);
    void *state = NULL;

    if (parked != NULL) {
        take_outcome(leg, parked);
        return;
    }
    leg->status = ask_package(package, leg, credential, &state, report);
    if (leg->status >= 0) {
        handle_retain(credential->handle);
        leg->created = security_context_create(package, credential, leg->acceptor, state);
        if (leg->created == NULL)
            leg->status = SEC_E_INSUFFICIENT_MEMORY;
    } else if (state != NULL && engine_enter_package()) {
        package->delete_context(state);
        engine_leave_package();
    }
}

/* A leg may bring another credential (SEC_I_INCOMPLETE_CREDENTIALS asks for one): the context
 * then lives on that. */
static void keep_credential(struct security_context *context, struct credential *credential)
{
    struct credential *old = context->credential;

    if (old == credential)
        return;
    handle_retain(credential->handle);
    context->credential = credential;
    if (old != NULL)
        handle_release(old->handle);
}

static void run_later(struct leg *leg, struct credential *credential,
                      struct security_context *context, sspia_report *report)
{
    struct leg *parked = context->parked;

    if (context->broken || context->state == NULL) {
        message_report(report, "a call on this context was abandoned; delete it", NULL);
        leg->status = SEC_E_OUT_OF_SEQUENCE;
        return;
    }
    if (parked != NULL && !same_question(parked, leg)) {
        message_report(report, "the token of the leg before did not fit and was not fetched",
                       NULL);
        leg->status = SEC_E_OUT_OF_SEQUENCE;
        return;
    }
    if (parked != NULL) {
        context->parked = NULL;
        take_outcome(leg, parked);
        return;
    }
    leg->status = ask_package(context->package, leg, credential, &context->state, report);
    if (leg->status >= 0)
        keep_credential(context, credential);
}

void leg_run(struct leg *leg, struct credential *credential, struct security_context *context,
             sspia_report *report)
{
    if (context == NULL)
        run_first(leg, credential, report);
    else
        run_later(leg, credential, context, report);
    if (context == NULL)
        context = leg->created;
    if (leg->status >= 0 && context != NULL)
        context->expiry = leg->result.expiry;
}
