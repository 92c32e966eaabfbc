/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 *
 *  1. Calls are posted with the engine lock held, in chains (by work.next), onto `inbox`: a
 * stack of chains, by work.previous of the first of each, that is only taken whole. Nothing
 * joins once `closed` is set, and closing empties the queue.
 *  2. Those who take have `taking`, a lock of its own (the engine lock may be held around it,
 * not inside), and with it `first`, what is left of the oldest chain, and `chains`, the others
 *     in order. They look into the inbox when both are empty.
 *  3. A call in the queue is WORK_IN_QUEUE, from before its status is final until a taker has
 * read all that its completion tells. Then it is its async context's again, unless it was left
 *     (work.parted, written with `taking`, or by who posts): then the taker frees it, and the
 *     reference to the queue that came with it passes to the taker.
 *  4. The descriptor, where there is one, is readable while completions wait, from at most 20
 * us after they were posted, or light work is left to whoever polls it; and not when there is
 *     neither. It is raised and lowered with `taking`, and `raised` says which: a bit in the
 *     queue's slot, which can be read though the queue may be gone. Who lowers it looks for
 *     completions and work after the bit was cleared; who posts or leaves work reads the bit
 *     afterwards. Both are sequentially consistent.
 *  5. Who sees a final status finds the completion: between the two `expected` is set.
 */
#include "queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "lock.h"
#include "pool.h"
#include "wake.h"

struct queue {
    struct handle handle;
    atomic_bool closed;   /* changed under the engine lock */
    atomic_uint sleepers; /* likewise: threads that wait for `arrived` */
    uint32_t wakes;       /* likewise: how often those who sleep were told to stop */
    bool wake_is_kept;    /* likewise: nobody slept when it came */
    pthread_cond_t arrived;
    _Atomic int fd; /* -1 until somebody asks */

    pthread_mutex_t taking;
    struct work *_Atomic first;
    struct work *_Atomic chains;

    /* The side of those who post: away from the rest, for the sake of the processors' caches.
     */
    unsigned char gap[CACHE_LINE];
    struct work *_Atomic inbox;
    atomic_bool expected;
};

struct queue *queue_acquire(const sspia_queue *pointer)
{
    struct handle handle;

    if (!handle_from_pointer(HANDLE_QUEUE, pointer, &handle))
        return NULL;
    return handle_acquire(HANDLE_QUEUE, handle);
}

#define RAISED 1ull

static bool is_raised(struct handle handle)
{
    return (atomic_load_explicit(handle_word(handle), memory_order_seq_cst) & RAISED) != 0;
}

/* Was it up? */
static bool set_raised(struct queue *queue, bool raised)
{
    _Atomic uint64_t *word = handle_word(queue->handle);
    uint64_t before = raised ? atomic_fetch_or_explicit(word, RAISED, memory_order_seq_cst)
                             : atomic_fetch_and_explicit(word, ~RAISED, memory_order_seq_cst);

    return (before & RAISED) != 0;
}

struct handle queue_handle(const struct queue *queue)
{
    return queue->handle;
}

void queue_retain(struct queue *queue)
{
    handle_retain(queue->handle);
}

void queue_release(struct queue *queue)
{
    handle_release(queue->handle);
}

sspia_queue *sspia_queue_create(void)
{
    struct queue *queue = calloc(1, sizeof(*queue));

    if (queue == NULL)
        return NULL;
    queue->fd = -1;
    pthread_mutex_init(&queue->taking, NULL);
    engine_cond_init(&queue->arrived);
    if (!handle_open(HANDLE_QUEUE, queue, &queue->handle)) {
        pthread_cond_destroy(&queue->arrived);
        pthread_mutex_destroy(&queue->taking);
        free(queue);
        return NULL;
    }
    set_raised(queue, false); /* the slot's last owner may have left it */
    return handle_to_pointer(HANDLE_QUEUE, queue->handle);
}

static bool destroy(void *object)
{
    struct queue *queue = object;

    wake_close(queue->fd);
    pthread_cond_destroy(&queue->arrived);
    pthread_mutex_destroy(&queue->taking);
    free(queue);
    return true;
}

static struct work *peek_inbox(struct queue *queue)
{
    return atomic_load_explicit(&queue->inbox, memory_order_seq_cst);
}

bool queue_is_ready(void *object)
{
    struct queue *queue = object;

    return atomic_load_explicit(&queue->first, memory_order_relaxed) != NULL ||
           atomic_load_explicit(&queue->chains, memory_order_relaxed) != NULL ||
           peek_inbox(queue) != NULL;
}

/* ---- The descriptor ------------------------------------------------------------------------
 */

/* The rest with `taking`. */

static void raise_if_needed(struct queue *queue)
{
    if ((queue_is_ready(queue) || pool_leaves_work()) && !set_raised(queue, true))
        wake_raise(queue->fd);
}

/* The queue is found empty. */
static void lower(struct queue *queue)
{
    wake_lower(queue->fd);
    set_raised(queue, false);
    raise_if_needed(queue);
}

/* Without `taking`. */
static void raise_descriptor(struct queue *queue)
{
    if (queue->fd < 0 || is_raised(queue->handle))
        return;
    pthread_mutex_lock(&queue->taking);
    raise_if_needed(queue);
    pthread_mutex_unlock(&queue->taking);
}

int sspia_queue_fd(sspia_queue *pointer)
{
    struct queue *queue = queue_acquire(pointer);
    int fd;

    if (queue == NULL) {
        errno = EBADF;
        return -1;
    }
    engine_lock();
    if (queue->fd < 0)
        queue->fd = wake_open(false);
    fd = queue->fd;
    engine_unlock();
    raise_descriptor(queue);
    queue_release(queue);
    return fd;
}

/* ---- Posting -------------------------------------------------------------------------------
 */

bool queue_is_closed(const struct queue *queue)
{
    return atomic_load_explicit(&queue->closed, memory_order_relaxed);
}

void queue_expect(struct queue *queue)
{
    atomic_store_explicit(&queue->expected, true, memory_order_relaxed);
}

bool queue_post(struct queue *queue, struct work_list *chain)
{
    struct work *top = atomic_load_explicit(&queue->inbox, memory_order_relaxed);

    do {
        chain->first->previous = top;
    } while (!atomic_compare_exchange_weak_explicit(
        &queue->inbox, &top, chain->first, memory_order_seq_cst, memory_order_relaxed));
    *chain = (struct work_list){NULL, NULL};
    atomic_store_explicit(&queue->expected, false, memory_order_release);
    return atomic_load_explicit(&queue->sleepers, memory_order_relaxed) > 0 ||
           (queue->fd >= 0 && !is_raised(queue->handle));
}

void queue_tell(struct queue *queue)
{
    /* A thread that is not counted yet looks before it sleeps. */
    if (atomic_load_explicit(&queue->sleepers, memory_order_relaxed) > 0)
        pthread_cond_signal(&queue->arrived);
    raise_descriptor(queue);
}

bool queue_hint(struct handle handle)
{
    struct queue *queue;
    bool is_polled;

    if (is_raised(handle))
        return true;
    queue = handle_acquire(HANDLE_QUEUE, handle);
    if (queue == NULL)
        return false;
    is_polled = atomic_load_explicit(&queue->sleepers, memory_order_seq_cst) == 0;
    if (is_polled)
        raise_descriptor(queue);
    queue_release(queue);
    return is_polled;
}

void queue_leave_off(struct queue *queue)
{
    if (queue_is_ready(queue))
        queue_tell(queue);
    else if (pool_leaves_work())
        raise_descriptor(queue);
}

bool queue_leave(struct queue *queue, struct call *call)
{
    bool waits;

    pthread_mutex_lock(&queue->taking);
    waits = work_place(&call->work) == WORK_IN_QUEUE;
    if (waits)
        call->work.parted = true;
    pthread_mutex_unlock(&queue->taking);
    return waits;
}

/* ---- Taking --------------------------------------------------------------------------------
 */

/* With `taking`. Empties the inbox into `chains`, the oldest first. */
static void collect_chains(struct queue *queue)
{
    struct work *chain, *newer = NULL;

    if (peek_inbox(queue) == NULL)
        return;
    chain = atomic_exchange_explicit(&queue->inbox, NULL, memory_order_seq_cst);
    while (chain != NULL) {
        struct work *older = chain->previous;

        chain->previous = newer;
        newer = chain;
        chain = older;
    }
    atomic_store_explicit(&queue->chains, newer, memory_order_relaxed);
}

/* With `taking`. The oldest call, or NULL. */
static struct work *peek(struct queue *queue)
{
    struct work *first = atomic_load_explicit(&queue->first, memory_order_relaxed);
    struct work *chain;

    if (first != NULL)
        return first;
    if (atomic_load_explicit(&queue->chains, memory_order_relaxed) == NULL)
        collect_chains(queue);
    chain = atomic_load_explicit(&queue->chains, memory_order_relaxed);
    if (chain == NULL)
        return NULL;
    atomic_store_explicit(&queue->first, chain, memory_order_relaxed);
    atomic_store_explicit(&queue->chains, chain->previous, memory_order_relaxed);
    return chain;
}

uint32_t queue_collect(struct queue *queue, sspia_completion *completions, uint32_t most,
                       struct work_list *parted)
{
    uint32_t count = 0;
    struct work *work;

    pthread_mutex_lock(&queue->taking);
    while (count < most && (work = peek(queue)) != NULL) {
        struct work *next = work->next;

        if (next != NULL)
            __builtin_prefetch(next, 1);
        atomic_store_explicit(&queue->first, next, memory_order_relaxed);
        completions[count++] = call_completion((struct call *)work);
        if (work->parted)
            work_append(parted, work, WORK_NOWHERE);
        else
            work_set_place(work, WORK_NOWHERE);
    }
    /* Who was told that no more is there may wait for an edge: whatever has come meanwhile, or
     * is left to be done, makes one. */
    if (is_raised(queue->handle) && (count < most || !queue_is_ready(queue)))
        lower(queue);
    pthread_mutex_unlock(&queue->taking);
    return count;
}

bool queue_is_expecting(const struct queue *queue)
{
    return atomic_load_explicit(&queue->expected, memory_order_acquire);
}

void queue_let_go(struct queue *queue, struct work_list *parted)
{
    struct work *work;
    uint32_t count = 0;

    if (parted->first == NULL)
        return;
    engine_lock();
    while ((work = work_take(parted)) != NULL) {
        call_free((struct call *)work);
        count++;
    }
    engine_unlock();
    while (count-- > 0)
        queue_release(queue);
}

bool queue_sleep(struct queue *queue, const struct timespec *deadline, int cancel_state,
                 void (*undo)(void *queue))
{
    const uint32_t wakes = queue->wakes;
    bool in_time;

    if (queue->wake_is_kept) {
        queue->wake_is_kept = false;
        return false;
    }
    /* Who leaves work reads `sleepers` after it has said so (queue_hint). */
    atomic_fetch_add_explicit(&queue->sleepers, 1, memory_order_seq_cst);
    pool_hurry();
    in_time = engine_wait_cancellable(&queue->arrived, deadline, cancel_state, undo, queue);
    atomic_fetch_sub_explicit(&queue->sleepers, 1, memory_order_relaxed);
    return in_time && queue->wakes == wakes;
}

void queue_wake(struct queue *queue)
{
    engine_lock();
    if (atomic_load_explicit(&queue->sleepers, memory_order_relaxed) > 0)
        queue->wakes++;
    else
        queue->wake_is_kept = true;
    pthread_cond_broadcast(&queue->arrived);
    engine_unlock();
}

/* A signal that the thread has used up is passed on. */
void queue_sleep_no_more(struct queue *queue)
{
    atomic_fetch_sub_explicit(&queue->sleepers, 1, memory_order_relaxed);
    if (queue_is_ready(queue))
        pthread_cond_signal(&queue->arrived);
}

void sspia_queue_free(sspia_queue *pointer)
{
    struct handle handle;
    struct queue *queue = NULL;
    sspia_completion lost[16];
    struct work_list parted = {NULL, NULL};

    if (handle_from_pointer(HANDLE_QUEUE, pointer, &handle))
        queue = handle_close(HANDLE_QUEUE, handle);
    if (queue == NULL)
        return;
    engine_lock();
    atomic_store_explicit(&queue->closed, true, memory_order_relaxed);
    while (queue_collect(queue, lost, 16, &parted) > 0)
        continue;
    pthread_cond_broadcast(&queue->arrived);
    engine_unlock();
    queue_let_go(queue, &parted);
    queue_release(queue);
}

/* Completions of the parent's calls are the parent's to hear. If another thread was taking,
 * what it left is not looked at: the parted calls of that queue are lost to the child. */
static void after_fork(void *object)
{
    struct queue *queue = object;
    bool is_whole = pthread_mutex_trylock(&queue->taking) == 0;
    struct work *work;

    wake_after_fork(queue->fd);
    pthread_mutex_init(&queue->taking, NULL);
    engine_cond_init(&queue->arrived);
    queue->sleepers = 0;
    queue->wake_is_kept = false;
    while (is_whole && (work = peek(queue)) != NULL) {
        atomic_store_explicit(&queue->first, work->next, memory_order_relaxed);
        if (work->parted)
            call_free((struct call *)work);
    }
    queue->first = queue->chains = queue->inbox = NULL;
    queue->expected = false;
    set_raised(queue, false);
}

void queue_start(void)
{
    handle_define(HANDLE_QUEUE, destroy, after_fork);
}
