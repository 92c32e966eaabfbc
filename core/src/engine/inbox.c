/* SPDX-License-Identifier: MIT */
/*
 * A stack (Treiber's), whose only other move is to take it whole: so no work that is in it can
 * be taken and pushed again behind a pusher's back. The top holds the address of the newest
 * and, in 16 bits that an address does not use, how many there are.
 *
 * To push is sequentially consistent: whoever pushes and then reads a word, and whoever writes
 * that word and then looks into the inbox, cannot miss each other.
 */
#include "inbox.h"

#if UINTPTR_MAX > UINT32_MAX
#define COUNT_SHIFT 48 /* addresses of user space are shorter */
#else
#define COUNT_SHIFT 32
#endif
#define ADDRESS ((1ull << COUNT_SHIFT) - 1)

static struct work *newest(uint64_t top)
{
    return (struct work *)(uintptr_t)(top & ADDRESS);
}

uint32_t inbox_push(struct inbox *inbox, struct work *work)
{
    uint64_t top = atomic_load_explicit(&inbox->top, memory_order_relaxed);
    uint64_t count;

    do {
        count = top >> COUNT_SHIFT;
        work->next = newest(top);
    } while (!atomic_compare_exchange_weak_explicit(
        &inbox->top, &top, (uint64_t)(uintptr_t)work | (count + 1) << COUNT_SHIFT,
        memory_order_seq_cst, memory_order_relaxed));
    return (uint32_t)count;
}

bool inbox_is_empty(const struct inbox *inbox)
{
    return atomic_load_explicit(&inbox->top, memory_order_seq_cst) == 0;
}

uint32_t inbox_empty(struct inbox *inbox, struct work_list *list)
{
    struct work *work, *last, *newer = NULL;
    uint64_t top;

    if (inbox_is_empty(inbox))
        return 0;
    top = atomic_exchange_explicit(&inbox->top, 0, memory_order_seq_cst);
    last = work = newest(top);
    while (work != NULL) {
        struct work *older = work->next;

        work->next = newer;
        work->previous = older;
        work_set_place(work, WORK_IN_LANE);
        newer = work;
        work = older;
    }
    newer->previous = list->last;
    if (list->last != NULL)
        list->last->next = newer;
    else
        list->first = newer;
    list->last = last;
    return (uint32_t)(top >> COUNT_SHIFT);
}
