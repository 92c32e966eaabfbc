/* SPDX-License-Identifier: MIT */
/* An exception that is kept while other code runs. */
#ifndef SSPI_ASYNC_PYTHON_FAILURE_H
#define SSPI_ASYNC_PYTHON_FAILURE_H

#include "limited.h"

struct failure {
    PyObject *type, *value, *traceback;
};

/* Takes the exception of this thread, in the place of one that was taken before. */
void failure_fetch(struct failure *failure);

/* Raises it again, if there is one: true. */
bool failure_restore(struct failure *failure);

/* The exception of this thread as an object; a new reference. */
PyObject *failure_take_object(void);

#endif
