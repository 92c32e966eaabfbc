/* SPDX-License-Identifier: MIT */
/*
 * isolated: what a single delete that nobody waits for costs its caller, some time after the
 * last one.
 *
 *   1 ms busy    the caller passes the millisecond between two at work (a loop that reads the
 *                clock), so that its processor and its caches are warm
 *   1 ms asleep  it sleeps
 *   150 ms idle  it sleeps, and so do the peer's workers by then
 *   2 s idle     so do all of ours, without a timeout (the long form only)
 *   create and free  busy again; each delete has an async context of its own, created before
 *                and freed at once, as msquic does it; libuv's item is malloc'd
 *   krb5         busy; an asynchronous delete of an established Kerberos initiator against
 *                the synchronous delete of one, where the realm's variables are there
 *
 * The figure is the median of a round, in one case the mean; reading the clock is taken off.
 */
#include <sspi_queue.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "context.h"
#include "measure.h"
#include "peer.h"

#define MOST 200

struct contest {
    void (*pause)(double ms);
    double ms;
    long count;
    bool mean;
};

/* One side: what is made before, what is measured, what happens between, what comes after. */
struct subject {
    void (*prepare)(long count);
    void (*operation)(long item);
    void (*between)(void);
    void (*finish)(long count);
};

static double run(const struct subject *subject, const struct contest *contest)
{
    double costs[MOST], sum = 0;

    measure_clock_cost(); /* measured on the first call, which is not to be in here */
    subject->prepare(contest->count + 1);
    for (long i = 0; i <= contest->count; i++) {
        double from;

        if (i > 0)
            contest->pause(contest->ms);
        subject->between();
        from = measure_now();
        subject->operation(i);
        if (i > 0) /* the first one is the activity that the second comes after */
            costs[i - 1] = measure_now() - from - measure_clock_cost();
    }
    subject->finish(contest->count + 1);
    for (long i = 0; i < contest->count; i++)
        sum += costs[i];
    return contest->mean ? sum / (double)contest->count
                         : measure_quantile(costs, contest->count, 0.5);
}

/* ---- The pools ------------------------------------------------------------------------- */

static void nothing(void)
{
}

static void prepare_ours(long count)
{
    peer_ours.prepare(0, count, false);
}

static void submit_ours(long item)
{
    peer_ours.submit(0, item);
}

static void finish_ours(long count)
{
    peer_ours.finish(0, count, false);
}

static void prepare_uv(long count)
{
    peer_uv.prepare(0, count, false);
}

static void submit_uv(long item)
{
    peer_uv.submit(0, item);
}

static void turn_uv(void)
{
    peer_uv.turn(0);
}

static void finish_uv(long count)
{
    peer_uv.finish(0, count, false);
}

static const struct subject pool_ours = {prepare_ours, submit_ours, nothing, finish_ours};
static const struct subject pool_uv = {prepare_uv, submit_uv, turn_uv, finish_uv};

/* ---- Made for one call and freed ------------------------------------------------------- */

static CtxtHandle contexts[MOST + 1];

static void prepare_contexts(long count)
{
    context_make(context_scripted(), contexts, count);
}

static void create_delete_free(long item)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    SECURITY_STATUS status = SspiDeleteSecurityContextAsync(async, &contexts[item]);

    SspiFreeAsyncContext(async);
    if (status != SEC_E_OK)
        expect_status(status, SEC_E_OK, "SspiDeleteSecurityContextAsync");
}

/* The deletes were carried out: the handles are not alive, but were. */
static void finish_contexts(long count)
{
    context_quiet();
    for (long i = 0; i < count; i++) {
        CtxtHandle context = contexts[i];
        SecPkgContext_Sizes sizes;

        expect_status(QueryContextAttributesA(&context, SECPKG_ATTR_SIZES, &sizes),
                      SEC_E_INVALID_HANDLE, "a context that was deleted");
    }
}

static uv_loop_t loop;
static long came_back;

static void do_nothing(uv_work_t *item)
{
    (void)item;
}

static void free_item(uv_work_t *item, int status)
{
    if (status != 0)
        measure_fail("uv_queue_work: %s", uv_strerror(status));
    came_back++;
    free(item);
}

static void prepare_malloced(long count)
{
    (void)count;
    came_back = 0;
}

static void submit_malloced(long item)
{
    uv_work_t *work = malloc(sizeof(*work));

    (void)item;
    if (work == NULL || uv_queue_work(&loop, work, do_nothing, free_item) != 0)
        measure_fail("uv_queue_work");
}

static void turn_malloced(void)
{
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void finish_malloced(long count)
{
    uv_run(&loop, UV_RUN_DEFAULT);
    if (came_back != count)
        measure_fail("libuv: %ld of %ld items came back", came_back, count);
}

static const struct subject made_ours = {prepare_contexts, create_delete_free, nothing,
                                         finish_contexts};
static const struct subject made_uv = {prepare_malloced, submit_malloced, turn_malloced,
                                       finish_malloced};

/* ---- Kerberos -------------------------------------------------------------------------- */

static SspiAsyncContext *asyncs[MOST + 1];

static void prepare_kerberos(long count)
{
    context_make(context_kerberos(), contexts, count);
    for (long i = 0; i < count; i++) {
        if (asyncs[i] == NULL)
            asyncs[i] = SspiCreateAsyncContext();
        if (SspiReinitAsyncContext(asyncs[i]) != STATUS_SUCCESS)
            measure_fail("SspiReinitAsyncContext");
    }
}

static void delete_later(long item)
{
    SECURITY_STATUS status = SspiDeleteSecurityContextAsync(asyncs[item], &contexts[item]);

    if (status != SEC_E_OK)
        expect_status(status, SEC_E_OK, "SspiDeleteSecurityContextAsync");
}

static void delete_now(long item)
{
    SECURITY_STATUS status = DeleteSecurityContext(&contexts[item]);

    if (status != SEC_E_OK)
        expect_status(status, SEC_E_OK, "DeleteSecurityContext");
}

static void finish_later(long count)
{
    for (long i = 0; i < count; i++)
        expect_status(sspia_async_wait(asyncs[i], PATIENCE_MS), SEC_E_OK,
                      "an asynchronous delete of Kerberos");
}

static void finish_now(long count)
{
    (void)count;
}

static const struct subject kerberos_ours = {prepare_kerberos, delete_later, nothing,
                                             finish_later};
static const struct subject kerberos_now = {prepare_kerberos, delete_now, nothing, finish_now};

/* ---- The comparisons ------------------------------------------------------------------- */

struct pair {
    const struct subject *ours;
    const struct subject *theirs;
    const struct contest *contest;
};

static double ours(void *argument)
{
    const struct pair *pair = argument;

    return run(pair->ours, pair->contest);
}

static double theirs(void *argument)
{
    const struct pair *pair = argument;

    return run(pair->theirs, pair->contest);
}

static void compare(const char *name, const char *peer, const struct subject *our_subject,
                    const struct subject *their_subject, const struct contest *contest)
{
    struct pair pair = {our_subject, their_subject, contest};

    measure_compare(&(struct comparison){
        .row = "isolated",
        .case_ = name,
        .peer = peer,
        .unit = "ns",
        .ours = ours,
        .theirs = theirs,
        .argument = &pair,
    });
}

int main(int argc, char **argv)
{
    struct contest busy = {measure_spin, 1, 0, false}, busy_mean, asleep, idle, long_idle;

    measure_options(argc, argv);
    if (!measure_wants("isolated"))
        return 0;
    busy.count = measure_count(MOST);
    busy_mean = asleep = idle = busy;
    busy_mean.mean = true;
    asleep.pause = idle.pause = measure_sleep;
    idle.ms = 150;
    idle.count = measure_is_short() ? 1 : 4;
    long_idle = idle;
    long_idle.ms = 2000;
    long_idle.count = 1;
    peer_ours.start(MOST + 1);
    peer_uv.start(MOST + 1);
    uv_loop_init(&loop);

    compare("1 ms busy", "libuv", &pool_ours, &pool_uv, &busy);
    compare("1 ms busy, mean", "libuv", &pool_ours, &pool_uv, &busy_mean);
    compare("1 ms asleep", "libuv", &pool_ours, &pool_uv, &asleep);
    compare("150 ms idle", "libuv", &pool_ours, &pool_uv, &idle);
    if (!measure_is_short())
        compare("2 s idle", "libuv", &pool_ours, &pool_uv, &long_idle);
    compare("create and free", "libuv", &made_ours, &made_uv, &busy);
    if (context_kerberos() != NULL)
        compare("krb5", "synchronous delete", &kerberos_ours, &kerberos_now, &busy);
    else
        measure_note("isolated: krb5 is left out: no realm (run by tests/support/realm run)");

    peer_ours.stop();
    peer_uv.stop();
    uv_loop_close(&loop);
    return 0;
}
