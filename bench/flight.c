/* SPDX-License-Identifier: MIT */
#include "flight.h"

#include <sspi_queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <uv.h>

#include "context.h"
#include "measure.h"
#include "peer.h"

static long room, calls, submitted, completed;
static double ended;

static SspiAsyncContext **asyncs;
static CtxtHandle dead;
static sspia_queue *queue;
static int epoll_fd;
static uv_poll_t watcher; /* of our queue, on the loop below */

static uv_loop_t loop;
static uv_work_t *items;

/* True: one more is to be submitted. */
static bool count_completion(void)
{
    if (++completed == calls)
        ended = measure_now();
    if (submitted == calls)
        return false;
    submitted++;
    return true;
}

/* ---- Ours ------------------------------------------------------------------------------ */

static void submit(SspiAsyncContext *async)
{
    SECURITY_STATUS status = SspiDeleteSecurityContextAsync(async, &dead);

    if (status != SEC_E_OK)
        expect_status(status, SEC_E_OK, "SspiDeleteSecurityContextAsync");
}

static void on_deleted(SspiAsyncContext *async, void *data)
{
    SECURITY_STATUS status = SspiGetAsyncCallStatus(async);

    (void)data;
    if (status != SEC_E_INVALID_HANDLE)
        expect_status(status, SEC_E_INVALID_HANDLE, "the delete of a dead handle");
    if (SspiReinitAsyncContext(async) != STATUS_SUCCESS)
        measure_fail("SspiReinitAsyncContext");
    if (count_completion())
        submit(async);
}

static void submit_first(long in_flight)
{
    submitted = in_flight;
    for (long i = 0; i < in_flight; i++)
        submit(asyncs[i]);
}

static void run_dispatch(long in_flight)
{
    submit_first(in_flight);
    while (completed < calls) {
        if (sspia_queue_dispatch(queue, (uint32_t)in_flight, PATIENCE_MS) <= 0)
            measure_fail("dispatch: %ld of %ld completions came", completed, calls);
    }
}

static void begin_epoll(void)
{
    struct epoll_event event = {.events = EPOLLIN};

    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, sspia_queue_fd(queue), &event) != 0)
        measure_fail("epoll_ctl: add");
}

static void end_epoll(void)
{
    if (epoll_ctl(epoll_fd, EPOLL_CTL_DEL, sspia_queue_fd(queue), NULL) != 0)
        measure_fail("epoll_ctl: del");
}

static void run_epoll(long in_flight)
{
    struct epoll_event event;

    submit_first(in_flight);
    while (completed < calls) {
        if (epoll_wait(epoll_fd, &event, 1, PATIENCE_MS) != 1 ||
            sspia_queue_dispatch(queue, (uint32_t)in_flight, 0) < 0)
            measure_fail("epoll: %ld of %ld completions came", completed, calls);
    }
}

/* The watcher keeps the loop alive: uv_run has to be told when to return. */
static void on_readable(uv_poll_t *handle, int status, int events)
{
    (void)events;
    if (status != 0 || sspia_queue_dispatch(queue, (uint32_t)room, 0) < 0)
        measure_fail("uv_poll: %ld of %ld completions came", completed, calls);
    if (completed == calls)
        uv_stop(handle->loop);
}

/* The turn of the loop hands the descriptor to its epoll. */
static void begin_uv_poll(void)
{
    if (uv_poll_start(&watcher, UV_READABLE, on_readable) != 0)
        measure_fail("uv_poll_start");
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void end_uv_poll(void)
{
    if (uv_poll_stop(&watcher) != 0)
        measure_fail("uv_poll_stop");
}

static void run_uv_poll(long in_flight)
{
    submit_first(in_flight);
    uv_run(&loop, UV_RUN_DEFAULT);
}

/* ---- libuv ----------------------------------------------------------------------------- */

static void do_nothing(uv_work_t *item)
{
    (void)item;
}

static void on_done(uv_work_t *item, int status)
{
    if (status != 0 ||
        (count_completion() && uv_queue_work(&loop, item, do_nothing, on_done) != 0))
        measure_fail("uv_queue_work");
}

static void run_uv(long in_flight)
{
    submitted = in_flight;
    for (long i = 0; i < in_flight; i++) {
        if (uv_queue_work(&loop, &items[i], do_nothing, on_done) != 0)
            measure_fail("uv_queue_work");
    }
    uv_run(&loop, UV_RUN_DEFAULT);
}

const struct flight_side flight_dispatch = {"dispatch", run_dispatch, NULL, NULL};
const struct flight_side flight_epoll = {"epoll", run_epoll, begin_epoll, end_epoll};
const struct flight_side flight_uv_poll = {"uv_poll", run_uv_poll, begin_uv_poll, end_uv_poll};
const struct flight_side flight_uv = {"uv_queue_work", run_uv, NULL, NULL};

void flight_begin(const struct flight_side *side)
{
    if (side->begin != NULL)
        side->begin();
}

void flight_end(const struct flight_side *side)
{
    if (side->end != NULL)
        side->end();
}

double flight_run(const struct flight_side *side, long in_flight, long total)
{
    double from = measure_now();

    calls = total;
    completed = 0;
    side->run(in_flight);
    if (completed != total || submitted != total)
        measure_fail("%s: %ld of %ld completions came", side->loop, completed, total);
    return ended - from;
}

void flight_start(long most)
{
    char workers[16];

    snprintf(workers, sizeof(workers), "%d", peer_workers());
    setenv("UV_THREADPOOL_SIZE", workers, 1);
    room = most;
    asyncs = calloc((size_t)most, sizeof(*asyncs));
    items = calloc((size_t)most, sizeof(*items));
    queue = sspia_queue_create();
    dead = context_dead();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (asyncs == NULL || items == NULL || queue == NULL || uv_loop_init(&loop) != 0 ||
        epoll_fd < 0 || uv_poll_init(&loop, &watcher, sspia_queue_fd(queue)) != 0)
        measure_fail("no memory or descriptor");
    for (long i = 0; i < most; i++) {
        asyncs[i] = SspiCreateAsyncContext();
        expect_status(sspia_async_set_queue(asyncs[i], queue), SEC_E_OK, "set_queue");
        expect_status(SspiSetAsyncNotifyCallback(asyncs[i], on_deleted, NULL), SEC_E_OK,
                      "SspiSetAsyncNotifyCallback");
    }
}

void flight_stop(void)
{
    uv_close((uv_handle_t *)&watcher, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    for (long i = 0; i < room; i++)
        SspiFreeAsyncContext(asyncs[i]);
    sspia_queue_free(queue);
    free(asyncs);
    free(items);
}
