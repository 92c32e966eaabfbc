/* SPDX-License-Identifier: MIT */
/*
 * The place where Python code runs: in an event loop, in a trio run, or in neither. It knows
 * the queue to which calls belong that are submitted here, and submits them.
 *
 * One object for each interpreter holds what the module needs of Python: nothing of an
 * interpreter is in a variable of C.
 */
#ifndef SSPI_ASYNC_PYTHON_PLACE_H
#define SSPI_ASYNC_PYTHON_PLACE_H

#include "limited.h"

struct queue;

/* Names of attributes, as strings that need not be made each time. */
enum place_name { NAME_TRIO, NAME_RUN, NAME_AWAIT_ANYWHERE, NAME_DELIVER, PLACE_NAMES };

struct place {
    PyObject head;

    struct queue *recent; /* of the loop that came here last; its dealloc clears this */

    /* References. */
    PyObject *running_loop; /* the asyncio loop of this thread, or None */
    PyObject *modules;      /* sys.modules */
    PyObject *trio_task;    /* trio.lowlevel inside a trio task, else None */
    PyObject *find_queue;   /* the queue of this place, made if need be */
    PyObject *copy_context;
    PyObject *failure;         /* makes an exception of status, message, token, missing */
    PyObject *cancelled_error; /* asyncio's */
    PyObject *names[PLACE_NAMES];
    PyTypeObject *waiter; /* and the types of what is made here */
    PyTypeObject *ending;
    PyTypeObject *operation;
    PyTypeObject *relay;
    PyTypeObject *security_context;
    PyObject *follow; /* trace.follow; NULL, as at first: nobody wants to see calls */
    PyObject *debug;  /* the level of the log, as a number */
    PyObject *levels; /* what the logger keeps of the levels that it was asked for */
    bool spans;       /* whether calls have spans */
};

/* A reference to the queue of this place, or NULL with an exception. */
struct queue *place_queue(struct place *place);

/* Whether the loop of a queue runs on this thread, in no trio task; -1: an exception. */
int place_is_in(struct place *place, const struct queue *queue);

/* A queue that is no more. */
void place_forget(struct place *place, const struct queue *queue);

/* Raise the exception of a status: with its text; with that and the name of a function; with
 * the message of the function that has just failed on this thread. NULL. */
PyObject *place_raise(struct place *place, int32_t status);
PyObject *place_raise_named(struct place *place, int32_t status, const char *name);
PyObject *place_raise_last(struct place *place, int32_t status);

/* Has a call that was submitted just now seen to its end, where somebody wants to see calls: in
 * the log, or as a span. subject: a context, or a list of them. */
void place_follow(struct place *place, PyObject *call, const char *operation,
                  PyObject *subject);

PyObject *place_make_type(void);

#endif
