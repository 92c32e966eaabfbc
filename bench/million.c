/* SPDX-License-Identifier: MIT */
/*
 * million: many live contexts deleted in one go, against a loop of synchronous deletes.
 *
 *   caller  until the caller has its thread back
 *   total   until all of them are gone, which the caller asks the pool in naps of 0.1 ms
 *
 * Each asynchronous delete has an async context of its own, which was there before and is made
 * idle between the rounds; "batch" is one call for all. NTLM's contexts have had their first
 * leg. If a million of them would take too much memory or time to make, there are fewer, and
 * the case says how many.
 */
#include <malloc.h>
#include <sspi_queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "context.h"
#include "measure.h"

#define ROUNDS 5

/* What the contexts of a round may take: of the free memory, and to make. */
#define MEMORY_SHARE 0.25
#define MAKE_MS      4000

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

static void take_turns(const struct way *way, CredHandle *credential, long count, bool first,
                       double *caller, double *total, double *theirs)
{
    for (int side = 0; side < 2; side++) {
        context_make(credential, contexts, count);
        if ((side == 0) == first)
            delete_later(way, count, caller, total);
        else
            *theirs = delete_now(count);
    }
}

static void print(const char *what, const char *package, const struct way *way,
                  const double *ours, const double *theirs)
{
    char name[64];
    struct comparison comparison = {
        .row = "million", .case_ = name, .peer = "synchronous loop", .unit = "ms"};

    snprintf(name, sizeof(name), "%s%s%s", what, package, way->suffix);
    measure_print(&comparison, ours, theirs, ROUNDS);
}

/* The million, or the largest 1, 2 or 5 times a power of ten that is not too many. */
static long affordable(CredHandle *credential, long most)
{
    enum { SAMPLE = 500 };
    double available = (double)sysconf(_SC_AVPHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    double begun, bytes, most_by_time, most_by_memory, limit;
    long count = 1;

    context_make(credential, contexts, SAMPLE); /* what comes with the first ones */
    delete_now(SAMPLE);
    bytes = -(double)mallinfo2().uordblks;
    begun = measure_now();
    context_make(credential, contexts, SAMPLE);
    most_by_time = (double)measure_count(MAKE_MS) * 1e6 * SAMPLE / (measure_now() - begun);
    bytes += (double)mallinfo2().uordblks;
    delete_now(SAMPLE);
    most_by_memory = bytes > 0 ? MEMORY_SHARE * available * SAMPLE / bytes : most_by_time;
    limit = most_by_time < most_by_memory ? most_by_time : most_by_memory;
    while ((double)count * 10 <= limit)
        count *= 10;
    if ((double)count * 5 <= limit)
        count *= 5;
    else if ((double)count * 2 <= limit)
        count *= 2;
    return count < most ? count : most;
}

static void compare(const struct way *way, CredHandle *credential, const char *package,
                    long count)
{
    double caller[ROUNDS], total[ROUNDS], theirs[ROUNDS];

    for (int i = -1; i < ROUNDS; i++) { /* the first does not count */
        int at = i < 0 ? 0 : i;

        take_turns(way, credential, count, measure_ours_is_first(at), &caller[at], &total[at],
                   &theirs[at]);
    }
    print("caller", package, way, caller, theirs);
    print("total", package, way, total, theirs);
}

int main(int argc, char **argv)
{
    long most, fewer = 0;
    char ntlm[32] = ", NTLM";

    measure_options(argc, argv);
    if (!measure_wants("million"))
        return 0;
    most = measure_count(1000000);
    contexts = calloc((size_t)most, sizeof(*contexts));
    asyncs = calloc((size_t)most, sizeof(*asyncs));
    if (contexts == NULL || asyncs == NULL)
        measure_fail("no memory");
    for (long i = 0; i < most; i++) {
        asyncs[i] = SspiCreateAsyncContext();
        if (asyncs[i] == NULL)
            measure_fail("SspiCreateAsyncContext");
    }
    if (context_ntlm() == NULL)
        measure_note("million: the NTLM package is not installed, so its rows are left out");
    else
        fewer = affordable(context_ntlm(), most);
    if (fewer < most)
        snprintf(ntlm, sizeof(ntlm), ", %ld of NTLM", fewer);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        compare(&ways[i], context_scripted(), "", most);
        if (fewer > 0)
            compare(&ways[i], context_ntlm(), ntlm, fewer);
    }
    for (long i = 0; i < most; i++)
        SspiFreeAsyncContext(asyncs[i]);
    free(asyncs);
    free(contexts);
    return 0;
}
