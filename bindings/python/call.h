/* SPDX-License-Identifier: MIT */
/*
 * What endings and operations have in common: an object of Python that waits for the completion
 * of one accepted submit, and those who wait for it.
 *
 * `heard` is CALL_PENDING, or the status that the completion had; see queue.h. Whoever asks
 * what became of the call asks its kind, for an operation may be complete before that is heard.
 */
#ifndef SSPI_ASYNC_PYTHON_CALL_H
#define SSPI_ASYNC_PYTHON_CALL_H

#include <sspi_hub.h>

#include "limited.h"

#define CALL_PENDING SEC_I_ASYNC_CALL_PENDING

struct call;
struct queue;
struct waiter;

/* What the kinds of calls differ in. */
struct call_kind {
    /* The status as far as it is known. Final: result or error are there. False: an exception.
     */
    bool (*status)(struct call *call, int32_t *status);
    /* What a complete call yields; NULL: its error is raised. */
    PyObject *(*result)(struct call *call);
    /* Completes it now. 1: it was pending. -1: an exception. */
    int (*cancel)(struct call *call);
    /* Why a call has failed that is complete, a new reference, for one that nobody looked at;
     * NULL: it has not, or somebody ended it on purpose, or an exception. */
    PyObject *(*failure)(struct call *call);
    int (*traverse)(struct call *call, visitproc visit, void *arg);
    void (*clear)(struct call *call);
};

struct call {
    PyObject head;

    const struct call_kind *kind;
    struct call *next, **link; /* in its queue's list; link NULL: in none */
    struct queue *queue;       /* a reference */
    struct waiter *waiter;     /* of the first task that awaits the call on its loop */
    PyObject *callback;        /* the first, and its context */
    PyObject *context;
    PyObject *more; /* a list of pairs of others, or NULL */
    int32_t heard;
    bool looked_at; /* somebody knows what became of it, or means not to */
};

/* A call of a queue, as it is allocated for a type of its kind. callback: None for none. NULL:
 * an exception. */
struct call *call_allocate(PyTypeObject *type, const struct call_kind *kind,
                           struct queue *queue, PyObject *callback);
/* The same for one that is about to be submitted: its queue expects a completion. */
struct call *call_create(PyTypeObject *type, const struct call_kind *kind, struct queue *queue,
                         PyObject *callback);

/* Of the caller's submit that was refused: it ends, and its exception is raised. NULL. */
PyObject *call_refuse(struct call *call, int32_t status);

/* The id of its completion: its address. */
uint64_t call_id(const struct call *call);

/* Whether its completion is all that will be heard of it. */
bool call_is_ending(const struct call *call);

/* Whether a status is how a call ends that failed by itself, and not by a cancel or a fork. */
bool call_is_failure(int32_t status);

/* Cancels a call that nobody awaits any more; exceptions of that go out of sight. */
void call_give_up(struct call *call);

/* Runs the callbacks, then the task that waits; once. None, or NULL with an exception that
 * belongs to nobody (KeyboardInterrupt). */
PyObject *call_deliver(struct call *call, struct queue *queue);

PyObject *call_make_type(void);
/* A type of a kind, with a slot of members or methods that it adds to the base. */
PyObject *call_make_subtype(PyObject *base, const char *name, int size, PyType_Slot added);

#endif
