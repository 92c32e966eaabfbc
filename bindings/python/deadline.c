/* SPDX-License-Identifier: MIT */
#include "deadline.h"

#include <math.h>
#include <sspi_hub.h>
#include <time.h>

#include "argument.h"

#define NANOSECONDS 1000000000
#define FOREVER     9e9 /* seconds; what comes later does not fit, and is 285 years away */

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NANOSECONDS + time.tv_nsec;
}

static bool seconds_of(PyObject *object, const char *name, double *seconds)
{
    *seconds = PyFloat_AsDouble(object);
    if (*seconds == -1.0 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_TypeError))
            argument_refuse(name, "a number of seconds or None", object);
        return false;
    }
    if (!isnan(*seconds))
        return true;
    PyErr_Format(PyExc_ValueError, "%s must be a number of seconds, not a NaN", name);
    return false;
}

/* Takes the moment if it is earlier than what is there. What has passed is at 1, for 0 is no
 * moment of the library. */
static void no_later_than(struct deadline *deadline, int64_t from, double seconds)
{
    int64_t at;

    if (seconds >= FOREVER)
        return;
    at = seconds > 0 ? from + (int64_t)(seconds * NANOSECONDS) : from;
    if (deadline->kind == DEADLINE_AT && deadline->at <= at)
        return;
    deadline->kind = DEADLINE_AT;
    deadline->at = at > 0 ? at : 1;
}

bool deadline_of(PyObject *timeout, PyObject *deadline, struct deadline *result)
{
    double seconds;

    result->kind =
        timeout == Py_None && deadline == Py_None ? DEADLINE_OF_PROCESS : DEADLINE_NONE;
    if (timeout != Py_None) {
        if (!seconds_of(timeout, "timeout", &seconds))
            return false;
        no_later_than(result, now(), seconds);
    }
    if (deadline != Py_None) {
        if (!seconds_of(deadline, "deadline", &seconds))
            return false;
        no_later_than(result, 0, seconds);
    }
    return true;
}

int32_t deadline_arm(const struct deadline *deadline, uint64_t call)
{
    switch (deadline->kind) {
    case DEADLINE_AT:
        return sspia_hub_call_set_deadline_at(call, deadline->at);
    case DEADLINE_NONE:
        return sspia_hub_call_set_deadline(call, 0);
    default:
        return SEC_E_OK;
    }
}
