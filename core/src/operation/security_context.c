/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 *
 *  1. Everything that touches `state` or `parked` has the turn, or holds the last reference.
 *  2. An asynchronous delete is the last to have the turn. A synchronous one closes the turns
 *     and drops the owner's reference: whoever lets go last takes the context down.
 */
#include "security_context.h"

#include <stdlib.h>

#include "credential.h"
#include "gate.h"
#include "lock.h"
#include "message.h"

/* Lines of a package's part that are fetched before it is deleted. */
#define FETCHED 3

struct security_context *security_context_create(const sspia_package *package,
                                                 struct credential *credential, bool acceptor,
                                                 void *state)
{
    struct security_context *context = calloc(1, sizeof(*context));

    if (context != NULL) {
        context->package = package;
        context->credential = credential;
        context->acceptor = acceptor;
        context->may_block = credential != NULL ? credential->may_block : package->may_block;
        context->state = state;
        if (handle_open(HANDLE_CONTEXT, context, &context->handle))
            return context;
        free(context);
    }
    if (gate_enter()) {
        package->delete_context(state);
        gate_leave();
    }
    if (credential != NULL)
        handle_release(credential->handle);
    return NULL;
}

/* Deletes the package's part and lets go of the credential. The caller has the turn, or the
 * last reference. False: the process is exiting, nothing was done. */
static bool tear_down(struct security_context *context)
{
    struct credential *credential = context->credential;

    if (context->state != NULL) {
        if (!gate_enter())
            return false;
        context->package->delete_context(context->state);
        gate_leave();
    }
    context->state = NULL;
    context->credential = NULL;
    if (credential != NULL)
        handle_release(credential->handle);
    return true;
}

static bool destroy(void *object)
{
    struct security_context *context = object;

    if (!tear_down(context))
        return false;
    leg_free(context->parked);
    free(context);
    return true;
}

/* Whoever had the turn in the parent is not here to give it back. Its package may be in the
 * midst of anything, so it is not entered again for this context, not even to free. */
static void after_fork(void *object)
{
    struct security_context *context = object;

    if (turn_after_fork(&context->turns)) {
        context->state = NULL;
        context->broken = true;
    }
}

static void claim(struct job *job)
{
    job->claimed = handle_close_alone(HANDLE_CONTEXT, job->target, &job->alone);
}

static bool claim_alone(struct job *job, struct handle target)
{
    job->alone = handle_close_if_alone(HANDLE_CONTEXT, target, &job->claimed);
    return job->alone;
}

static struct turns *turns_of(const struct job *job)
{
    struct security_context *context = job->claimed;

    return context != NULL ? &context->turns : NULL;
}

/* The turn ends with the context: a delete is the last to have it. */
static void run_delete(struct job *job, sspia_report *report)
{
    struct security_context *context = job->claimed;
    bool done;

    (void)report;
    job->status = SEC_E_INVALID_HANDLE;
    if (context == NULL)
        return;
    done = tear_down(context);
    handle_release(context->handle);
    job->has_turn = false;
    job->status = done ? SEC_E_OK : SEC_E_SHUTDOWN_IN_PROGRESS;
}

/* The package's part; what it has in front is the allocator's. */
static void fetch(const void *object)
{
    const struct security_context *context = object;
    const char *state = context->state;

    for (size_t i = 0; state != NULL && i < FETCHED; i++)
        __builtin_prefetch(state + i * CACHE_LINE, 1);
}

const struct operation operation_delete = {
    .name = "DeleteSecurityContext",
    .is_end = true,
    .claim = claim,
    .claim_alone = claim_alone,
    .turns = turns_of,
    .fetch = fetch,
    .run = run_delete,
};

/* All have been deleted. */
static void run_batch(struct job *job, sspia_report *report)
{
    job->status = job->batch.missed ? SEC_E_INVALID_HANDLE : SEC_E_OK;
    if (job->batch.missed)
        message_report(report, "not every handle was alive", NULL);
}

const struct operation operation_delete_many = {
    .name = "DeleteSecurityContext",
    .is_end = true,
    .is_batch = true,
    .run = run_batch,
};

__attribute__((constructor)) static void define_kind(void)
{
    handle_define(HANDLE_CONTEXT, destroy, after_fork);
    handle_define_fetch(HANDLE_CONTEXT, fetch);
}
