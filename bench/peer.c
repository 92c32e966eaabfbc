/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <sched.h>

#include "measure.h"

const struct peer *const peers[PEERS] = {&peer_uv, &peer_plain, &peer_glib};

int peer_workers(void)
{
    static int workers;
    cpu_set_t set;

    if (workers > 0)
        return workers;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        measure_fail("sched_getaffinity");
    workers = CPU_COUNT(&set);
    return workers;
}
