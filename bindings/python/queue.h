/* SPDX-License-Identifier: MIT */
/*
 * A completion queue of the library, and those who wait for its completions.
 *
 * Invariants (all under the interpreter lock)
 *
 *  1. A call that is in `pending` belongs to that list, which holds a reference to it: from
 *     before its submit until its completion was taken, or until the library's queue is freed.
 *     So the id of its completion can be its address; no completion comes for another one.
 *     Addresses of processes lie below 2^48 (a larger one must be asked for), so ids stay below
 *     the 2^53 that sspi_hub.h promises to languages whose numbers are doubles.
 *  2. Ids of what is not a call are odd, as no address of an object is. Those are looked up in
 *     `numbered`: an async context that is freed while it is pending brings no completion, so
 *     that an object whose address were the id could never be let go of.
 *  3. A completion is heard once: then its call leaves the list and has the status, and the
 *     list's reference passes to `heard`, where it waits for the owner to deliver it. There is
 *     room for all that are expected, so hearing cannot fail.
 *  4. No Python code runs while completions are heard.
 */
#ifndef SSPI_ASYNC_PYTHON_QUEUE_H
#define SSPI_ASYNC_PYTHON_QUEUE_H

#include "limited.h"

struct call;
struct place;

/* What was heard and is to be delivered; a reference. */
struct heard {
    PyObject *entry;
    bool is_call;
};

struct queue {
    PyObject head;

    uint64_t native;     /* 0: freed */
    struct place *place; /* a reference */
    PyObject *loop;      /* called: the asyncio loop that owns it, or None */
    PyObject *numbered;  /* a dict: what waits, by its odd id */
    PyObject *listeners; /* a list: descriptors to write a byte to when something was heard */
    struct call *pending;
    struct heard *heard;
    size_t count, room; /* of heard */
    size_t expected;    /* in pending and numbered */
    uint64_t last_number;
    uint32_t takers;       /* threads inside the library */
    unsigned long drainer; /* the thread whose loop is delivering here at the moment, or 0 */
    bool of_loop;          /* any thread may hear on behalf of an asyncio loop */
    bool of_parent;        /* of a fork: what is in it is not ours */
};

/* Before the submit: the list takes a reference. False: no memory, and an exception. */
bool queue_expect(struct queue *queue, struct call *call);
/* No completion will come. */
void queue_forget(struct queue *queue, struct call *call);

/* Has a pending call hear a status before its completion comes, which then changes nothing.
 * Hears what is there first: false if the call is among it. -1: an exception. */
int queue_drop(struct queue *queue, struct call *call, int32_t status);

/* Hears what is there, on any thread, and sees to it that the owner delivers. */
bool queue_look(struct queue *queue);

/* The base of the queues of queue.py; a new reference, or NULL. */
PyObject *queue_make_type(void);

#endif
