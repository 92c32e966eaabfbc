/* SPDX-License-Identifier: MIT */
/* Something in a list: it waits for its turn on a context, for a thread, or for delivery. It
 * is in one list at a time. */
#ifndef SSPI_ASYNC_WORK_H
#define SSPI_ASYNC_WORK_H

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
    WORK_IN_LANE,  /* for a thread of the pool */
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
    uint8_t place; /* enum work_place */
    uint8_t kind;  /* enum work_kind */
    uint8_t lane;  /* enum lane */
    uint8_t state; /* of a call: enum async_state */
    bool light;    /* soon done, and done without its caller: several may go together */
    bool urgent;   /* somebody is told of its end, or it may block: it begins at once */
    bool quiet;    /* starts no callback on the thread that runs it */
};

struct work_list {
    struct work *first;
    struct work *last;
};

static inline void work_append(struct work_list *list, struct work *work, enum work_place place)
{
    work->place = (uint8_t)place;
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
    work->place = WORK_NOWHERE;
}

static inline struct work *work_take(struct work_list *list)
{
    struct work *work = list->first;

    if (work != NULL)
        work_remove(list, work);
    return work;
}

#endif
