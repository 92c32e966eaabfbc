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

struct load {
    long count;
    int two; /* in flight, ours */
    int one; /* theirs */
};

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

static double with_two(void *argument)
{
    const struct load *load = argument;

    return run(load->count, load->two, 2);
}

static double with_one(void *argument)
{
    const struct load *load = argument;

    return run(load->count, load->one, 1);
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

static double in_two_threads(void *argument)
{
    const struct team team = {TEAM_MAX, nothing, run_share, argument};
    const struct plain *plain = argument;
    double time;

    for (int tries = 0; tries < TEAM_TRIES; tries++) {
        if (team_run(&team, &time))
            return time / 1e3 / (double)(plain->count / TEAM_MAX * TEAM_MAX);
    }
    measure_fail("the two threads never run at the same time");
}

static double in_one_thread(void *argument)
{
    const struct plain *plain = argument;

    return handshake_cost(plain->run, plain->count);
}

static void measure_plain(enum handshake_kind kind)
{
    bool tls = kind == HANDSHAKE_TLS;
    struct plain plain = {tls ? openssl_run : gssapi_run, measure_count(handshake_count(kind))};
    char name[64];

    snprintf(name, sizeof(name), "plain %s in two threads, %s", tls ? "OpenSSL" : "GSSAPI",
             handshake_name(kind));
    if (tls)
        openssl_open();
    else
        gssapi_open(kind);
    measure_compare(&(struct comparison){ROW, name, "one thread", "us", in_two_threads,
                                         in_one_thread, &plain});
    if (tls)
        openssl_close();
    else
        gssapi_close();
}

/* ---- Ours -------------------------------------------------------------------------------- */

static void measure(enum handshake_kind kind)
{
    long count = measure_count(handshake_count(kind));
    struct load few = {count, 2, 1}, many = {count, 16, 16};
    char name[64];
    struct comparison comparison = {
        ROW, handshake_name(kind), "one at a time", "us", with_two, with_one, &few};

    ours_open(kind);
    measure_compare(&comparison);
    snprintf(name, sizeof(name), "%s, 16 in flight", handshake_name(kind));
    comparison.case_ = name;
    comparison.peer = "one worker";
    comparison.argument = &many;
    measure_compare(&comparison);
    ours_close();
    measure_plain(kind);
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
