/* SPDX-License-Identifier: MIT */
/*
 * burst: what it costs the caller to submit some items, one after the other, to a pool that
 * has been idle for 50 ms, so that no worker is awake any more. Waited for: each comes back to
 * the caller's loop. The figure is the cost of one submit; the completions come afterwards and
 * are not in it.
 */
#include <stdio.h>

#include "measure.h"
#include "peer.h"

#define MOST       256
#define BURSTS_MAX 8

struct contest {
    const struct peer *peer; /* of ours */
    long count;
    bool told;
};

static double burst(const struct peer *peer, const struct contest *contest)
{
    double from, to;

    peer->prepare(0, contest->count, contest->told);
    measure_sleep(50);
    from = measure_now();
    for (long i = 0; i < contest->count; i++)
        peer->submit(0, i);
    to = measure_now();
    peer->finish(0, contest->count, contest->told);
    return (to - from) / (double)contest->count;
}

/* The median of a few: one that the system interrupted would outweigh the others. */
static double run(const struct peer *peer, const struct contest *contest)
{
    double costs[BURSTS_MAX];
    int bursts = measure_is_short() ? 1 : 3;

    for (int i = 0; i < bursts; i++)
        costs[i] = burst(peer, contest);
    return measure_quantile(costs, bursts, 0.5);
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

int main(int argc, char **argv)
{
    int used;

    measure_options(argc, argv);
    used = measure_is_short() ? 1 : PEERS;
    if (!measure_wants("burst"))
        return 0;
    peer_ours.start(MOST);
    for (int i = 0; i < used; i++)
        peers[i]->start(MOST);
    for (int variant = 0; variant < 4; variant++) {
        struct contest contest = {.count = variant < 2 ? 16 : MOST, .told = variant % 2 == 0};
        char name[32];

        snprintf(name, sizeof(name), "%ld %s", contest.count,
                 contest.told ? "waited for" : "not waited for");
        for (int i = 0; i < used; i++) {
            contest.peer = peers[i];
            measure_compare(&(struct comparison){
                .row = "burst",
                .case_ = name,
                .peer = contest.peer->name,
                .unit = "ns",
                .ours = ours,
                .theirs = theirs,
                .argument = &contest,
            });
        }
    }
    peer_ours.stop();
    for (int i = 0; i < used; i++)
        peers[i]->stop();
    return 0;
}
