/* SPDX-License-Identifier: MIT */
#include "call.h"

#include <stdlib.h>
#include <string.h>

/* Calls are made by one thread and freed by another, the dearest way for malloc: some are
 * kept. */
#define SPARES_MAX 1024
static struct work_list spares;
static uint32_t spare_count;

struct call *call_new(void)
{
    struct call *call = (struct call *)work_take(&spares);

    if (call == NULL)
        return calloc(1, sizeof(*call));
    spare_count--;
    memset(call, 0, sizeof(*call));
    return call;
}

void call_free(struct call *call)
{
    if (spare_count == SPARES_MAX) {
        free(call);
        return;
    }
    work_append(&spares, &call->work, WORK_NOWHERE);
    spare_count++;
}

bool call_is_attached(const struct call *call)
{
    return handle_find(HANDLE_ASYNC, call->async) == call;
}

SspiAsyncNotifyCallback call_callback(const struct call *call)
{
    return call->work.has_attachment ? NULL : call->callback;
}

struct attachment *call_attachment(const struct call *call)
{
    return call->work.has_attachment ? call->attachment : NULL;
}

struct attachment *call_attach(struct call *call, struct attachment *attachment)
{
    struct attachment *former = call_attachment(call);

    if (call->work.has_attachment || attachment != NULL)
        call->attachment = attachment;
    if (attachment != NULL)
        call->work.has_attachment = true;
    return former;
}

struct attachment *call_set_callback(struct call *call, SspiAsyncNotifyCallback callback)
{
    struct attachment *former = call_attachment(call);

    call->work.has_attachment = false;
    call->callback = callback;
    return former;
}

sspia_completion call_completion(const struct call *call)
{
    return (sspia_completion){
        .async = call->async.slot != 0 ? handle_to_pointer(HANDLE_ASYNC, call->async) : NULL,
        .callback = call_callback(call),
        .data = call->data,
        .status = call->job.status,
    };
}
