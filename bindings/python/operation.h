/* SPDX-License-Identifier: MIT */
/* Calls that have a call of the library, which holds what they bring until it is fetched. */
#ifndef SSPI_ASYNC_PYTHON_OPERATION_H
#define SSPI_ASYNC_PYTHON_OPERATION_H

#include "call.h"
#include "limited.h"

struct end;
struct place;

/* Methods of place. They return a call.
 *
 *   acquire(package, principal, use, identity, finish, callback)
 *       finish(credential, expiry) makes the result
 *   step(context, acceptor, credential, target, flags, token, bindings, protocols, callback)
 *       yields the bytes for the peer */
PyObject *operation_acquire(struct place *place, PyObject *const *arguments, Py_ssize_t count);
PyObject *operation_step(struct place *place, PyObject *const *arguments, Py_ssize_t count);

/* An end where there is no loop; see ending.h. */
PyObject *operation_end(struct place *place, struct queue *queue, const struct end *end,
                        PyObject *callback);

PyObject *operation_make_type(PyObject *base);

#endif
