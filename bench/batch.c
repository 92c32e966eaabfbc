/* SPDX-License-Identifier: MIT */
/*
 * submit-batch: 64 or 256 contexts deleted by one call of ours, against as many submits.
 *
 *   held     every worker stays inside an item that was there before
 *   running  the workers are at work on 256 single items that came just before
 *   idle     nothing has happened for 120 ms
 *
 * Nobody is told; the figure is the cost of one context. Held and running: batch after batch,
 * 16 in a row, each by an async context of its own.
 */
#include <sspi_queue.h>
#include <stdio.h>
#include <stdlib.h>

#include "context.h"
#include "measure.h"
#include "peer.h"

#define LEAD    256
#define BATCHES 16
#define MOST    (256 * BATCHES)

enum pool_state { HELD, RUNNING, IDLE };

struct contest {
    const struct peer *peer; /* of ours */
    long size;               /* of a batch */
    enum pool_state state;
};

static CtxtHandle contexts[MOST];
static SspiAsyncContext *asyncs[BATCHES];

/* Brings the pool into its state; true: items 0 to LEAD - 1 have been submitted. */
static bool bring_into(const struct peer *peer, enum pool_state state)
{
    if (state == HELD)
        peer->hold();
    if (state == IDLE)
        measure_sleep(PEER_PARKED_MS);
    for (long i = 0; state == RUNNING && i < LEAD; i++)
        peer->submit(0, i);
    return state == RUNNING;
}

static double ours(void *argument)
{
    const struct contest *contest = argument;
    long batches = contest->state == IDLE ? 1 : BATCHES;
    double from, to;
    bool led;

    context_make(context_scripted(), contexts, contest->size * batches);
    peer_ours.prepare(0, contest->state == RUNNING ? LEAD : 0, false);
    led = bring_into(&peer_ours, contest->state);
    from = measure_now();
    for (long i = 0; i < batches; i++) {
        SECURITY_STATUS status = sspia_async_delete_contexts(
            asyncs[i], &contexts[i * contest->size], (uint32_t)contest->size);

        if (status != SEC_E_OK)
            expect_status(status, SEC_E_OK, "sspia_async_delete_contexts");
    }
    to = measure_now();
    if (contest->state == HELD)
        peer_ours.release();
    peer_ours.finish(0, led ? LEAD : 0, false);
    for (long i = 0; i < batches; i++) {
        expect_status(sspia_async_wait(asyncs[i], PATIENCE_MS), SEC_E_OK, "a batch");
        if (SspiReinitAsyncContext(asyncs[i]) != STATUS_SUCCESS)
            measure_fail("SspiReinitAsyncContext");
    }
    return (to - from) / (double)(contest->size * batches);
}

static double theirs(void *argument)
{
    const struct contest *contest = argument;
    const struct peer *peer = contest->peer;
    long count = contest->size * (contest->state == IDLE ? 1 : BATCHES);
    long first = contest->state == RUNNING ? LEAD : 0;
    double from, to;

    peer->prepare(0, first + count, false);
    bring_into(peer, contest->state);
    from = measure_now();
    for (long i = first; i < first + count; i++)
        peer->submit(0, i);
    to = measure_now();
    if (contest->state == HELD)
        peer->release();
    peer->finish(0, first + count, false);
    return (to - from) / (double)count;
}

int main(int argc, char **argv)
{
    static const char *const states[] = {"workers held", "workers running", "idle pool"};
    int used;

    measure_options(argc, argv);
    used = measure_is_short() ? 1 : PEERS;
    if (!measure_wants("submit-batch"))
        return 0;
    peer_ours.start(LEAD);
    for (int i = 0; i < used; i++)
        peers[i]->start(LEAD + MOST);
    for (int i = 0; i < BATCHES; i++) {
        asyncs[i] = SspiCreateAsyncContext();
        if (asyncs[i] == NULL)
            measure_fail("SspiCreateAsyncContext");
    }
    for (int variant = 0; variant < 6; variant++) {
        struct contest contest = {.size = variant < 3 ? 64 : 256,
                                  .state = (enum pool_state)(variant % 3)};
        char name[32];

        snprintf(name, sizeof(name), "%ld, %s", contest.size, states[contest.state]);
        for (int i = 0; i < used; i++) {
            contest.peer = peers[i];
            measure_compare(&(struct comparison){
                .row = "submit-batch",
                .case_ = name,
                .peer = contest.peer->name,
                .unit = "ns",
                .ours = ours,
                .theirs = theirs,
                .argument = &contest,
            });
        }
    }
    for (int i = 0; i < BATCHES; i++)
        SspiFreeAsyncContext(asyncs[i]);
    peer_ours.stop();
    for (int i = 0; i < used; i++)
        peers[i]->stop();
    return 0;
}
