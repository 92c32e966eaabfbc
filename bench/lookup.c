/* SPDX-License-Identifier: MIT */
/*
 * handle-lookup: SspiGetAsyncCallStatus, which is a look-up and a read, against a hash table
 * under a mutex. Each thread walks 512 handles of its own, or both read one and the same.
 */
#include <sspi.h>
#include <stdlib.h>

#include "context.h"
#include "measure.h"
#include "table.h"
#include "team.h"

#define OWN 512

struct contest {
    int threads;
    long handles; /* that a thread walks; 1: all the same one */
    long walks;
};

static SspiAsyncContext *asyncs[TEAM_MAX * OWN];
static struct table_key keys[TEAM_MAX * OWN];

static void make_handles(void)
{
    for (unsigned i = 0; i < TEAM_MAX * OWN; i++) {
        struct table_object *object = calloc(1, sizeof(*object));

        asyncs[i] = SspiCreateAsyncContext();
        if (object == NULL || asyncs[i] == NULL)
            measure_fail("no memory");
        /* As the words of a handle are: a number that counts, and one that looks random. */
        keys[i] = (struct table_key){{(i + 1) << 2, 0x5f1e3a7c90b2d468u ^ i % 3}};
        object->key = keys[i];
        object->status = SEC_E_NO_CONTEXT;
        table_add(object);
    }
}

static void free_handles(void)
{
    for (int i = 0; i < TEAM_MAX * OWN; i++) {
        struct table_object *object = table_get(&keys[i]);

        SspiFreeAsyncContext(asyncs[i]);
        table_drop(object);
        table_drop(object);
    }
}

static void nothing(int member, void *data)
{
    (void)member;
    (void)data;
}

static long first_of(int member, const struct contest *contest)
{
    return contest->handles == 1 ? 0 : member * OWN;
}

static void walk_ours(int member, void *data)
{
    const struct contest *contest = data;
    SspiAsyncContext **own = &asyncs[first_of(member, contest)];
    long wrong = 0;

    for (long i = 0; i < contest->walks; i++) {
        for (long k = 0; k < contest->handles; k++)
            wrong += SspiGetAsyncCallStatus(own[k]) != SEC_E_NO_CONTEXT;
    }
    if (wrong != 0)
        measure_fail("%ld look-ups of ours found something else", wrong);
}

static SECURITY_STATUS read_status(const struct table_key *key)
{
    struct table_object *object = table_get(key);
    SECURITY_STATUS status;

    if (object == NULL)
        return SEC_E_INVALID_HANDLE;
    status = object->status;
    table_drop(object);
    return status;
}

static void walk_theirs(int member, void *data)
{
    const struct contest *contest = data;
    const struct table_key *own = &keys[first_of(member, contest)];
    long wrong = 0;

    for (long i = 0; i < contest->walks; i++) {
        for (long k = 0; k < contest->handles; k++)
            wrong += read_status(&own[k]) != SEC_E_NO_CONTEXT;
    }
    if (wrong != 0)
        measure_fail("%ld look-ups of the table found something else", wrong);
}

static double cost(void (*walk)(int member, void *data), struct contest *contest)
{
    const struct team team = {contest->threads, nothing, walk, contest};

    double time;

    for (int tries = 0; tries < TEAM_TRIES; tries++) {
        if (team_run(&team, &time))
            return time / (double)(contest->walks * contest->handles);
    }
    measure_fail("lookup: the threads never run at the same time");
}

static double ours(void *contest)
{
    return cost(walk_ours, contest);
}

static double theirs(void *contest)
{
    return cost(walk_theirs, contest);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int threads;
        long handles;
    } variants[] = {
        {"one thread", 1, OWN},
        {"two threads, other handles", 2, OWN},
        {"two threads, same handle", 2, 1},
    };

    long calls;

    measure_options(argc, argv);
    calls = measure_is_short() ? 500000 : 2000000;
    if (!measure_wants("handle-lookup"))
        return 0;
    team_keep_company();
    make_handles();
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        struct contest contest = {variants[i].threads, variants[i].handles,
                                  calls / variants[i].handles};

        measure_compare(&(struct comparison){
            .row = "handle-lookup",
            .case_ = variants[i].name,
            .peer = "hash under a mutex",
            .unit = "ns",
            .ours = ours,
            .theirs = theirs,
            .argument = &contest,
        });
    }
    free_handles();
    return 0;
}
