/* SPDX-License-Identifier: MIT */
/*
 * Row "handshake-two": what a second worker is good for. Two handshakes at a time on two
 * workers against one on one; and 16 at a time, which keep the workers busy whatever a wake
 * costs, on two workers against one.
 *
 * Beside them stands what a second thread brings the provider itself, without the library: two
 * threads that make handshakes by the same credentials, against one. More than that no library
 * on top of it can reach.
 */
#include "handshake.h"

#include <stdio.h>
#include <time.h>

#include <sspi.h>
#include <sspi_queue.h>

#include "measure.h"
#include "team.h"

#define ROW "handshake-two"

#define ROUNDS_MOST 64

static void expect_ok(SECURITY_STATUS status)
{
    if (status != SEC_E_OK)
        measure_fail("the pool: %s", sspia_status_name(status));
}

/* So many threads in each lane. Those of the round before are sent away first: threads that
 * have work to do stay, however many they may be. During a round none is idle for so long. */
static void set_workers(uint32_t count)
{
    sspia_pool_config config = {.size = sizeof(config), .idle_ms = 20};
    sspia_pool_counts counts = {.size = sizeof(counts)};
    struct timespec moment = {0, 1000000};

    expect_ok(sspia_pool_configure(&config));
    for (int i = 0; i < 5000; i++) {
        expect_ok(sspia_pool_stats(&counts));
        if (counts.threads == 0)
            break;
        nanosleep(&moment, NULL);
    }
    if (counts.threads != 0)
        measure_fail("the pool's threads do not leave");
    config.max_threads = config.max_quick_threads = count;
    expect_ok(sspia_pool_configure(&config));
}

static double run(long count, int in_flight, uint32_t workers)
{
    double begun;

    set_workers(workers);
    begun = measure_now();
    ours_run_in_flight(count, in_flight);
    return (measure_now() - begun) / 1e3 / (double)count;
}

/* ---- The provider itself ----------------------------------------------------------------- */

struct plain {
    void (*run)(long count);
    long count;
};

static void nothing(int member, void *data)
{
    (void)member;
    (void)data;
}

static void run_share(int member, void *data)
{
    const struct plain *plain = data;

    (void)member;
    plain->run(plain->count / TEAM_MAX);
}

static double in_two_threads(struct plain *plain)
{
    const struct team team = {TEAM_MAX, nothing, run_share, plain};
    double time;

    for (int tries = 0; tries < TEAM_TRIES; tries++) {
        if (team_run(&team, &time))
            return time / 1e3 / (double)(plain->count / TEAM_MAX * TEAM_MAX);
    }
    measure_fail("the two threads never run at the same time");
}

/* ---- Rounds ------------------------------------------------------------------------------ */

enum side { TWO, ONE, MANY_BY_TWO, MANY_BY_ONE, PLAIN_TWO, PLAIN_ONE, SIDES };

static double cost_of(enum side side, struct plain *plain)
{
    switch (side) {
    case TWO:
        return run(plain->count, 2, 2);
    case ONE:
        return run(plain->count, 1, 1);
    case MANY_BY_TWO:
        return run(plain->count, 16, 2);
    case MANY_BY_ONE:
        return run(plain->count, 16, 1);
    case PLAIN_TWO:
        return in_two_threads(plain);
    default:
        return handshake_cost(plain->run, plain->count);
    }
}

static void print(const char *name, const char *peer, const double *ours, const double *theirs)
{
    measure_print(&(struct comparison){.row = ROW, .case_ = name, .peer = peer, .unit = "us"},
                  ours, theirs, measure_rounds());
}

/* All sides in each round, so that what is compared, and what two plain threads reach beside
 * it, had the same machine. The first round does not count. */
static void compare(enum handshake_kind kind, struct plain *plain, const char *provider)
{
    const char *kind_name = handshake_name(kind);
    double costs[SIDES][ROUNDS_MOST];
    char name[64];

    for (int i = -1; i < measure_rounds(); i++) {
        int at = i < 0 ? 0 : i;

        for (int turn = 0; turn < SIDES; turn++) {
            int side = measure_ours_is_first(at) ? turn : SIDES - 1 - turn;

            costs[side][at] = cost_of((enum side)side, plain);
        }
    }
    print(kind_name, "one at a time", costs[TWO], costs[ONE]);
    snprintf(name, sizeof(name), "%s, 16 in flight", kind_name);
    print(name, "one worker", costs[MANY_BY_TWO], costs[MANY_BY_ONE]);
    snprintf(name, sizeof(name), "%s in two threads, %s", provider, kind_name);
    print(name, "one thread", costs[PLAIN_TWO], costs[PLAIN_ONE]);
}

static void measure(enum handshake_kind kind)
{
    struct plain plain = {gssapi_run, measure_count(handshake_count(kind))};

    ours_open(kind);
    if (kind == HANDSHAKE_TLS) {
        plain.run = openssl_run;
        openssl_open();
        compare(kind, &plain, "plain OpenSSL");
        openssl_close();
    } else {
        gssapi_open(kind);
        compare(kind, &plain, "plain GSSAPI");
        gssapi_close();
    }
    ours_close();
}

int main(int argc, char **argv)
{
    measure_options(argc, argv);
    if (!measure_wants(ROW))
        return 0;
    for (int kind = 0; kind < HANDSHAKE_KINDS; kind++) {
        if (handshake_possible((enum handshake_kind)kind))
            measure((enum handshake_kind)kind);
    }
    sspia_pool_configure(NULL);
    return 0;
}
