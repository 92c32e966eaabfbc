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
    double from;
    double to;
};

static void *run(void *argument)
{
    struct member *member = argument;
    const struct team *team = member->team;

    team->warm(member->number, team->data);
    /* At work, not asleep: one that must be woken begins when the other has ended. */
    atomic_fetch_sub(member->missing, 1);
    while (atomic_load(member->missing) > 0)
        continue;
    member->from = measure_now();
    team->work(member->number, team->data);
    member->to = measure_now();
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

bool team_run(const struct team *team, double *time)
{
    struct member members[TEAM_MAX];
    atomic_int missing = team->members;
    double first, last;

    for (int i = 0; i < team->members; i++) {
        members[i] = (struct member){.team = team, .missing = &missing, .number = i};
        if (i > 0 && pthread_create(&members[i].thread, NULL, run, &members[i]) != 0)
            measure_fail("pthread_create");
    }
    run(&members[0]);
    *time = 0;
    first = last = members[0].from;
    for (int i = 0; i < team->members; i++) {
        if (i > 0)
            pthread_join(members[i].thread, NULL);
        if (members[i].to - members[i].from > *time)
            *time = members[i].to - members[i].from;
        first = members[i].from < first ? members[i].from : first;
        last = members[i].from > last ? members[i].from : last;
    }
    return last - first <= *time / 8;
}
