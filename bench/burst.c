/* SPDX-License-Identifier: MIT */
/*
 * burst: what it costs the caller to submit some items, one after the other, to a pool that
 * has been idle for 120 ms, or for 20 ms, since it was last used. Waited for: each comes back
 * to the caller's loop. The figure is the cost of one submit; the completions come afterwards
 * and are not in it.
 */
#include <stdio.h>

#include "measure.h"
#include "peer.h"

#define MOST 256

struct contest {
    const struct peer *peer; /* of ours */
    long count;
    bool told;
    double idle_ms;
};

static double cost(const struct peer *peer, const struct contest *contest)
{
    double from, to;

    peer->prepare(0, 1, contest->told); /* the other side has had its turn meanwhile */
    peer->submit(0, 0);
    peer->finish(0, 1, contest->told);
    peer->prepare(0, contest->count, contest->told);
    measure_sleep(contest->idle_ms);
    from = measure_now();
    for (long i = 0; i < contest->count; i++)
        peer->submit(0, i);
    to = measure_now();
    peer->finish(0, contest->count, contest->told);
    return (to - from) / (double)contest->count;
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
    for (int variant = 0; variant < 8; variant++) {
        struct contest contest = {.count = variant < 4 ? 16 : MOST,
                                  .told = variant % 2 == 0,
                                  .idle_ms = variant % 4 < 2 ? PEER_PARKED_MS : 20};
        char name[64];

        snprintf(name, sizeof(name), "%ld %s, idle for %g ms", contest.count,
                 contest.told ? "waited for" : "not waited for", contest.idle_ms);
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
