/* SPDX-License-Identifier: MIT */
/*
 * A binary heap.
 *
 * Invariants (all under the engine lock)
 *
 *  1. entries[1] to entries[armed] are the armed timers; none is due before its parent,
 *     entries[place / 2]. timer->place says where a timer stands.
 *  2. There is room for all timers that are open: arming never fails.
 */
#include "timer.h"

#include <stdlib.h>
#include <time.h>

struct entry {
    int64_t at_ns; /* beside the pointer, so that a look at it does not fetch the timer */
    struct timer *timer;
};

static struct entry *entries; /* the first of them is not used */
static uint32_t room;         /* for so many */
static uint32_t opened;
static uint32_t armed;

int64_t timer_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool timer_open(struct timer *timer, void (*passed)(struct timer *timer))
{
    if (opened == room) {
        uint32_t more = room > 0 ? 2 * room : 64;
        struct entry *moved = realloc(entries, (more + 1) * sizeof(*moved));

        if (moved == NULL)
            return false;
        entries = moved;
        room = more;
    }
    opened++;
    *timer = (struct timer){.passed = passed};
    return true;
}

void timer_close(struct timer *timer)
{
    timer_disarm(timer);
    if (--opened > 0)
        return;
    free(entries);
    entries = NULL;
    room = 0;
}

static void put(uint32_t place, struct entry entry)
{
    entries[place] = entry;
    entry.timer->place = place;
}

/* Moves an entry up from a free place, or down, to where it belongs. */
static void settle(uint32_t place, struct entry entry)
{
    uint32_t child;

    while (place > 1 && entries[place / 2].at_ns > entry.at_ns) {
        put(place, entries[place / 2]);
        place /= 2;
    }
    while ((child = 2 * place) <= armed) {
        if (child < armed && entries[child + 1].at_ns < entries[child].at_ns)
            child++;
        if (entries[child].at_ns >= entry.at_ns)
            break;
        put(place, entries[child]);
        place = child;
    }
    put(place, entry);
}

void timer_arm(struct timer *timer, int64_t at_ns)
{
    timer_disarm(timer);
    timer->at_ns = at_ns;
    settle(++armed, (struct entry){at_ns, timer});
}

void timer_disarm(struct timer *timer)
{
    uint32_t place = timer->place;
    struct entry last;

    if (place == 0)
        return;
    timer->place = 0;
    last = entries[armed--];
    if (last.timer != timer)
        settle(place, last);
}

struct timer *timer_first(void)
{
    return armed > 0 ? entries[1].timer : NULL;
}

void timer_after_fork(void)
{
    for (uint32_t place = 1; place <= armed; place++)
        entries[place].timer->place = 0;
    armed = 0;
}
