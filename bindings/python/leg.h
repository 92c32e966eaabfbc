/* SPDX-License-Identifier: MIT */
/* One leg of a handshake. */
#ifndef SSPI_ASYNC_PYTHON_LEG_H
#define SSPI_ASYNC_PYTHON_LEG_H

#include "limited.h"

struct place;

/* A method of place: step(context, acceptor, credential, target, flags, token, bindings,
 * protocols, callback, timeout, deadline, queue) returns a call that yields the bytes for the
 * peer. queue: None for that of this place. */
PyObject *leg_begin(struct place *place, PyObject *const *arguments, Py_ssize_t count);

#endif
