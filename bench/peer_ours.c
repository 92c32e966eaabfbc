/* SPDX-License-Identifier: MIT */
#include <sspi.h>
#include <sspi_queue.h>
#include <stdlib.h>

#include "bare.h"
#include "context.h"
#include "measure.h"
#include "peer.h"

struct caller {
    SspiAsyncContext **asyncs;
    CtxtHandle *contexts;
    sspia_queue *queue;
    long told;
};

static struct caller callers[PEER_CALLERS];
static long room;
static SspiAsyncContext **holders;
static sspia_queue *holders_queue; /* a call with a queue is one that somebody waits for */

static SspiAsyncContext *create(void)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();

    if (async == NULL)
        measure_fail("SspiCreateAsyncContext");
    return async;
}

static void on_deleted(SspiAsyncContext *async, void *data)
{
    struct caller *caller = data;

    expect_status(SspiGetAsyncCallStatus(async), SEC_E_OK, "an asynchronous delete");
    caller->told++;
}

static void start(long most)
{
    room = most;
    for (int i = 0; i < PEER_CALLERS; i++) {
        struct caller *caller = &callers[i];

        caller->asyncs = calloc((size_t)most, sizeof(*caller->asyncs));
        caller->contexts = calloc((size_t)most, sizeof(*caller->contexts));
        caller->queue = sspia_queue_create();
        if (caller->asyncs == NULL || caller->contexts == NULL || caller->queue == NULL)
            measure_fail("no memory");
        for (long k = 0; k < most; k++)
            caller->asyncs[k] = create();
    }
    holders = calloc((size_t)peer_workers(), sizeof(*holders));
    holders_queue = sspia_queue_create();
    if (holders == NULL || holders_queue == NULL)
        measure_fail("no memory");
    for (int i = 0; i < peer_workers(); i++) {
        holders[i] = create();
        expect_status(sspia_async_set_queue(holders[i], holders_queue), SEC_E_OK, "set_queue");
    }
}

static void stop(void)
{
    for (int i = 0; i < PEER_CALLERS; i++) {
        for (long k = 0; k < room; k++)
            SspiFreeAsyncContext(callers[i].asyncs[k]);
        sspia_queue_free(callers[i].queue);
        free(callers[i].asyncs);
        free(callers[i].contexts);
    }
    for (int i = 0; i < peer_workers(); i++)
        SspiFreeAsyncContext(holders[i]);
    sspia_queue_free(holders_queue);
    free(holders);
}

static void prepare(int which, long count, bool told)
{
    struct caller *caller = &callers[which];

    caller->told = 0;
    context_make(context_scripted(), caller->contexts, count);
    for (long i = 0; i < count; i++) {
        SspiAsyncContext *async = caller->asyncs[i];

        if (SspiReinitAsyncContext(async) != STATUS_SUCCESS)
            measure_fail("SspiReinitAsyncContext");
        expect_status(sspia_async_set_queue(async, told ? caller->queue : NULL), SEC_E_OK,
                      "sspia_async_set_queue");
        expect_status(SspiSetAsyncNotifyCallback(async, told ? on_deleted : NULL, caller),
                      SEC_E_OK, "SspiSetAsyncNotifyCallback");
    }
}

/* Told or not is what `prepare` has set. */
static void submit(int which, long item)
{
    struct caller *caller = &callers[which];
    SECURITY_STATUS status =
        SspiDeleteSecurityContextAsync(caller->asyncs[item], &caller->contexts[item]);

    if (status != SEC_E_OK)
        expect_status(status, SEC_E_OK, "SspiDeleteSecurityContextAsync");
}

static void turn(int which)
{
    (void)which;
}

static void finish(int which, long count, bool told)
{
    struct caller *caller = &callers[which];

    while (told && caller->told < count) {
        if (sspia_queue_dispatch(caller->queue, 256, PATIENCE_MS) <= 0)
            measure_fail("completions are missing: %ld of %ld came", caller->told, count);
    }
    for (long i = 0; i < count; i++)
        expect_status(sspia_async_wait(caller->asyncs[i], PATIENCE_MS), SEC_E_OK,
                      "an asynchronous delete");
}

static void set_bare(uint32_t attribute, uint32_t value, const char *what)
{
    expect_status(SetCredentialsAttributesA(context_bare(), attribute, &value, sizeof(value)),
                  SEC_E_OK, what);
}

/* One after the other: a worker may take several calls at once that wait for one. */
static void hold(void)
{
    set_bare(BARE_ATTR_SHUT, 1, "the gate");
    for (int i = 0; i < peer_workers(); i++) {
        CtxtHandle context;

        context_make(context_bare(), &context, 1);
        expect_status(SspiDeleteSecurityContextAsync(holders[i], &context), SEC_E_OK,
                      "a delete that holds a worker");
        set_bare(BARE_ATTR_AWAIT, (uint32_t)i + 1, "workers that are held");
    }
}

static void release(void)
{
    set_bare(BARE_ATTR_SHUT, 0, "the gate");
    for (int i = 0; i < peer_workers(); i++) {
        sspia_completion completion;

        expect_status(sspia_queue_next(holders_queue, PATIENCE_MS, &completion), SEC_E_OK,
                      "a worker that was held");
        expect_status(completion.status, SEC_E_OK, "a delete that held a worker");
        if (SspiReinitAsyncContext(completion.async) != STATUS_SUCCESS)
            measure_fail("SspiReinitAsyncContext");
    }
}

const struct peer peer_ours = {
    .name = "sspi-async",
    .start = start,
    .stop = stop,
    .prepare = prepare,
    .submit = submit,
    .turn = turn,
    .finish = finish,
    .hold = hold,
    .release = release,
};
