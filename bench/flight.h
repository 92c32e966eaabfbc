/* SPDX-License-Identifier: MIT */
/*
 * Empty calls kept in flight: each completion, on the caller's loop, submits the next. Ours is
 * the delete of a handle that is not alive, by an async context that is made idle again:
 * everything runs but no package. libuv's is an empty work item, submitted again in its
 * after_work_cb.
 *
 * What a program does once, when its loop begins, is not timed: flight_begin tells the loop to
 * watch the queue's descriptor, flight_end not to any more.
 */
#ifndef BENCH_FLIGHT_H
#define BENCH_FLIGHT_H

struct flight_side {
    const char *loop;
    void (*run)(long in_flight);
    void (*begin)(void); /* NULL, like `end`: there is nothing to watch */
    void (*end)(void);
};

/* Ours, by what the caller's loop is made of. */
extern const struct flight_side flight_dispatch; /* sspia_queue_dispatch that waits */
extern const struct flight_side flight_epoll;    /* epoll_wait on the queue's descriptor */
extern const struct flight_side flight_uv_poll;  /* libuv's loop, uv_poll on the descriptor */
/* The peer. */
extern const struct flight_side flight_uv;

void flight_start(long most_in_flight);
void flight_stop(void);

void flight_begin(const struct flight_side *side);
void flight_end(const struct flight_side *side);

/* Runs so many calls, between flight_begin and flight_end. Returns the nanoseconds from before
 * the first submit to the last completion. */
double flight_run(const struct flight_side *side, long in_flight, long total);

#endif
