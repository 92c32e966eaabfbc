/* SPDX-License-Identifier: MIT */
/*
 * submit-busy: what a submit costs its caller while the workers have work.
 *
 *   held     every worker stays inside an item that was there before
 *   running  the workers are at work on what is being submitted
 *
 * By one caller, or two at once (the slower one's wall time). The first submits, a sixteenth,
 * are not counted: they wake the workers and warm the caches.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "measure.h"
#include "peer.h"

struct contest {
    const struct peer *peer; /* of ours */
    int callers;
    bool held;
    bool told;
    long lead; /* submits that are not counted */
    long count;
};

struct runner {
    pthread_t thread;
    const struct peer *peer;
    const struct contest *contest;
    atomic_int *missing; /* callers that are not ready; see wait_for_all */
    int caller;
    double cost;
};

/* At work, not asleep: a thread that must be woken first begins when the other has ended. */
static void wait_for_all(atomic_int *missing)
{
    atomic_fetch_sub(missing, 1);
    while (atomic_load(missing) > 0)
        continue;
}

static void *submit_all(void *argument)
{
    struct runner *runner = argument;
    const struct contest *contest = runner->contest;
    void (*submit)(int caller, long item) = runner->peer->submit;
    double from;

    for (long i = 0; i < contest->lead; i++)
        submit(runner->caller, i);
    wait_for_all(runner->missing);
    from = measure_now();
    for (long i = contest->lead; i < contest->lead + contest->count; i++)
        submit(runner->caller, i);
    runner->cost = (measure_now() - from) / (double)contest->count;
    return NULL;
}

static double run(const struct peer *peer, const struct contest *contest)
{
    struct runner runners[PEER_CALLERS];
    atomic_int missing = contest->callers;
    double cost = 0;

    for (int i = 0; i < contest->callers; i++)
        peer->prepare(i, contest->lead + contest->count, contest->told);
    if (contest->held)
        peer->hold();
    for (int i = 0; i < contest->callers; i++) {
        runners[i] =
            (struct runner){.peer = peer, .contest = contest, .missing = &missing, .caller = i};
        if (i > 0 && pthread_create(&runners[i].thread, NULL, submit_all, &runners[i]) != 0)
            measure_fail("pthread_create");
    }
    submit_all(&runners[0]);
    for (int i = 1; i < contest->callers; i++)
        pthread_join(runners[i].thread, NULL);
    if (contest->held)
        peer->release();
    for (int i = 0; i < contest->callers; i++) {
        peer->finish(i, contest->lead + contest->count, contest->told);
        if (runners[i].cost > cost)
            cost = runners[i].cost;
    }
    return cost;
}

static double ours(void *contest)
{
    return run(&peer_ours, contest);
}

static double theirs(void *argument)
{
    const struct contest *contest = argument;

    return run(contest->peer, contest);
}

static void compare(struct contest *contest)
{
    char name[64];

    snprintf(name, sizeof(name), "%sworkers %s%s", contest->callers > 1 ? "two threads, " : "",
             contest->held ? "held" : "running", contest->told ? ", with a queue" : "");
    measure_compare(&(struct comparison){
        .row = "submit-busy",
        .case_ = name,
        .peer = contest->peer->name,
        .unit = "ns",
        .ours = ours,
        .theirs = theirs,
        .argument = contest,
    });
}

int main(int argc, char **argv)
{
    const long count = 4096;

    measure_options(argc, argv);
    if (!measure_wants("submit-busy"))
        return 0;
    peer_ours.start(count + count / 16);
    for (int i = 0; i < PEERS; i++)
        peers[i]->start(count + count / 16);
    for (int variant = 0; variant < 8; variant++) {
        struct contest contest = {
            .callers = variant < 4 ? 1 : 2,
            .held = variant % 4 < 2,
            .told = variant % 2 == 1,
            .count = measure_is_short() ? count / 4 : count,
        };

        contest.lead = contest.count / 16;
        for (int i = 0; i < PEERS; i++) {
            contest.peer = peers[i];
            compare(&contest);
        }
    }
    peer_ours.stop();
    for (int i = 0; i < PEERS; i++)
        peers[i]->stop();
    return 0;
}
