/* SPDX-License-Identifier: MIT */
/*
 * Row "handshake": what a whole handshake costs, one at a time, against the provider itself.
 *
 * "pinned" has all threads on one processor. "synchronous" is there to tell what asynchrony
 * costs from what the rest of the library does. "16 in flight" has one thread in each lane, and
 * a caller who only passes tokens on: one at a time pays for every change of threads, and a leg
 * that may block (Kerberos) cannot do without.
 */
#include "handshake.h"

#include <stdio.h>

#include <sspi.h>
#include <sspi_queue.h>

#include "measure.h"
#include "pin.h"

#define ROW "handshake"

struct pair {
    long count;
    void (*ours)(long count);
    void (*theirs)(long count);
};

static double our_side(void *argument)
{
    const struct pair *pair = argument;

    return handshake_cost(pair->ours, pair->count);
}

static double their_side(void *argument)
{
    const struct pair *pair = argument;

    return handshake_cost(pair->theirs, pair->count);
}

static void compare(enum handshake_kind kind, const char *way, void (*ours)(long),
                    const char *peer, void (*theirs)(long))
{
    struct pair pair = {measure_count(handshake_count(kind)), ours, theirs};
    char name[64];
    struct comparison comparison = {ROW, name, peer, "us", our_side, their_side, &pair};

    snprintf(name, sizeof(name), "%s%s%s", handshake_name(kind), way[0] != '\0' ? ", " : "",
             way);
    measure_compare(&comparison);
}

static void run_16_in_flight(long count)
{
    ours_run_in_flight(count, 16);
}

/* Threads in each lane; 0: the default. */
static void limit_lanes(uint32_t count)
{
    const sspia_pool_config config = {
        .size = sizeof(config), .max_threads = count, .max_quick_threads = count};

    if (sspia_pool_configure(&config) != SEC_E_OK)
        measure_fail("sspia_pool_configure");
}

static void compare_ways(enum handshake_kind kind, const char *peer, void (*theirs)(long))
{
    compare(kind, "", ours_run, peer, theirs);
    pin(PIN_ALL);
    compare(kind, "pinned", ours_run, peer, theirs);
    pin(PIN_FREE);
    compare(kind, "synchronous", ours_run_synchronously, peer, theirs);
    limit_lanes(1);
    compare(kind, "16 in flight", run_16_in_flight, peer, theirs);
    limit_lanes(0);
}

static void measure(enum handshake_kind kind)
{
    ours_open(kind);
    if (kind == HANDSHAKE_TLS) {
        openssl_open();
        compare_ways(kind, "plain OpenSSL", openssl_run);
        openssl_close();
    } else {
        gssapi_open(kind);
        compare_ways(kind, "plain GSSAPI", gssapi_run);
        gssapi_close();
    }
#ifdef BENCH_WINPR
    if (kind == HANDSHAKE_NTLM) {
        winpr_open();
        compare(kind, "", ours_run, "WinPR", winpr_run);
        winpr_close();
    }
#endif
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
    return 0;
}
