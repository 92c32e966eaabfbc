/* SPDX-License-Identifier: MIT */
/*
 * throughput: the time of an empty call with 1, 64 or 4096 in flight, completions on the
 * caller's loop; that of 1 also with the caller on one processor (and the pools' threads where
 * they like), and with all threads on one.
 *
 * cpu: the processor time of the whole process for one call, 4096 in flight, and what the
 * pool's threads use up in the 20 ms behind the last call included.
 */
#include <stdio.h>

#include "flight.h"
#include "measure.h"
#include "pin.h"

#define MOST 4096

struct contest {
    const struct flight_side *side; /* ours */
    long in_flight;
    long total;
    enum pin pin;
};

static double time_of_a_call(const struct flight_side *side, const struct contest *contest)
{
    double time;

    flight_begin(side);
    if (contest->pin != PIN_FREE)
        flight_run(side, 64, 640); /* starts the threads, which must not inherit the pin */
    pin(contest->pin);
    time = flight_run(side, contest->in_flight, contest->total);
    if (contest->pin != PIN_FREE)
        pin(PIN_FREE);
    flight_end(side);
    return time / (double)contest->total;
}

static double cpu_of_a_call(const struct flight_side *side, const struct contest *contest)
{
    double from, used;

    flight_begin(side);
    from = measure_cpu();
    flight_run(side, contest->in_flight, contest->total);
    measure_sleep(20);
    used = measure_cpu() - from;
    flight_end(side);
    return used / (double)contest->total;
}

static double time_ours(void *argument)
{
    const struct contest *contest = argument;

    return time_of_a_call(contest->side, contest);
}

static double time_theirs(void *argument)
{
    return time_of_a_call(&flight_uv, argument);
}

static double cpu_ours(void *argument)
{
    const struct contest *contest = argument;

    return cpu_of_a_call(contest->side, contest);
}

static double cpu_theirs(void *argument)
{
    return cpu_of_a_call(&flight_uv, argument);
}

static void compare(const char *row, const char *name, measure_side ours, measure_side theirs,
                    struct contest *contest)
{
    measure_compare(&(struct comparison){
        .row = row,
        .case_ = name,
        .peer = "libuv",
        .unit = "ns",
        .ours = ours,
        .theirs = theirs,
        .argument = contest,
    });
}

static void compare_times(const struct flight_side *side)
{
    static const struct {
        long in_flight, total;
        enum pin pin;
        const char *placed;
    } variants[] = {
        {1, 10000, PIN_FREE, ""},
        {1, 10000, PIN_CALLER, ", caller pinned"},
        {1, 10000, PIN_ALL, ", all on one processor"},
        {64, 100000, PIN_FREE, ""},
        {MOST, 200000, PIN_FREE, ""},
    };

    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        struct contest contest = {side, variants[i].in_flight, measure_count(variants[i].total),
                                  variants[i].pin};
        char name[64];

        snprintf(name, sizeof(name), "%ld in flight, %s%s", contest.in_flight, side->loop,
                 variants[i].placed);
        compare("throughput", name, time_ours, time_theirs, &contest);
    }
}

int main(int argc, char **argv)
{
    static const struct flight_side *const sides[] = {&flight_dispatch, &flight_epoll,
                                                      &flight_uv_poll};

    measure_options(argc, argv);
    if (!measure_wants("throughput") && !measure_wants("cpu"))
        return 0;
    flight_start(MOST);
    for (int i = 0; measure_wants("throughput") && i < 3; i++)
        compare_times(sides[i]);
    for (int i = 0; measure_wants("cpu") && i < 3; i++) {
        struct contest contest = {sides[i], MOST, measure_count(200000), PIN_FREE};

        compare("cpu", sides[i]->loop, cpu_ours, cpu_theirs, &contest);
    }
    flight_stop();
    return 0;
}
