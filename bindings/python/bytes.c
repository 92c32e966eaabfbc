/* SPDX-License-Identifier: MIT */
#include "bytes.h"

#include "argument.h"

PyObject *bytes_hold(PyObject *object, const char *name, const char **data, size_t *size)
{
    PyObject *view;
    PyObject *bytes;
    char *start;
    Py_ssize_t length;

    if (PyBytes_Check(object)) {
        Py_INCREF(object);
        bytes = object;
    } else {
        view = PyMemoryView_FromObject(object);
        if (view == NULL) {
            if (PyErr_ExceptionMatches(PyExc_TypeError))
                argument_refuse(name, "bytes", object);
            return NULL;
        }
        bytes = PyBytes_FromObject(view);
        Py_DECREF(view);
    }
    if (bytes == NULL || PyBytes_AsStringAndSize(bytes, &start, &length) < 0) {
        Py_XDECREF(bytes);
        return NULL;
    }
    *data = start;
    *size = (size_t)length;
    return bytes;
}

PyObject *bytes_hold_text(PyObject *object, const char *name, const char **text, size_t *size)
{
    PyObject *bytes;

    *text = NULL;
    *size = 0;
    if (object == Py_None) {
        Py_INCREF(object);
        return object;
    }
    if (!PyUnicode_Check(object)) {
        argument_refuse(name, "a string", object);
        return NULL;
    }
    bytes = PyUnicode_AsUTF8String(object);
    if (bytes != NULL) {
        *text = PyBytes_AsString(bytes);
        *size = (size_t)PyBytes_Size(bytes);
    }
    return bytes;
}

static void let_go(sspia_hub_bytes *bytes)
{
    sspia_hub_bytes_free(bytes->data);
    bytes->data = NULL;
}

PyObject *bytes_take(sspia_hub_bytes *bytes)
{
    PyObject *object;

    if (bytes->data == NULL)
        Py_RETURN_NONE;
    object = PyBytes_FromStringAndSize((const char *)bytes->data, (Py_ssize_t)bytes->size);
    let_go(bytes);
    return object;
}

PyObject *bytes_take_text(sspia_hub_bytes *bytes)
{
    PyObject *object;

    if (bytes->data == NULL)
        Py_RETURN_NONE;
    object =
        PyUnicode_DecodeUTF8((const char *)bytes->data, (Py_ssize_t)bytes->size, "replace");
    let_go(bytes);
    return object;
}
