/* SPDX-License-Identifier: MIT */
#include "failure.h"

void failure_fetch(struct failure *failure)
{
    Py_CLEAR(failure->type);
    Py_CLEAR(failure->value);
    Py_CLEAR(failure->traceback);
    PyErr_Fetch(&failure->type, &failure->value, &failure->traceback);
}

bool failure_restore(struct failure *failure)
{
    if (failure->type == NULL)
        return false;
    PyErr_Restore(failure->type, failure->value, failure->traceback);
    failure->type = failure->value = failure->traceback = NULL;
    return true;
}

PyObject *failure_take_object(void)
{
    PyObject *type, *value, *traceback;

    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL)
        PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}
