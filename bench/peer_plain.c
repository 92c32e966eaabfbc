/* SPDX-License-Identifier: MIT */
/*
 * The pool that one writes in an afternoon: a list under a mutex, a condition that each submit
 * signals. Completions are lists under a mutex, with an eventfd that is written when one
 * becomes non-empty.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gate.h"
#include "measure.h"
#include "peer.h"

struct caller;

struct item {
    struct item *next;
    void (*work)(struct item *item);
    struct caller *caller; /* who is told, or NULL */
    atomic_bool done;
};

struct list {
    pthread_mutex_t lock;
    struct item *first;
    struct item **last;
};

struct caller {
    struct item *items;
    struct list completions;
    int fd;
};

static struct list queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .last = &queue.first};
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static bool stopping; /* the queue's lock */
static pthread_t *threads;
static struct caller callers[PEER_CALLERS];
static struct gate gate = GATE_OPEN;
static struct item *holders;

/* Lock held. */
static void append(struct list *list, struct item *item)
{
    item->next = NULL;
    *list->last = item;
    list->last = &item->next;
}

static struct item *take(struct list *list)
{
    struct item *item = list->first;

    list->first = item->next;
    if (list->first == NULL)
        list->last = &list->first;
    return item;
}

static void tell(struct item *item)
{
    struct list *list = &item->caller->completions;
    const uint64_t one = 1;
    bool was_empty;

    pthread_mutex_lock(&list->lock);
    was_empty = list->first == NULL;
    append(list, item);
    pthread_mutex_unlock(&list->lock);
    if (was_empty && write(item->caller->fd, &one, sizeof(one)) != sizeof(one))
        measure_fail("write to an eventfd");
}

static void *work(void *argument)
{
    pthread_mutex_lock(&queue.lock);
    for (;;) {
        struct item *item;

        while (queue.first == NULL && !stopping)
            pthread_cond_wait(&not_empty, &queue.lock);
        if (queue.first == NULL)
            break;
        item = take(&queue);
        pthread_mutex_unlock(&queue.lock);
        item->work(item);
        if (item->caller != NULL)
            tell(item);
        else /* pairs with the acquire of finish */
            atomic_store_explicit(&item->done, true, memory_order_release);
        pthread_mutex_lock(&queue.lock);
    }
    pthread_mutex_unlock(&queue.lock);
    return argument;
}

static void push(struct item *item)
{
    pthread_mutex_lock(&queue.lock);
    append(&queue, item);
    pthread_cond_signal(&not_empty);
    pthread_mutex_unlock(&queue.lock);
}

static void do_nothing(struct item *item)
{
    (void)item;
}

static void stay_inside(struct item *item)
{
    (void)item;
    gate_pass(&gate);
}

static void start(long most)
{
    for (int i = 0; i < PEER_CALLERS; i++) {
        struct caller *caller = &callers[i];

        caller->items = calloc((size_t)most, sizeof(*caller->items));
        caller->completions.last = &caller->completions.first;
        pthread_mutex_init(&caller->completions.lock, NULL);
        caller->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (caller->items == NULL || caller->fd < 0)
            measure_fail("no memory or descriptor");
    }
    stopping = false;
    threads = calloc((size_t)peer_workers(), sizeof(*threads));
    holders = calloc((size_t)peer_workers(), sizeof(*holders));
    if (threads == NULL || holders == NULL)
        measure_fail("no memory");
    for (int i = 0; i < peer_workers(); i++) {
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            measure_fail("pthread_create");
    }
}

static void stop(void)
{
    pthread_mutex_lock(&queue.lock);
    stopping = true;
    pthread_cond_broadcast(&not_empty);
    pthread_mutex_unlock(&queue.lock);
    for (int i = 0; i < peer_workers(); i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < PEER_CALLERS; i++) {
        close(callers[i].fd);
        pthread_mutex_destroy(&callers[i].completions.lock);
        free(callers[i].items);
    }
    free(threads);
    free(holders);
}

static void prepare(int which, long count, bool told)
{
    for (long i = 0; i < count; i++) {
        callers[which].items[i].work = do_nothing;
        callers[which].items[i].caller = told ? &callers[which] : NULL;
        atomic_store(&callers[which].items[i].done, false);
    }
}

/* Told or not is what `prepare` has set. */
static void submit(int which, long item)
{
    push(&callers[which].items[item]);
}

static void turn(int which)
{
    (void)which;
}

/* The caller's loop: one turn. */
static void deliver(struct caller *caller)
{
    struct pollfd ready = {.fd = caller->fd, .events = POLLIN};
    struct item *item;
    uint64_t count;

    if (poll(&ready, 1, 30000) != 1 || read(caller->fd, &count, sizeof(count)) < 0)
        measure_fail("plain: completions are missing");
    pthread_mutex_lock(&caller->completions.lock);
    item = caller->completions.first;
    caller->completions.first = NULL;
    caller->completions.last = &caller->completions.first;
    pthread_mutex_unlock(&caller->completions.lock);
    for (; item != NULL; item = item->next)
        atomic_store_explicit(&item->done, true, memory_order_relaxed);
}

static void await(struct item *items, long count)
{
    double until = measure_now() + 30e9;

    for (long i = 0; i < count; i++) {
        while (!atomic_load_explicit(&items[i].done, memory_order_acquire)) {
            if (measure_now() > until)
                measure_fail("plain: item %ld of %ld is not done", i, count);
            measure_sleep(0.05);
        }
    }
}

static void finish(int which, long count, bool told)
{
    struct caller *caller = &callers[which];

    for (long i = 0; told && i < count; i++) {
        while (!atomic_load_explicit(&caller->items[i].done, memory_order_relaxed))
            deliver(caller);
    }
    await(caller->items, count);
}

static void hold(void)
{
    gate_shut(&gate);
    for (int i = 0; i < peer_workers(); i++) {
        holders[i].work = stay_inside;
        holders[i].caller = NULL;
        atomic_store(&holders[i].done, false);
        push(&holders[i]);
    }
    if (!gate_await(&gate, peer_workers()))
        measure_fail("plain: the workers are not all held");
}

static void release(void)
{
    gate_open(&gate);
    await(holders, peer_workers());
}

const struct peer peer_plain = {
    .name = "plain pool",
    .start = start,
    .stop = stop,
    .prepare = prepare,
    .submit = submit,
    .turn = turn,
    .finish = finish,
    .hold = hold,
    .release = release,
};
