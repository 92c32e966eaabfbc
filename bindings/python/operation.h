/* SPDX-License-Identifier: MIT */
/* Calls that have a call of the library, which holds what they bring until it is fetched. */
#ifndef SSPI_ASYNC_PYTHON_OPERATION_H
#define SSPI_ASYNC_PYTHON_OPERATION_H

#include "call.h"
#include "limited.h"

struct deadline;
struct end;
struct place;

enum operation_state { OPERATION_SUBMITTED, OPERATION_FETCHING, OPERATION_FETCHED };

struct operation {
    struct call call;
    uint64_t native; /* 0: freed */
    enum operation_state state;
    unsigned long fetcher; /* the thread, when FETCHING */
    int32_t status;        /* when FETCHED */
    PyObject *subject;     /* the context of a leg, or what finishes an acquire; or NULL */
    PyObject *given;       /* the token of a leg, as bytes; or NULL */
    PyObject *value;       /* the result, or NULL */
    PyObject *error;       /* an exception, or NULL */
    bool is_leg;
};

/* One that has not been submitted, or NULL with an exception. */
struct operation *operation_create(struct place *place, struct queue *queue, PyObject *callback,
                                   const struct deadline *deadline);

/* The call of a submit with that status, or the exception of one that was refused. */
PyObject *operation_submitted(struct operation *operation, int32_t status);

/* An end where there is no loop, or that has a deadline; see ending.h. */
PyObject *operation_end(struct place *place, struct queue *queue, const struct end *end,
                        PyObject *callback, const struct deadline *deadline);

PyObject *operation_make_type(PyObject *base);

#endif
