/* SPDX-License-Identifier: MIT */
/*
 * What has not begun is withdrawn; what pauses is dropped; what runs is parted with, and goes
 * on out of sight. A delete or free is carried out in any case. What is then left to do for
 * somebody on the pool, a callback to start or a job to discard, is a call of its own
 * (KIND_NOTIFICATION), as the async context may be used again at once.
 */
#include "ending.h"

#include <stdlib.h>
#include <string.h>

#include "async_context.h"
#include "fate.h"
#include "lock.h"
#include "message.h"
#include "pause.h"
#include "pool.h"
#include "run.h"
#include "trace.h"

/* A way to end, and how it is told. */
struct ending {
    SECURITY_STATUS status;
    const char *while_at_work;
    const char *before_it_began;
};

static const struct ending by_cancel = {
    SEC_E_UNFINISHED_CONTEXT_DELETED,
    "cancelled by the caller while the package was at work",
    "cancelled by the caller before it began",
};

static const struct ending by_deadline = {
    SEC_E_SECURITY_QOS_FAILED,
    "the deadline passed while the package was at work; check whether the server that it asks, "
    "such as a KDC, answers, or allow more time",
    "the deadline passed before it began, as other calls were ahead of it; allow more time or "
    "more threads",
};

static char *message_of(const struct call *call, const struct ending *ending, bool has_begun)
{
    sspia_report report;
    struct message message;

    message_report(&report, has_begun ? ending->while_at_work : ending->before_it_began, NULL);
    message_format(&message, job_package(&call->job), call->job.operation->name, ending->status,
                   &report);
    return strdup(message.text);
}

static struct call *make_notice(const struct call *call, const struct ending *ending)
{
    struct call *notice = call_new();

    if (notice == NULL)
        return NULL;
    notice->work.kind = KIND_NOTIFICATION;
    notice->work.urgent = true;
    notice->job.status = ending->status;
    notice->async = call->async;
    if (call->queue == NULL) {
        call_set_callback(notice, call_callback(call));
        notice->data = call->data;
    }
    return notice;
}

static void put_job_into(struct call *notice, const struct job *job)
{
    const SECURITY_STATUS status = notice->job.status;

    notice->job = *job;
    notice->job.status = status;
}

/* Completes a PENDING call at once. A job that was taken back is the caller's to discard, or
 * the pool's if withdrawn is NULL; what was dropped is the caller's to settle. False: there is
 * no memory or no thread; nothing was done. */
static bool end_early(struct call *call, const struct ending *ending, struct job *withdrawn,
                      struct work_list *dropped)
{
    const bool calls_back = call->queue == NULL && call_callback(call) != NULL;
    const bool pauses = pause_is_on(call);
    const bool has_begun = pauses || work_place(&call->work) == WORK_NOWHERE;
    const bool is_taken_back = !has_begun && !call->job.operation->is_end;
    const bool leaves_work = calls_back || (is_taken_back && withdrawn == NULL);
    struct call *notice = leaves_work ? make_notice(call, ending) : NULL;
    struct call *fresh = is_taken_back ? NULL : call_new();
    char *message = message_of(call, ending, has_begun);

    if ((leaves_work && (notice == NULL || !pool_have_thread(LANE_QUICK))) ||
        (!is_taken_back && fresh == NULL))
        goto no_memory;
    if (trace_is_on())
        trace_end(&call->job, ending->status, trace_begun(&call->job));
    if (is_taken_back) {
        run_withdraw(call);
        if (withdrawn != NULL)
            *withdrawn = call->job;
        else
            put_job_into(notice, &call->job);
    } else {
        async_part(call, fresh, false);
        if (pauses)
            pause_drop(call, dropped);
        call = fresh;
    }
    call->job.status = ending->status;
    call->job.message = message;
    run_post(call);
    if (notice != NULL)
        pool_push(&notice->work);
    return true;

no_memory:
    free(message);
    if (notice != NULL)
        call_free(notice);
    if (fresh != NULL)
        call_free(fresh);
    return false;
}

/* What was taken back is in *withdrawn; its operation stays NULL if nothing was. */
static SECURITY_STATUS cancel(const SspiAsyncContext *pointer, struct job *withdrawn,
                              struct work_list *dropped)
{
    struct call *call = async_find_at_rest(pointer);

    if (call == NULL)
        return SEC_E_INVALID_HANDLE;
    if (!fate_is_pending(call->async))
        return SEC_E_NO_CONTEXT;
    return end_early(call, &by_cancel, withdrawn, dropped) ? SEC_E_OK
                                                           : SEC_E_INSUFFICIENT_MEMORY;
}

SECURITY_STATUS sspia_async_cancel(SspiAsyncContext *pointer)
{
    struct job withdrawn = {.operation = NULL};
    struct work_list dropped = {NULL, NULL};
    SECURITY_STATUS status;

    engine_lock();
    status = cancel(pointer, &withdrawn, &dropped);
    engine_unlock();
    run_tell();
    pause_settle(&dropped);
    if (withdrawn.operation != NULL)
        job_discard(&withdrawn);
    return message_fail("sspia_async_cancel", status,
                        status == SEC_E_NO_CONTEXT ? "no call is pending" : NULL);
}

/* Of the reactor alone: what was dropped at deadlines in this lot, and in those before. */
static struct work_list overdue;
static struct work_list stopped;

bool ending_by_deadline(struct call *call)
{
    return end_early(call, &by_deadline, NULL, &overdue);
}

/* What is left of them takes its time, and would take the processor from the reactor. */
void ending_tell(bool more_follow)
{
    run_tell();
    pause_stop(&overdue, &stopped);
    if (!more_follow)
        pause_hand_over(&stopped);
}
