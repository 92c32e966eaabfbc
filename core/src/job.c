/* SPDX-License-Identifier: MIT */
#include "job.h"

#include "engine.h"

static enum lane lane_of(const sspia_package *package, uint32_t operation)
{
    /* A package that is not loaded: loading it may take its time. */
    if (package == NULL || (package->may_block & operation) != 0)
        return LANE_NETWORK;
    return LANE_QUICK;
}

SECURITY_STATUS job_prepare_acquire(struct job *job,
                                    const struct acquisition_arguments *arguments,
                                    sspia_report *report)
{
    SECURITY_STATUS status;

    *job = (struct job){.operation = JOB_ACQUIRE};
    status = acquisition_prepare(arguments, &job->acquisition, report);
    if (status == SEC_E_OK)
        job->lane = lane_of(job->acquisition->package, SSPIA_OP_ACQUIRE);
    return status;
}

SECURITY_STATUS job_prepare_step(struct job *job, const struct step_arguments *arguments,
                                 sspia_report *report)
{
    const sspia_package *package = NULL;
    SECURITY_STATUS status;

    *job = (struct job){.operation = arguments->acceptor ? JOB_ACCEPT : JOB_INITIALIZE};
    status = step_prepare(arguments, &job->step, &job->context, report);
    if (status != SEC_E_OK)
        return status;
    if (job->context != NULL)
        package = job->context->package;
    else
        package = job->step->package;
    job->lane = package == NULL ? LANE_QUICK
                                : lane_of(package, arguments->acceptor ? SSPIA_OP_ACCEPT
                                                                       : SSPIA_OP_INITIALIZE);
    return SEC_E_OK;
}

static SECURITY_STATUS prepare_end(struct job *job, enum job_operation operation,
                                   enum handle_kind kind, const SecHandle *words,
                                   sspia_report *report)
{
    *job = (struct job){.operation = operation, .lane = LANE_QUICK};
    if (words == NULL) {
        message_report(report, "the handle's address is NULL", NULL);
        return SEC_E_INVALID_PARAMETER;
    }
    if (!handle_from_words(kind, words, &job->target))
        job->target = (struct handle){0, 0};
    return SEC_E_OK;
}

SECURITY_STATUS job_prepare_free(struct job *job, const SecHandle *credential,
                                 sspia_report *report)
{
    return prepare_end(job, JOB_FREE_CREDENTIAL, HANDLE_CREDENTIAL, credential, report);
}

SECURITY_STATUS job_prepare_delete(struct job *job, const SecHandle *context,
                                   sspia_report *report)
{
    return prepare_end(job, JOB_DELETE_CONTEXT, HANDLE_CONTEXT, context, report);
}

void job_claim(struct job *job)
{
    if (job->operation == JOB_DELETE_CONTEXT)
        job->context = handle_close(HANDLE_CONTEXT, job->target);
    else if (job->operation == JOB_FREE_CREDENTIAL)
        job->credential = handle_close(HANDLE_CREDENTIAL, job->target);
}

void job_lose_context(struct job *job)
{
    job->step->context_dead = true;
}

bool job_must_run(const struct job *job)
{
    return job->operation == JOB_FREE_CREDENTIAL || job->operation == JOB_DELETE_CONTEXT;
}

SECURITY_STATUS job_run(struct job *job, sspia_report *report)
{
    switch (job->operation) {
    case JOB_ACQUIRE:
        return acquisition_run(job->acquisition, report);
    case JOB_INITIALIZE:
    case JOB_ACCEPT:
        return step_run(job->step, job->context, report);
    case JOB_FREE_CREDENTIAL:
        if (job->credential == NULL)
            return SEC_E_INVALID_HANDLE;
        credential_close(job->credential);
        job->credential = NULL;
        return SEC_E_OK;
    case JOB_DELETE_CONTEXT:
        if (job->context == NULL)
            return SEC_E_INVALID_HANDLE;
        return security_context_tear_down(job->context) ? SEC_E_OK : SEC_E_SHUTDOWN_IN_PROGRESS;
    }
    return SEC_E_INTERNAL_ERROR;
}

void job_publish(struct job *job, SECURITY_STATUS status)
{
    if (job->operation == JOB_ACQUIRE)
        acquisition_publish(job->acquisition);
    else if (job->operation == JOB_INITIALIZE || job->operation == JOB_ACCEPT)
        step_publish(job->step, job->context, status);
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
    if (job->context != NULL)
        return job->context->package->name;
    if ((job->operation == JOB_INITIALIZE || job->operation == JOB_ACCEPT) &&
        job->step->package != NULL)
        return job->step->package->name;
    return NULL;
}

const char *job_operation_name(const struct job *job)
{
    static const char *const names[] = {
        [JOB_ACQUIRE] = "AcquireCredentialsHandle",
        [JOB_INITIALIZE] = "InitializeSecurityContext",
        [JOB_ACCEPT] = "AcceptSecurityContext",
        [JOB_FREE_CREDENTIAL] = "FreeCredentialsHandle",
        [JOB_DELETE_CONTEXT] = "DeleteSecurityContext",
    };

    return names[job->operation];
}

SECURITY_STATUS job_perform(struct job *job)
{
    sspia_report report = {.text = ""};
    bool has_turn;
    SECURITY_STATUS status;

    job_claim(job);
    has_turn = job->context != NULL && security_context_take_turn(job->context);
    if (job->context != NULL && !has_turn)
        job_lose_context(job);
    status = job_run(job, &report);
    job_publish(job, status);
    if (has_turn)
        security_context_end_turn(job->context);
    message_return(job_package(job), job_operation_name(job), status, &report);
    job_discard(job);
    return status;
}
