/* SPDX-License-Identifier: MIT */
/*
 * A call that has no completion of its own: it is made of other calls, one after the other, by
 * the methods of its class in Python (first_leg.py):
 *
 *   _status_now()   the status, as far as it is known
 *   _take_result()  what it yields when it is complete, or an exception
 *   _cancel()       completes it now: whether it was pending
 *   _failure()      why it has failed, or None
 *
 * The owner of its queue says by _finish(status) that it has come to its end.
 */
#ifndef SSPI_ASYNC_PYTHON_RELAY_H
#define SSPI_ASYNC_PYTHON_RELAY_H

#include "limited.h"

struct place;

/* A method of place: first_leg(queue, callback) returns one that is pending. */
PyObject *relay_begin(struct place *place, PyObject *const *arguments, Py_ssize_t count);

PyObject *relay_make_type(PyObject *base);

#endif
