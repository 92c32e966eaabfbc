/* SPDX-License-Identifier: MIT */
#include "job.h"

#include "engine.h"

static uint8_t lane_of(uint32_t may_block, uint32_t operation)
{
    if ((may_block & operation) == 0)
        return LANE_QUICK;
    return operation == SSPIA_OP_ACCEPT ? LANE_ACCEPTOR : LANE_NETWORK;
}

SECURITY_STATUS job_prepare_acquire(struct job *job,
                                    const struct acquisition_arguments *arguments,
                                    sspia_report *report)
{
    SECURITY_STATUS status;

    *job = (struct job){.operation = JOB_ACQUIRE};
    status = acquisition_prepare(arguments, &job->acquisition, report);
    if (status == SEC_E_OK)
        job->lane = lane_of(job->acquisition->package != NULL
                                ? job->acquisition->package->may_block
                                : SSPIA_OP_ACQUIRE, /* loading it may take its time */
                            SSPIA_OP_ACQUIRE);
    return status;
}

SECURITY_STATUS job_prepare_step(struct job *job, const struct step_arguments *arguments,
                                 sspia_report *report)
{
    SECURITY_STATUS status;
    uint32_t may_block = 0;

    *job = (struct job){.operation = arguments->acceptor ? JOB_ACCEPT : JOB_INITIALIZE};
    status = step_prepare(arguments, &job->step, &job->context, report);
    if (status != SEC_E_OK)
        return status;
    if (job->context != NULL)
        may_block = job->context->may_block;
    else if (job->step->credential != NULL)
        may_block = job->step->credential->may_block;
    job->lane = lane_of(may_block, arguments->acceptor ? SSPIA_OP_ACCEPT : SSPIA_OP_INITIALIZE);
    return SEC_E_OK;
}

bool job_prepare_end(struct job *job, enum job_operation operation, const SecHandle *words)
{
    enum handle_kind kind =
        operation == JOB_DELETE_CONTEXT ? HANDLE_CONTEXT : HANDLE_CREDENTIAL;

    *job = (struct job){.operation = (uint8_t)operation, .lane = LANE_QUICK};
    if (words == NULL) {
        message_fail(job_operation_name(job), SEC_E_INVALID_PARAMETER,
                     "the handle's address is NULL");
        return false;
    }
    if (handle_from_words(kind, words, &job->target))
        handle_prefetch(job->target);
    else
        job->target = (struct handle){0, 0};
    return true;
}

void job_claim(struct job *job)
{
    if (job->operation == JOB_DELETE_CONTEXT)
        job->context = handle_close_alone(HANDLE_CONTEXT, job->target, &job->alone);
    else if (job->operation == JOB_FREE_CREDENTIAL)
        job->credential = handle_close(HANDLE_CREDENTIAL, job->target);
}

void job_lose_context(struct job *job)
{
    job->step->context_dead = true;
}

bool job_is_end(const struct job *job)
{
    return job->operation >= JOB_FREE_CREDENTIAL;
}

static SECURITY_STATUS free_credential(struct job *job)
{
    if (job->credential == NULL)
        return SEC_E_INVALID_HANDLE;
    credential_close(job->credential);
    job->credential = NULL;
    return SEC_E_OK;
}

/* The turn ends with the context: a delete is the last to have it. */
static SECURITY_STATUS delete_context(struct job *job)
{
    struct security_context *context = job->context;
    bool done;

    if (context == NULL)
        return SEC_E_INVALID_HANDLE;
    done = security_context_tear_down(context);
    handle_release(context->handle);
    job->context = NULL;
    return done ? SEC_E_OK : SEC_E_SHUTDOWN_IN_PROGRESS;
}

void job_run(struct job *job, sspia_report *report)
{
    switch ((enum job_operation)job->operation) {
    case JOB_ACQUIRE:
        job->status = acquisition_run(job->acquisition, report);
        break;
    case JOB_INITIALIZE:
    case JOB_ACCEPT:
        job->status = step_run(job->step, job->context, report);
        break;
    case JOB_FREE_CREDENTIAL:
        job->status = free_credential(job);
        break;
    case JOB_DELETE_CONTEXT:
        job->status = delete_context(job);
        break;
    case JOB_DELETE_CONTEXTS: /* in slices; see call.c */
        job->status = job->batch.missed ? SEC_E_INVALID_HANDLE : SEC_E_OK;
        if (job->batch.missed)
            message_report(report, "not every handle was alive", NULL);
        break;
    }
}

void job_publish(struct job *job)
{
    if (job->operation == JOB_ACQUIRE)
        acquisition_publish(job->acquisition);
    else if (job->operation == JOB_INITIALIZE || job->operation == JOB_ACCEPT)
        step_publish(job->step, job->context, job->status);
}

/* The peer will never get the token of a leg that ran: the context cannot go on. */
void job_abandon(struct job *job)
{
    if ((job->operation == JOB_INITIALIZE || job->operation == JOB_ACCEPT) &&
        job->context != NULL)
        job->context->broken = true;
}

void job_discard(struct job *job)
{
    if (job->operation == JOB_ACQUIRE)
        acquisition_free(job->acquisition);
    else if (job->operation == JOB_INITIALIZE || job->operation == JOB_ACCEPT)
        step_free(job->step);
    if (job->context != NULL)
        handle_release(job->context->handle);
}

const char *job_package(const struct job *job)
{
    if (job->operation == JOB_ACQUIRE)
        return job->acquisition->package_name;
    if (job_is_end(job))
        return NULL; /* its context may be gone */
    if (job->context != NULL)
        return job->context->package->name;
    return job->step->package != NULL ? job->step->package->name : NULL;
}

const char *job_operation_name(const struct job *job)
{
    static const char *const names[] = {
        [JOB_ACQUIRE] = "AcquireCredentialsHandle",
        [JOB_INITIALIZE] = "InitializeSecurityContext",
        [JOB_ACCEPT] = "AcceptSecurityContext",
        [JOB_FREE_CREDENTIAL] = "FreeCredentialsHandle",
        [JOB_DELETE_CONTEXT] = "DeleteSecurityContext",
        [JOB_DELETE_CONTEXTS] = "DeleteSecurityContext",
    };

    return names[job->operation];
}

SECURITY_STATUS job_perform(struct job *job)
{
    sspia_report report = {.text = ""};

    job_claim(job);
    job->has_turn = job->context != NULL && security_context_take_turn(job->context);
    if (job->context != NULL && !job->has_turn)
        job_lose_context(job);
    job_run(job, &report);
    job_publish(job);
    if (job->has_turn && job->context != NULL)
        security_context_end_turn(job->context);
    message_return(job_package(job), job_operation_name(job), job->status, &report);
    job_discard(job);
    return job->status;
}
