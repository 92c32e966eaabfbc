/* SPDX-License-Identifier: MIT */
#include "gate.h"

#include <time.h>

static void set(struct gate *gate, bool shut)
{
    pthread_mutex_lock(&gate->lock);
    gate->shut = shut;
    pthread_cond_broadcast(&gate->moved);
    pthread_mutex_unlock(&gate->lock);
}

void gate_shut(struct gate *gate)
{
    set(gate, true);
}

void gate_open(struct gate *gate)
{
    set(gate, false);
}

void gate_pass(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->inside++;
    pthread_cond_broadcast(&gate->moved);
    while (gate->shut)
        pthread_cond_wait(&gate->moved, &gate->lock);
    gate->inside--;
    pthread_mutex_unlock(&gate->lock);
}

bool gate_await(struct gate *gate, int inside)
{
    struct timespec deadline;
    bool came;
    int late = 0;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 5;
    pthread_mutex_lock(&gate->lock);
    while (gate->inside < inside && late == 0)
        late = pthread_cond_timedwait(&gate->moved, &gate->lock, &deadline);
    came = gate->inside >= inside;
    pthread_mutex_unlock(&gate->lock);
    return came;
}
