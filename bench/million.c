/* SPDX-License-Identifier: MIT */
/*
 * million: many live contexts deleted in one go, against a loop of synchronous deletes.
 *
 *   caller  until the caller has its thread back
 *   total   until all of them are gone, which the caller asks the pool in naps of 0.1 ms
 *
 * Each asynchronous delete has an async context of its own, which was there before and is made
 * idle between the rounds; "batch" is one call for all. NTLM's contexts have had their first
 * leg; there are fewer of them, since making them takes longest.
 */
#include <sspi_queue.h>
#include <stdio.h>
#include <stdlib.h>

#include "context.h"
#include "measure.h"

#define ROUNDS 5

static CtxtHandle *contexts;
static SspiAsyncContext **asyncs;

/* A way to delete all contexts; returns when the caller could go on. */
struct way {
    const char *suffix; /* of the case */
    void (*submit)(long count);
    long (*used)(long count); /* how many async contexts it takes */
};

static void submit_singly(long count)
{
    for (long i = 0; i < count; i++) {
        SECURITY_STATUS status = SspiDeleteSecurityContextAsync(asyncs[i], &contexts[i]);

        if (status != SEC_E_OK)
            expect_status(status, SEC_E_OK, "SspiDeleteSecurityContextAsync");
    }
}

static long use_all(long count)
{
    return count;
}

static void submit_at_once(long count)
{
    expect_status(sspia_async_delete_contexts(asyncs[0], contexts, (uint32_t)count), SEC_E_OK,
                  "sspia_async_delete_contexts");
}

static long use_one(long count)
{
    (void)count;
    return 1;
}

static const struct way ways[] = {
    {"", submit_singly, use_all},
    {", batch", submit_at_once, use_one},
};

static void delete_later(const struct way *way, long count, double *caller, double *total)
{
    double from = measure_now();

    way->submit(count);
    *caller = (measure_now() - from) / 1e6;
    context_quiet();
    *total = (measure_now() - from) / 1e6;
    for (long i = 0; i < way->used(count); i++) {
        expect_status(sspia_async_wait(asyncs[i], PATIENCE_MS), SEC_E_OK,
                      "an asynchronous delete");
        if (SspiReinitAsyncContext(asyncs[i]) != STATUS_SUCCESS)
            measure_fail("SspiReinitAsyncContext");
    }
}

static double delete_now(long count)
{
    double from = measure_now();

    for (long i = 0; i < count; i++) {
        SECURITY_STATUS status = DeleteSecurityContext(&contexts[i]);

        if (status != SEC_E_OK)
            expect_status(status, SEC_E_OK, "DeleteSecurityContext");
    }
    return (measure_now() - from) / 1e6;
}

static void print(const char *what, const char *package, const struct way *way,
                  const double *ours, const double *theirs)
{
    char name[64];
    struct comparison comparison = {
        .row = "million", .case_ = name, .peer = "synchronous loop", .unit = "ms"};

    snprintf(name, sizeof(name), "%s%s%s", what, package, way->suffix);
    measure_print(&comparison, ours, ROUNDS, theirs, ROUNDS);
}

static void compare(const struct way *way, CredHandle *credential, const char *package,
                    long count)
{
    double caller[ROUNDS], total[ROUNDS], theirs[ROUNDS];

    for (int i = -1; i < ROUNDS; i++) { /* the first does not count */
        int at = i < 0 ? 0 : i;

        context_make(credential, contexts, count);
        delete_later(way, count, &caller[at], &total[at]);
        context_make(credential, contexts, count);
        theirs[at] = delete_now(count);
    }
    print("caller", package, way, caller, theirs);
    print("total", package, way, total, theirs);
}

int main(int argc, char **argv)
{
    long most, fewer;

    measure_options(argc, argv);
    if (!measure_wants("million"))
        return 0;
    most = measure_count(1000000);
    fewer = measure_count(50000);
    contexts = calloc((size_t)most, sizeof(*contexts));
    asyncs = calloc((size_t)most, sizeof(*asyncs));
    if (contexts == NULL || asyncs == NULL)
        measure_fail("no memory");
    for (long i = 0; i < most; i++) {
        asyncs[i] = SspiCreateAsyncContext();
        if (asyncs[i] == NULL)
            measure_fail("SspiCreateAsyncContext");
    }
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        compare(&ways[i], context_scripted(), "", most);
        if (context_ntlm() != NULL)
            compare(&ways[i], context_ntlm(), ", NTLM", fewer);
        else if (i == 0)
            measure_note("million: NTLM is left out: its package is not there");
    }
    for (long i = 0; i < most; i++)
        SspiFreeAsyncContext(asyncs[i]);
    free(asyncs);
    free(contexts);
    return 0;
}
