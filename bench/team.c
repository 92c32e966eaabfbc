/* SPDX-License-Identifier: MIT */
#include "team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "measure.h"

struct member {
    const struct team *team;
    atomic_int *missing;
    pthread_t thread;
    int number;
    double time;
};

static void *run(void *argument)
{
    struct member *member = argument;
    const struct team *team = member->team;
    double from;

    team->warm(member->number, team->data);
    /* At work, not asleep: one that must be woken begins when the other has ended. */
    atomic_fetch_sub(member->missing, 1);
    while (atomic_load(member->missing) > 0)
        continue;
    from = measure_now();
    team->work(member->number, team->data);
    member->time = measure_now() - from;
    return NULL;
}

static void *stay(void *argument)
{
    for (;;)
        pause();
    return argument;
}

void team_keep_company(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, stay, NULL) != 0)
        measure_fail("pthread_create");
    pthread_detach(thread);
}

double team_run(const struct team *team)
{
    struct member members[TEAM_MAX];
    atomic_int missing = team->members;
    double slowest = 0;

    for (int i = 0; i < team->members; i++) {
        members[i] = (struct member){.team = team, .missing = &missing, .number = i};
        if (i > 0 && pthread_create(&members[i].thread, NULL, run, &members[i]) != 0)
            measure_fail("pthread_create");
    }
    run(&members[0]);
    for (int i = 0; i < team->members; i++) {
        if (i > 0)
            pthread_join(members[i].thread, NULL);
        if (members[i].time > slowest)
            slowest = members[i].time;
    }
    return slowest;
}
