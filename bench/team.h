/* SPDX-License-Identifier: MIT */
/* Threads that do the same thing at the same time. */
#ifndef BENCH_TEAM_H
#define BENCH_TEAM_H

#include <stdbool.h>

#define TEAM_MAX 2

struct team {
    int members; /* the calling thread is number 0 */
    /* What is timed, and before that what is not: it wakes the workers and warms caches. */
    void (*warm)(int member, void *data);
    void (*work)(int member, void *data);
    void *data;
};

/* Starts a thread that does nothing, so that the process has more than one: alone, glibc's
 * mutexes do without atomic operations, which no program with a pool can. */
void team_keep_company(void);

/* Runs the team. *time: the nanoseconds that the slowest member took. False: they did not begin
 * together, for want of a processor; the time says nothing, and the caller tries again. */
bool team_run(const struct team *team, double *time);

/* How often one tries before the machine is too busy to measure on. */
#define TEAM_TRIES 100

#endif
