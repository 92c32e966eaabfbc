/* SPDX-License-Identifier: MIT */
/*
 * A process that has made calls and makes no more, for idle.sh to look at from outside:
 *
 *   bench_idle THREADS SECONDS
 *
 * keeps THREADS in each lane, makes calls of every kind of waiting, lets surplus threads leave,
 * and sleeps SECONDS between two lines that say so.
 */
#include <sspi_queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "context.h"
#include "measure.h"

#define CALLS   64
#define IDLE_MS 200

static void make_calls(SspiAsyncContext **asyncs, sspia_queue *queue)
{
    CtxtHandle contexts[CALLS];

    context_make(context_scripted(), contexts, CALLS);
    for (int i = 0; i < CALLS; i++) {
        asyncs[i] = SspiCreateAsyncContext();
        if (i % 2 == 0)
            expect_status(sspia_async_set_queue(asyncs[i], queue), SEC_E_OK, "set_queue");
        expect_status(SspiDeleteSecurityContextAsync(asyncs[i], &contexts[i]), SEC_E_OK,
                      "SspiDeleteSecurityContextAsync");
    }
    for (int done = 0; done < CALLS / 2;) {
        int32_t count = sspia_queue_dispatch(queue, CALLS, PATIENCE_MS);

        if (count <= 0)
            measure_fail("completions are missing");
        done += count;
    }
    for (int i = 0; i < CALLS; i++)
        expect_status(sspia_async_wait(asyncs[i], PATIENCE_MS), SEC_E_OK,
                      "an asynchronous delete");
}

/* By write: stdio might keep the line back. */
static void mark(const char *line, size_t size)
{
    if (write(STDOUT_FILENO, line, size) != (ssize_t)size)
        measure_fail("write");
}

int main(int argc, char **argv)
{
    static const char begin[] = "idle begins\n", end[] = "idle ends\n";
    sspia_pool_config config = {.size = sizeof(config), .idle_ms = IDLE_MS};
    SspiAsyncContext *asyncs[CALLS];
    sspia_queue *queue = sspia_queue_create();

    if (argc != 3 || queue == NULL)
        measure_fail("usage: bench_idle THREADS SECONDS");
    config.min_threads = (uint32_t)atoi(argv[1]);
    expect_status(sspia_pool_configure(&config), SEC_E_OK, "sspia_pool_configure");
    sspia_queue_fd(queue);
    make_calls(asyncs, queue);
    measure_sleep(3 * IDLE_MS);
    mark(begin, sizeof(begin) - 1);
    measure_sleep(1000 * atof(argv[2]));
    mark(end, sizeof(end) - 1);
    for (int i = 0; i < CALLS; i++)
        SspiFreeAsyncContext(asyncs[i]);
    sspia_queue_free(queue);
    return 0;
}
