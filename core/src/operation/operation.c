/* SPDX-License-Identifier: MIT */
#include "operation.h"

#include "message.h"

static uint8_t lane_of(uint32_t may_block, uint32_t operation)
{
    if ((may_block & operation) == 0)
        return LANE_QUICK;
    return operation == SSPIA_OP_ACCEPT ? LANE_ACCEPTOR : LANE_NETWORK;
}

SECURITY_STATUS operation_prepare_acquire(struct job *job,
                                          const struct acquisition_arguments *arguments,
                                          sspia_report *report)
{
    struct acquisition *acquisition;
    SECURITY_STATUS status = acquisition_prepare(arguments, &acquisition, report);

    if (status != SEC_E_OK)
        return status;
    *job = (struct job){.operation = &operation_acquire, .arguments = acquisition};
    job->lane = lane_of(acquisition->package != NULL
                            ? acquisition->package->may_block
                            : SSPIA_OP_ACQUIRE, /* loading it may take its time */
                        SSPIA_OP_ACQUIRE);
    return SEC_E_OK;
}

SECURITY_STATUS operation_prepare_step(struct job *job, const struct step_arguments *arguments,
                                       sspia_report *report)
{
    struct step *step;
    uint32_t may_block = 0;
    SECURITY_STATUS status = step_prepare(arguments, &step, report);

    if (status != SEC_E_OK)
        return status;
    *job = (struct job){
        .operation = arguments->acceptor ? &operation_accept : &operation_initialize,
        .arguments = step,
    };
    if (step->context != NULL)
        may_block = step->context->may_block;
    else if (step->credential != NULL)
        may_block = step->credential->may_block;
    job->lane = lane_of(may_block, arguments->acceptor ? SSPIA_OP_ACCEPT : SSPIA_OP_INITIALIZE);
    return SEC_E_OK;
}

bool operation_target(const struct operation *operation, const SecHandle *words,
                      struct handle *target)
{
    enum handle_kind kind = operation == &operation_delete ? HANDLE_CONTEXT : HANDLE_CREDENTIAL;

    if (words == NULL) {
        message_fail(operation->name, SEC_E_INVALID_PARAMETER, "the handle's address is NULL");
        return false;
    }
    if (!handle_from_words(kind, words, target))
        *target = (struct handle){0, 0};
    return true;
}

SECURITY_STATUS operation_perform(struct job *job)
{
    const struct operation *operation = job->operation;
    sspia_report report = {.text = ""};
    struct turns *turns;

    if (operation->claim != NULL)
        operation->claim(job);
    turns = job_turns(job);
    job->has_turn = turns != NULL && turn_take(turns);
    if (turns != NULL && !job->has_turn)
        operation->refuse(job);
    operation->run(job, &report);
    while (job->status == SSPIA_WAITING) {
        waiting_here(operation->waiting(job));
        report.text[0] = '\0';
        operation->run(job, &report);
    }
    if (operation->publish != NULL)
        operation->publish(job);
    if (job->has_turn)
        turn_end(turns);
    message_return(job_package(job), operation->name, job->status, &report);
    job_discard(job);
    return job->status;
}
