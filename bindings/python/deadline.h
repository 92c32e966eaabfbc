/* SPDX-License-Identifier: MIT */
/* When a call is to have ended, as Python says it: timeout= and deadline= of each call. */
#ifndef SSPI_ASYNC_PYTHON_DEADLINE_H
#define SSPI_ASYNC_PYTHON_DEADLINE_H

#include "limited.h"

struct deadline {
    enum { DEADLINE_OF_PROCESS, DEADLINE_NONE, DEADLINE_AT } kind;
    int64_t at; /* nanoseconds of CLOCK_MONOTONIC */
};

/* Of a timeout (seconds from now) and a deadline (seconds of time.monotonic()), each a number
 * or None: the earlier one, or the default of the process if both are None. Infinity is none at
 * all. False: an exception. */
bool deadline_of(PyObject *timeout, PyObject *deadline, struct deadline *result);

/* Sets it for the next submit of a call of the library. A status. */
int32_t deadline_arm(const struct deadline *deadline, uint64_t call);

#endif
