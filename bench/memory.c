/* SPDX-License-Identifier: MIT */
/*
 * memory: what a live security context takes beyond what its package allocates, and what an
 * idle async context takes. The contexts are of the package Bare, which allocates nothing for
 * one, so that all growth is the library's.
 *
 *   heap      of malloc, as mallinfo2 counts it, its own overhead included; of tables that
 *             grow by doubling the unused part too
 *   resident  pages that were touched
 *
 * Each round is a child process: the tables of the library begin small and nothing is reused.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "context.h"
#include "measure.h"

#define ROUNDS 5

struct size {
    double heap;
    double resident;
};

static struct size size_now(void)
{
    struct mallinfo2 info = mallinfo2();
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1)
        measure_fail("/proc/self/statm");
    fclose(file);
    return (struct size){(double)(info.uordblks + info.hblkhd),
                         (double)(pages * sysconf(_SC_PAGESIZE))};
}

static void make_contexts(void *places, long count)
{
    context_make(context_bare(), places, count);
}

static void make_asyncs(void *places, long count)
{
    SspiAsyncContext **asyncs = places;

    for (long i = 0; i < count; i++) {
        asyncs[i] = SspiCreateAsyncContext();
        if (asyncs[i] == NULL)
            measure_fail("SspiCreateAsyncContext");
    }
}

typedef void (*maker)(void *places, long count);

/* In the child: what one of them takes. */
static struct size grow(maker make, long count)
{
    /* Written to before, so that it is not part of the growth. */
    CtxtHandle *places = malloc((size_t)count * sizeof(*places));
    struct size before, after;

    if (places == NULL)
        measure_fail("no memory");
    for (long i = 0; i < count; i++)
        SecInvalidateHandle(&places[i]);
    make(places, 16); /* what comes with the first of all */
    before = size_now();
    make(places, count);
    after = size_now();
    return (struct size){(after.heap - before.heap) / (double)count,
                         (after.resident - before.resident) / (double)count};
}

static struct size grow_in_child(maker make, long count)
{
    struct size size;
    int ends[2], status;
    pid_t child;

    fflush(stdout);
    if (pipe(ends) != 0 || (child = fork()) < 0)
        measure_fail("no pipe or process");
    if (child == 0) {
        size = grow(make, count);
        _exit(write(ends[1], &size, sizeof(size)) == sizeof(size) ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &size, sizeof(size)) != sizeof(size) ||
        waitpid(child, &status, 0) != child || status != 0)
        measure_fail("a round of memory failed");
    close(ends[0]);
    return size;
}

static void print(const char *what, const char *how, const double *samples)
{
    char name[64];
    struct comparison comparison = {
        .row = "memory", .case_ = name, .peer = "", .unit = "bytes"};

    snprintf(name, sizeof(name), "%s, %s", what, how);
    measure_print(&comparison, samples, NULL, ROUNDS);
}

static void measure(const char *what, maker make, long count)
{
    double heap[ROUNDS], resident[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        struct size size = grow_in_child(make, count);

        heap[i] = size.heap;
        resident[i] = size.resident;
    }
    print(what, "heap", heap);
    print(what, "resident", resident);
}

int main(int argc, char **argv)
{
    measure_options(argc, argv);
    if (!measure_wants("memory"))
        return 0;
    /* No call before: the children are to find the library as it is at its start. */
    measure("context", make_contexts, measure_count(200000));
    measure("async context", make_asyncs, measure_count(200000));
    return 0;
}
