/* SPDX-License-Identifier: MIT */
/* The acquiring of a credential. */
#ifndef SSPI_ASYNC_PYTHON_ACQUISITION_H
#define SSPI_ASYNC_PYTHON_ACQUISITION_H

#include "limited.h"

struct place;

/* A method of place: acquire(package, principal, use, identity, finish, callback, timeout,
 * deadline) returns a call; finish(credential, expiry) makes its result. */
PyObject *acquisition_begin(struct place *place, PyObject *const *arguments, Py_ssize_t count);

#endif
