/* SPDX-License-Identifier: MIT */
/* Something in a list: it waits for its turn on a context, for a thread, or for delivery. It
 * is in one list at a time. */
#ifndef SSPI_ASYNC_WORK_H
#define SSPI_ASYNC_WORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lane {
    LANE_QUICK,    /* calls that cannot block */
    LANE_NETWORK,  /* calls that may, for as long as a KDC likes */
    LANE_ACCEPTOR, /* legs of acceptors that may, for a replay cache or a domain member's daemon
                    */
    LANES,
};

enum work_place {
    WORK_NOWHERE,
    WORK_WAITING,  /* for its turn on a context */
    WORK_PAUSED,   /* for what its package waits for */
    WORK_IN_INBOX, /* for a thread of the pool, as it was put there without the lock */
    WORK_IN_LANE,  /* the same, in the lane's list */
    WORK_IN_QUEUE, /* for somebody who drains a completion queue */
};

enum work_kind {
    KIND_CALL,         /* a call that is to be run */
    KIND_NOTIFICATION, /* the callback of a call that was cancelled */
    KIND_VISITOR,      /* a thread that waits for its turn, to run something itself */
};

/* Members that need a byte have one: many of these are alive at once. */
struct work {
    struct work *next;
    struct work *previous;
    /* enum work_place. Who sees WORK_NOWHERE (acquire) has the work as the one who stored that
     * (release) left it. */
    _Atomic uint8_t place;
    uint8_t kind;        /* enum work_kind */
    uint8_t lane;        /* enum lane */
    bool light;          /* soon done, and done without its caller: several may go together */
    bool urgent;         /* somebody is told of its end, or it may block: it begins at once */
    bool quiet;          /* starts no callback on the thread that runs it */
    bool parted;         /* in a queue: whoever takes it is to free it */
    bool has_attachment; /* of a call */
};

struct work_list {
    struct work *first;
    struct work *last;
};

static inline enum work_place work_place(const struct work *work)
{
    return (enum work_place)atomic_load_explicit(&work->place, memory_order_acquire);
}

static inline void work_set_place(struct work *work, enum work_place place)
{
    atomic_store_explicit(&work->place, (uint8_t)place, memory_order_release);
}

static inline void work_append(struct work_list *list, struct work *work, enum work_place place)
{
    work_set_place(work, place);
    work->next = NULL;
    work->previous = list->last;
    if (list->last != NULL)
        list->last->next = work;
    else
        list->first = work;
    list->last = work;
}

static inline void work_remove(struct work_list *list, struct work *work)
{
    if (work->previous != NULL)
        work->previous->next = work->next;
    else
        list->first = work->next;
    if (work->next != NULL)
        work->next->previous = work->previous;
    else
        list->last = work->previous;
    work->next = NULL;
    work->previous = NULL;
    work_set_place(work, WORK_NOWHERE);
}

static inline struct work *work_take(struct work_list *list)
{
    struct work *work = list->first;

    if (work != NULL)
        work_remove(list, work);
    return work;
}

#endif
