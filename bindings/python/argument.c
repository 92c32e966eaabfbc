/* SPDX-License-Identifier: MIT */
#include "argument.h"

#include "bytes.h"

void argument_refuse(const char *name, const char *wanted, PyObject *object)
{
    PyObject *type = PyObject_GetAttrString((PyObject *)Py_TYPE(object), "__name__");

    if (type != NULL)
        PyErr_Format(PyExc_TypeError, "%s must be %s, not %S", name, wanted, type);
    Py_XDECREF(type);
}

bool argument_open(struct argument_bytes *bytes, PyObject *object, const char *name)
{
    if (object == Py_None)
        return true;
    bytes->held = bytes_hold(object, name, &bytes->data, &bytes->size);
    return bytes->held != NULL;
}

bool argument_number(PyObject *object, uint64_t *number)
{
    *number = PyLong_AsUnsignedLongLong(object);
    return *number != UINT64_MAX || !PyErr_Occurred();
}

bool argument_count(Py_ssize_t count, Py_ssize_t wanted)
{
    if (count == wanted)
        return true;
    PyErr_Format(PyExc_TypeError, "%zd arguments are wanted, not %zd", wanted, count);
    return false;
}
