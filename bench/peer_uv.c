/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "gate.h"
#include "measure.h"
#include "peer.h"

struct caller {
    uv_loop_t loop;
    uv_work_t *items;
    long told;
};

static struct caller callers[PEER_CALLERS];
static struct gate gate = GATE_OPEN;
static uv_work_t *holders;
static uv_loop_t holders_loop;

static void check(int result, const char *what)
{
    if (result != 0)
        measure_fail("%s: %s", what, uv_strerror(result));
}

static void do_nothing(uv_work_t *item)
{
    (void)item;
}

static void on_done(uv_work_t *item, int status)
{
    struct caller *caller = item->data;

    check(status, "uv_queue_work");
    caller->told++;
}

static void stay_inside(uv_work_t *item)
{
    (void)item;
    gate_pass(&gate);
}

static void start(long most)
{
    char workers[16];

    /* Read by libuv when it is given its first item. */
    snprintf(workers, sizeof(workers), "%d", peer_workers());
    setenv("UV_THREADPOOL_SIZE", workers, 1);
    for (int i = 0; i < PEER_CALLERS; i++) {
        check(uv_loop_init(&callers[i].loop), "uv_loop_init");
        callers[i].items = calloc((size_t)most, sizeof(*callers[i].items));
        if (callers[i].items == NULL)
            measure_fail("no memory");
    }
    check(uv_loop_init(&holders_loop), "uv_loop_init");
    holders = calloc((size_t)peer_workers(), sizeof(*holders));
    if (holders == NULL)
        measure_fail("no memory");
}

static void stop(void)
{
    for (int i = 0; i < PEER_CALLERS; i++) {
        check(uv_loop_close(&callers[i].loop), "uv_loop_close");
        free(callers[i].items);
    }
    check(uv_loop_close(&holders_loop), "uv_loop_close");
    free(holders);
}

static void prepare(int which, long count, bool told)
{
    (void)told;
    callers[which].told = 0;
    for (long i = 0; i < count; i++)
        callers[which].items[i].data = &callers[which];
}

static void submit(int which, long item)
{
    struct caller *caller = &callers[which];
    int result = uv_queue_work(&caller->loop, &caller->items[item], do_nothing, on_done);

    if (result != 0)
        check(result, "uv_queue_work");
}

static void turn(int which)
{
    uv_run(&callers[which].loop, UV_RUN_NOWAIT);
}

static void finish(int which, long count, bool told)
{
    (void)told;
    uv_run(&callers[which].loop, UV_RUN_DEFAULT);
    if (callers[which].told != count)
        measure_fail("libuv: %ld of %ld items came back", callers[which].told, count);
}

static void hold(void)
{
    gate_shut(&gate);
    for (int i = 0; i < peer_workers(); i++)
        check(uv_queue_work(&holders_loop, &holders[i], stay_inside, NULL), "uv_queue_work");
    if (!gate_await(&gate, peer_workers()))
        measure_fail("libuv: the workers are not all held");
}

static void release(void)
{
    gate_open(&gate);
    uv_run(&holders_loop, UV_RUN_DEFAULT);
}

const struct peer peer_uv = {
    .name = "libuv",
    .start = start,
    .stop = stop,
    .prepare = prepare,
    .submit = submit,
    .turn = turn,
    .finish = finish,
    .hold = hold,
    .release = release,
};
