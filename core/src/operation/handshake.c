/* SPDX-License-Identifier: MIT */
#include "handshake.h"

#include "gate.h"
#include "lock.h"
#include "memory.h"
#include "message.h"
#include "output.h"

/* A server under attack sees many first legs that nobody comes back for. */
#define PARKED_MAX 16u

static struct leg *take_parked(struct credential *credential, const struct leg *leg)
{
    struct leg **link, *found;

    engine_lock();
    for (link = &credential->parked; *link != NULL && !leg_asks_the_same(*link, leg);)
        link = &(*link)->next_parked;
    found = *link;
    if (found != NULL)
        *link = found->next_parked;
    engine_unlock();
    return found;
}

void handshake_park(struct leg *leg, struct credential *credential,
                    struct security_context *context)
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
        .wait = &leg->waiting.wait,
    };
    SECURITY_STATUS status = waiting_enter(&leg->waiting);

    if (status != SEC_E_OK)
        return status;
    leg->answered = true;
    leg->result = (sspia_step_result){.size = sizeof(leg->result), .expiry = INT64_MAX};
    status = (leg->acceptor ? package->accept : package->initialize)(state, &step, &leg->result,
                                                                     report);
    if (status == SSPIA_WAITING) {
        memory_free(leg->result.token.data);
        leg->result.token = (sspia_bytes){NULL, 0};
        output_free(&leg->result);
    }
    waiting_leave(&leg->waiting, status);
    return status;
}

static void run_first(struct leg *leg, struct credential *credential, sspia_report *report)
{
    const sspia_package *package = credential->package;
    struct leg *parked = waiting_is_open(&leg->waiting) ? NULL : take_parked(credential, leg);

    if (parked != NULL) {
        leg_take_outcome(leg, parked);
        return;
    }
    leg->package = package;
    leg->status = ask_package(package, leg, credential, &leg->state, report);
    if (leg->status == SSPIA_WAITING)
        return;
    if (leg->status >= 0) {
        void *state = leg->state;

        leg->state = NULL;
        handle_retain(credential->handle);
        leg->created = security_context_create(package, credential, leg->acceptor, state);
        if (leg->created == NULL)
            leg->status = SEC_E_INSUFFICIENT_MEMORY;
        else
            leg->created_handle = leg->created->handle;
    } else {
        leg_delete_state(leg);
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
    if (parked != NULL && !leg_asks_the_same(parked, leg)) {
        message_report(report, "the token of the leg before did not fit and was not fetched",
                       NULL);
        leg->status = SEC_E_OUT_OF_SEQUENCE;
        return;
    }
    if (parked != NULL) {
        context->parked = NULL;
        leg_take_outcome(leg, parked);
        return;
    }
    leg->status = ask_package(context->package, leg, credential, &context->state, report);
    if (leg->status >= 0 && leg->status != SSPIA_WAITING)
        keep_credential(context, credential);
}

void handshake_run(struct leg *leg, struct credential *credential,
                   struct security_context *context, sspia_report *report)
{
    if (context == NULL)
        run_first(leg, credential, report);
    else
        run_later(leg, credential, context, report);
    if (leg->status == SSPIA_WAITING)
        return;
    if (context == NULL)
        context = leg->created;
    if (leg->status >= 0 && context != NULL)
        context->expiry = leg->result.expiry;
}
