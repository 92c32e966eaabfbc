/* SPDX-License-Identifier: MIT */
/* Something in a list: it waits for its turn on a context, for a thread, or for delivery. It
 * is in one list at a time. */
#ifndef SSPI_ASYNC_WORK_H
#define SSPI_ASYNC_WORK_H

#include <stdbool.h>
#include <stddef.h>

enum lane {
    LANE_QUICK,   /* calls that cannot block */
    LANE_NETWORK, /* calls that may */
    LANES,
    LANE_CALLER = LANES, /* not the pool: a thread that waits to run it itself */
};

enum work_place {
    WORK_NOWHERE,
    WORK_WAITING,  /* for its turn on a context */
    WORK_IN_LANE,  /* for a thread of the pool */
    WORK_IN_QUEUE, /* for somebody who drains a completion queue */
};

struct work {
    struct work *next;
    struct work *previous;
    enum work_place place;
    enum lane lane;
    /* Runs it, or with LANE_CALLER (engine lock held) tells the waiting thread. */
    void (*run)(struct work *work);
};

struct work_list {
    struct work *first;
    struct work *last;
};

static inline void work_append(struct work_list *list, struct work *work, enum work_place place)
{
    work->place = place;
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
