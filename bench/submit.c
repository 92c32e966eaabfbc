/* SPDX-License-Identifier: MIT */
/*
 * submit-busy: what a submit costs its caller while the workers have work.
 *
 *   held     every worker stays inside an item that was there before
 *   running  the workers are at work on what is being submitted
 *
 * By one caller, or two at once (the slower one's wall time). The first submits, a sixteenth,
 * are not counted: they wake the workers and warm the caches. With the workers held, one caller
 * is also compared with what its locked operations alone cost (floor.h).
 */
#include <stdio.h>

#include "floor.h"
#include "measure.h"
#include "peer.h"
#include "team.h"

struct contest {
    const struct peer *peer; /* of ours */
    int callers;
    bool held;
    bool told;
    long lead; /* submits that are not counted */
    long count;
};

struct run {
    const struct contest *contest;
    void (*submit)(int caller, long item);
};

static void submit_lead(int caller, void *data)
{
    const struct run *run = data;

    for (long i = 0; i < run->contest->lead; i++)
        run->submit(caller, i);
}

static void submit_rest(int caller, void *data)
{
    const struct run *run = data;
    long end = run->contest->lead + run->contest->count;

    for (long i = run->contest->lead; i < end; i++)
        run->submit(caller, i);
}

static bool run_once(const struct peer *peer, const struct contest *contest, double *time)
{
    struct run run = {contest, peer->submit};
    const struct team team = {contest->callers, submit_lead, submit_rest, &run};
    bool together;

    for (int i = 0; i < contest->callers; i++)
        peer->prepare(i, contest->lead + contest->count, contest->told);
    if (contest->held)
        peer->hold();
    together = team_run(&team, time);
    if (contest->held)
        peer->release();
    for (int i = 0; i < contest->callers; i++)
        peer->finish(i, contest->lead + contest->count, contest->told);
    return together;
}

static double cost(const struct peer *peer, const struct contest *contest)
{
    double time;

    for (int tries = 0; tries < TEAM_TRIES; tries++) {
        if (run_once(peer, contest, &time))
            return time / (double)contest->count;
    }
    measure_fail("submit: the callers never run at the same time");
}

static double ours(void *contest)
{
    return cost(&peer_ours, contest);
}

static double theirs(void *argument)
{
    const struct contest *contest = argument;

    return cost(contest->peer, contest);
}

static void submit_to_floor(int caller, long item)
{
    (void)caller;
    floor_submit(item);
}

static double floor_cost(void *argument)
{
    const struct contest *contest = argument;
    struct run run = {contest, submit_to_floor};
    const struct team team = {1, submit_lead, submit_rest, &run};
    double time;

    floor_prepare(contest->lead + contest->count);
    team_run(&team, &time); /* one is always together */
    floor_finish(contest->lead + contest->count);
    return time / (double)contest->count;
}

static void compare(struct contest *contest, const char *peer, measure_side their_side)
{
    char name[64];

    snprintf(name, sizeof(name), "%sworkers %s%s", contest->callers > 1 ? "two threads, " : "",
             contest->held ? "held" : "running", contest->told ? ", with a queue" : "");
    measure_compare(&(struct comparison){
        .row = "submit-busy",
        .case_ = name,
        .peer = peer,
        .unit = "ns",
        .ours = ours,
        .theirs = their_side,
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
    floor_start(count + count / 16);
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
            compare(&contest, peers[i]->name, theirs);
        }
        if (contest.held && contest.callers == 1)
            compare(&contest, "locked operations", floor_cost);
    }
    peer_ours.stop();
    floor_stop();
    for (int i = 0; i < PEERS; i++)
        peers[i]->stop();
    return 0;
}
