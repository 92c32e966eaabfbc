/* SPDX-License-Identifier: MIT */
#include "floor.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "measure.h"

#define ALIVE   1u
#define IDLE    2u
#define PENDING 3u

struct slot {
    _Atomic uint64_t word;
    void *object;
    uint64_t more[2];
};

struct call {
    struct call *next;
    uint64_t kind;
    struct slot *context;
    void *object;
    uint64_t more[12];
};

static struct slot *asyncs, *contexts;
static struct call *calls;
static _Atomic(struct call *) waiting;

static void *allocate(long count, size_t size)
{
    void *memory = calloc((size_t)count, size);

    if (memory == NULL)
        measure_fail("no memory");
    return memory;
}

void floor_start(long most)
{
    asyncs = allocate(most, sizeof(*asyncs));
    contexts = allocate(most, sizeof(*contexts));
    calls = allocate(most, sizeof(*calls));
}

void floor_stop(void)
{
    free(asyncs);
    free(contexts);
    free(calls);
}

void floor_prepare(long count)
{
    atomic_store(&waiting, NULL);
    for (long i = 0; i < count; i++) {
        asyncs[i].object = &calls[i];
        atomic_store(&asyncs[i].word, IDLE);
        contexts[i].object = &contexts[i];
        atomic_store(&contexts[i].word, ALIVE);
    }
}

void floor_submit(long item)
{
    struct slot *async = &asyncs[item], *context = &contexts[item];
    struct call *call = async->object;
    uint64_t idle = IDLE, alive = ALIVE;

    if (!atomic_compare_exchange_strong(&async->word, &idle, PENDING) ||
        !atomic_compare_exchange_strong(&context->word, &alive, 0))
        measure_fail("floor: item %ld is not ready", item);
    call->kind = 1;
    call->context = context;
    call->object = context->object;
    call->next = atomic_load_explicit(&waiting, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&waiting, &call->next, call))
        continue;
}

void floor_finish(long count)
{
    long there = 0;

    for (struct call *call = atomic_load(&waiting); call != NULL; call = call->next)
        there++;
    if (there != count)
        measure_fail("floor: %ld of %ld items are there", there, count);
}
