/* SPDX-License-Identifier: MIT */
/* Calls of the hub, which are async contexts with an outcome of their own, and their queues. */
#include "hub.h"

#include "async_context.h"
#include "drain.h"
#include "handle.h"
#include "memory.h"
#include "message.h"
#include "outcome.h"
#include "queue.h"

/* Other languages mirror them. */
_Static_assert(sizeof(sspia_hub_bytes) == 16 && offsetof(sspia_hub_bytes, size) == 8,
               "bytes: pointer, size");
_Static_assert(sizeof(sspia_hub_completion) == 24 &&
                   offsetof(sspia_hub_completion, call) == 8 &&
                   offsetof(sspia_hub_completion, status) == 16 &&
                   offsetof(sspia_hub_completion, reserved) == 20,
               "a completion has no gaps");
_Static_assert(sizeof(sspia_hub_outcome) == 56 &&
                   offsetof(sspia_hub_outcome, attributes) == 4 &&
                   offsetof(sspia_hub_outcome, credential) == 8 &&
                   offsetof(sspia_hub_outcome, context) == 16 &&
                   offsetof(sspia_hub_outcome, expiry) == 24 &&
                   offsetof(sspia_hub_outcome, extra) == 32 &&
                   offsetof(sspia_hub_outcome, missing) == 36 &&
                   offsetof(sspia_hub_outcome, token) == 40,
               "an outcome has no gaps");

/* Completions that are turned into those of the hub at a time. */
#define LOT 64

uint64_t sspia_hub_queue_create(void)
{
    return (uintptr_t)sspia_queue_create();
}

void sspia_hub_queue_free(uint64_t queue)
{
    sspia_queue_free(hub_pointer(queue));
}

int32_t sspia_hub_queue_fd(uint64_t queue)
{
    return sspia_queue_fd(hub_pointer(queue));
}

int32_t sspia_hub_queue_take(uint64_t queue, int32_t timeout_ms,
                             sspia_hub_completion *completions, uint32_t most)
{
    sspia_completion lot[LOT];
    int32_t count = 0, taken;

    if (completions == NULL || most == 0)
        return message_fail("sspia_hub_queue_take", SEC_E_INVALID_PARAMETER,
                            "the pointer for a completion is NULL");
    if (most > INT32_MAX)
        most = INT32_MAX;
    do {
        uint32_t room = most - (uint32_t)count;

        taken = drain_take(hub_pointer(queue), count == 0 ? timeout_ms : 0, lot,
                           room < LOT ? room : LOT);
        if (taken < 0 && count == 0)
            return message_fail("sspia_hub_queue_take", taken, NULL);
        for (int32_t i = 0; i < taken; i++)
            completions[count++] = (sspia_hub_completion){.id = (uintptr_t)lot[i].data,
                                                          .call = (uintptr_t)lot[i].async,
                                                          .status = lot[i].status};
    } while (taken == LOT && (uint32_t)count < most);
    return count;
}

void sspia_hub_queue_wake(uint64_t number)
{
    struct queue *queue = queue_acquire(hub_pointer(number));

    if (queue == NULL)
        return;
    queue_wake(queue);
    queue_release(queue);
}

uint64_t sspia_hub_call_create(void)
{
    return (uintptr_t)SspiCreateAsyncContext();
}

void sspia_hub_call_free(uint64_t call)
{
    SspiFreeAsyncContext(hub_pointer(call));
}

int32_t sspia_hub_call_reinit(uint64_t call)
{
    return SspiReinitAsyncContext(hub_pointer(call));
}

int32_t sspia_hub_call_status(uint64_t call)
{
    return SspiGetAsyncCallStatus(hub_pointer(call));
}

int32_t sspia_hub_call_wait(uint64_t call, int32_t timeout_ms)
{
    return sspia_async_wait(hub_pointer(call), timeout_ms);
}

int32_t sspia_hub_call_cancel(uint64_t call)
{
    return sspia_async_cancel(hub_pointer(call));
}

int32_t sspia_hub_call_set_deadline(uint64_t call, uint32_t milliseconds)
{
    return sspia_async_set_deadline(hub_pointer(call), milliseconds);
}

int32_t sspia_hub_call_set_deadline_at(uint64_t call, int64_t monotonic_ns)
{
    return sspia_async_set_deadline_at(hub_pointer(call), monotonic_ns);
}

/* Empties what the caller now owns, so that outcome_free leaves it alone. */
static void hand_over(struct outcome *outcome, sspia_hub_outcome *target)
{
    const SecBuffer *rest = &outcome->inputs[0];

    target->attributes = outcome->attributes & ~ISC_RET_ALLOCATED_MEMORY;
    target->credential = hub_number(HANDLE_CREDENTIAL, &outcome->credential);
    target->context = hub_number(HANDLE_CONTEXT, &outcome->context);
    target->expiry = hub_time(outcome->expiry);
    if (rest->BufferType == SECBUFFER_EXTRA)
        target->extra = rest->cbBuffer;
    else if (rest->BufferType == SECBUFFER_MISSING)
        target->missing = rest->cbBuffer;
    if (outcome->token.pvBuffer != NULL)
        target->token = (sspia_hub_bytes){outcome->token.pvBuffer, outcome->token.cbBuffer};
    outcome->credential = outcome->context = (SecHandle){0, 0};
    outcome->token.pvBuffer = NULL;
}

int32_t sspia_hub_call_take(uint64_t call, sspia_hub_outcome *target)
{
    struct attachment *attachment;
    struct outcome *outcome;
    bool alive;

    if (target == NULL)
        return message_fail("sspia_hub_call_take", SEC_E_INVALID_PARAMETER, "outcome is NULL");
    *target = (sspia_hub_outcome){.expiry = -1};
    alive = async_take_attachment(hub_pointer(call), &target->status, &attachment);
    outcome = (struct outcome *)attachment;
    if (outcome != NULL)
        hand_over(outcome, target);
    outcome_free(outcome);
    if (!alive)
        return message_fail("sspia_hub_call_take", SEC_E_INVALID_HANDLE, NULL);
    return target->status == SEC_I_ASYNC_CALL_PENDING ? target->status : SEC_E_OK;
}

int32_t sspia_hub_call_message(uint64_t call, sspia_hub_bytes *text)
{
    struct message message;

    sspia_async_message(hub_pointer(call), message.text, sizeof(message.text));
    return hub_text(message.text, text);
}

SECURITY_STATUS hub_open_destination(struct async_destination *destination, uint64_t queue,
                                     uint64_t id, struct outcome *outcome)
{
    *destination = (struct async_destination){.data = hub_pointer(id)};
    if (outcome != NULL)
        destination->attachment = &outcome->attachment;
    if (queue != 0)
        destination->queue = queue_acquire(hub_pointer(queue));
    return queue != 0 && destination->queue == NULL ? SEC_E_INVALID_HANDLE : SEC_E_OK;
}

void hub_close_destination(struct async_destination *destination)
{
    if (destination->queue != NULL)
        queue_release(destination->queue);
    if (destination->attachment != NULL)
        destination->attachment->free(destination->attachment);
}

static const char dead_queue[] = "the queue is not alive";

SECURITY_STATUS hub_submit(uint64_t call, uint64_t queue, uint64_t id, struct job *job,
                           struct outcome *outcome)
{
    struct async_destination destination;
    SECURITY_STATUS status = hub_open_destination(&destination, queue, id, outcome);

    if (status != SEC_E_OK || call == 0) {
        message_fail(job->operation->name, SEC_E_INVALID_HANDLE,
                     status != SEC_E_OK ? dead_queue : "only a delete or a free needs no call");
        job_discard(job);
        status = SEC_E_INVALID_HANDLE;
    } else {
        status = async_submit_to(hub_pointer(call), job, &destination);
    }
    hub_close_destination(&destination);
    return status;
}

SECURITY_STATUS hub_submit_end(uint64_t call, uint64_t queue, uint64_t id,
                               const struct operation *operation, enum handle_kind kind,
                               uint64_t number)
{
    struct async_destination destination;
    struct handle target;
    SECURITY_STATUS status = hub_open_destination(&destination, queue, id, NULL);

    if (!handle_from_pointer(kind, hub_pointer(number), &target))
        target = (struct handle){0, 0};
    if (status != SEC_E_OK)
        message_fail(operation->name, status, dead_queue);
    else
        status = async_submit_end(hub_pointer(call), operation, target, &destination);
    hub_close_destination(&destination);
    return status;
}
