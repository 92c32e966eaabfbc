/* SPDX-License-Identifier: MIT */
/*
 * latency: from before a single submit to the callback on the caller's loop, after 20 ms in
 * which nothing happened. A round is a hundred calls; its figures are their median and their
 * 99th percentile.
 */
#include <stdio.h>

#include "flight.h"
#include "measure.h"

#define MOST       100
#define ROUNDS_MAX 7
#define SIDES      4

struct latencies {
    double half[ROUNDS_MAX];
    double most[ROUNDS_MAX];
};

/* The sides take turns call by call, another one first each time. A round of minus one does not
 * count. */
static void run_round(const struct flight_side *const *sides, struct latencies *results,
                      int round)
{
    double samples[SIDES][MOST];
    long count = round < 0 ? 2 : measure_is_short() ? 6 : MOST;

    for (long i = 0; i < count; i++) {
        for (int turn = 0; turn < SIDES; turn++) {
            long k = (i + turn) % SIDES;

            flight_begin(sides[k]);
            measure_sleep(20);
            samples[k][i] = flight_run(sides[k], 1, 1);
            flight_end(sides[k]);
        }
    }
    for (int k = 0; round >= 0 && k < SIDES; k++) {
        results[k].half[round] = measure_quantile(samples[k], count, 0.5) / 1e3;
        results[k].most[round] = measure_quantile(samples[k], count, 0.99) / 1e3;
    }
}

static void print(const char *what, const char *loop, const double *ours, const double *theirs,
                  int rounds)
{
    char name[32];
    struct comparison comparison = {
        .row = "latency", .case_ = name, .peer = "libuv", .unit = "us"};

    snprintf(name, sizeof(name), "%s, %s", what, loop);
    measure_print(&comparison, ours, theirs, rounds);
}

int main(int argc, char **argv)
{
    static const struct flight_side *const sides[SIDES] = {&flight_dispatch, &flight_epoll,
                                                           &flight_uv_poll, &flight_uv};
    const struct latencies *theirs;
    struct latencies results[SIDES];
    int rounds;

    measure_options(argc, argv);
    if (!measure_wants("latency"))
        return 0;
    rounds = measure_rounds() < ROUNDS_MAX ? measure_rounds() : ROUNDS_MAX;
    flight_start(1);
    for (int i = -1; i < rounds; i++)
        run_round(sides, results, i);
    theirs = &results[SIDES - 1];
    for (int i = 0; i < SIDES - 1; i++) {
        print("p50", sides[i]->loop, results[i].half, theirs->half, rounds);
        print("p99", sides[i]->loop, results[i].most, theirs->most, rounds);
    }
    flight_stop();
    return 0;
}
