/* SPDX-License-Identifier: MIT */
/* Where workers are held: a thread that comes to a shut gate waits inside until it opens. */
#ifndef BENCH_GATE_H
#define BENCH_GATE_H

#include <pthread.h>
#include <stdbool.h>

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool shut;
    int inside;
};

#define GATE_OPEN                                                                              \
    {                                                                                          \
        .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER                   \
    }

void gate_shut(struct gate *gate);
void gate_open(struct gate *gate);
/* What a worker does. */
void gate_pass(struct gate *gate);
/* Waits until so many are inside. False: they did not come within five seconds. */
bool gate_await(struct gate *gate, int inside);

#endif
