/* SPDX-License-Identifier: MIT */
/*
 * Calls that end something: deletes and frees. On a loop they have no call of the library:
 * their completion tells all there is to know. Elsewhere, and with a deadline, they are
 * operations.
 */
#ifndef SSPI_ASYNC_PYTHON_ENDING_H
#define SSPI_ASYNC_PYTHON_ENDING_H

#include "call.h"
#include "limited.h"

struct place;

/* What is to end. */
struct end {
    enum { END_CONTEXT, END_CREDENTIAL, END_CONTEXTS } what;
    uint64_t handle;          /* of a context or credential */
    const uint64_t *contexts; /* of many */
    size_t count;
};

/* Submits it: call and queue as for sspia_hub_delete_context. */
int32_t end_submit(const struct end *end, uint64_t call, uint64_t queue, uint64_t id);

extern const struct call_kind ending_kind;

/* Methods of place: end_context(context, callback, timeout, deadline), end_contexts and
 * end_credential likewise, with contexts or a number. They return a call. */
PyObject *ending_of_context(struct place *place, PyObject *const *arguments, Py_ssize_t count);
PyObject *ending_of_contexts(struct place *place, PyObject *const *arguments, Py_ssize_t count);
PyObject *ending_of_credential(struct place *place, PyObject *const *arguments,
                               Py_ssize_t count);

PyObject *ending_make_type(PyObject *base);

#endif
