/* SPDX-License-Identifier: MIT */
/* What the methods of a security context change: its number, and what its legs have brought. */
#ifndef SSPI_ASYNC_PYTHON_CONTEXT_H
#define SSPI_ASYNC_PYTHON_CONTEXT_H

#include <sspi_hub.h>

#include "limited.h"

/* The number of a context that was deleted: it names nothing. 0 would be one that is yet to be.
 */
#define CONTEXT_DEAD UINT64_MAX

struct context {
    PyObject head;

    uint64_t handle;
    PyObject *first; /* the call of the first leg, while that is under way, or NULL */
    PyObject *extra; /* bytes: what was left of the input of the last leg */
    PyObject *rest;  /* bytes that came and are still to be decrypted */
    int64_t expiry;
    uint32_t attributes;
    bool complete;
    bool interrupted; /* a leg was cancelled or ran out of time: only a delete is left */
};

/* An object of Python's as a context, or NULL with a TypeError. */
struct context *context_of(PyObject *object, PyTypeObject *type);

/* The call of the first leg is under way; NULL: not any more. */
void context_begin_first(struct context *context, PyObject *call);

/* Before it is deleted: has a first leg that is under way bring no other one. False: an
 * exception. */
bool context_abandon_first(struct context *context);

/* It cannot be used any more. */
void context_mark_dead(struct context *context);

/* What a leg has brought; failed: only the number of a context that was made all the same.
 * False: an exception. */
bool context_note_leg(struct context *context, PyObject *call, PyObject *given,
                      const sspia_hub_outcome *outcome, bool failed);

PyObject *context_make_type(void);

#endif
