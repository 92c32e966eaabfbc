/* SPDX-License-Identifier: MIT */
/*
 * python.i - the module sspi_async._native: functions over numbers, bytes and text. Objects,
 * exceptions and loops are written in Python (python/sspi_async/).
 *
 * Compiled against the limited API of CPython 3.9, so that one wheel serves all versions.
 *
 * Results. A function with outputs returns a list: its status, then the outputs, None for
 * those that a failure left out.
 *
 * The global interpreter lock is let go in the functions that may block and in no other:
 * giving it up and getting it back costs more than the cheap ones take.
 */
%module(threads="1") native

%nothread;
%define HUB_BLOCKS(name)
%thread name;
%enddef

%{
#include <sspi_hub.h>

/* Bytes that stay as they are while the interpreter lock is let go: bytes objects are used in
 * place, anything else with a buffer is copied first, for its owner could change it. */
static PyObject *hub_bytes_of(PyObject *object, const char **data, size_t *size)
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
        if (view == NULL)
            return NULL;
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

/* Takes the bytes over. */
static PyObject *hub_object_of(sspia_hub_bytes *bytes, int text)
{
    PyObject *object;

    if (bytes->data == NULL)
        Py_RETURN_NONE;
    if (text)
        object = PyUnicode_DecodeUTF8((const char *)bytes->data, (Py_ssize_t)bytes->size,
                                      "replace");
    else
        object = PyBytes_FromStringAndSize((const char *)bytes->data, (Py_ssize_t)bytes->size);
    sspia_FreeContextBuffer(bytes->data);
    bytes->data = NULL;
    return object;
}

#define HUB_MOST 256

static PyObject *hub_ids_of(const sspia_hub_completion *completions, int32_t count)
{
    PyObject *list = PyList_New(count > 0 ? count : 0);

    for (int32_t i = 0; list != NULL && i < count; i++) {
        PyObject *id = PyLong_FromUnsignedLongLong(completions[i].id);

        if (id == NULL)
            Py_CLEAR(list);
        else
            PyList_SetItem(list, i, id);
    }
    return list;
}

static PyObject *hub_statuses_of(const sspia_hub_completion *completions, int32_t count)
{
    PyObject *list;
    int32_t failed = 0;

    while (failed < count && completions[failed].status >= 0)
        failed++;
    if (failed >= count)
        Py_RETURN_NONE;
    list = PyList_New(count);
    for (int32_t i = 0; list != NULL && i < count; i++) {
        PyObject *status = PyLong_FromLong(completions[i].status);

        if (status == NULL)
            Py_CLEAR(list);
        else
            PyList_SetItem(list, i, status);
    }
    return list;
}
%}

%typemap(in) (const void *DATA, size_t SIZE) (PyObject *held = NULL, const char *start = NULL,
                                              size_t length = 0) {
    if ($input != Py_None) {
        held = hub_bytes_of($input, &start, &length);
        if (held == NULL)
            SWIG_fail;
    }
    $1 = ($1_ltype)start;
    $2 = length;
}
%typemap(freearg) (const void *DATA, size_t SIZE) "Py_XDECREF(held$argnum);"
%typemap(doc) (const void *DATA, size_t SIZE) "$1_name: bytes or None";

%typemap(in, numinputs=0) sspia_hub_bytes *OUTPUT (sspia_hub_bytes bytes),
                          sspia_hub_bytes *TEXT (sspia_hub_bytes bytes) {
    bytes.data = NULL;
    bytes.size = 0;
    $1 = &bytes;
}
%typemap(argout) sspia_hub_bytes *OUTPUT {
    $result = SWIG_AppendOutput($result, hub_object_of($1, 0));
}
%typemap(argout) sspia_hub_bytes *TEXT {
    $result = SWIG_AppendOutput($result, hub_object_of($1, 1));
}

%typemap(in, numinputs=0) sspia_hub_outcome *OUTPUT (sspia_hub_outcome outcome) {
    $1 = &outcome;
}
%typemap(argout) sspia_hub_outcome *OUTPUT {
    $result = SWIG_AppendOutput(
        $result, Py_BuildValue("(iIKKLIIN)", $1->status, $1->attributes,
                               (unsigned long long)$1->credential,
                               (unsigned long long)$1->context, (long long)$1->expiry,
                               $1->extra, $1->missing, hub_object_of(&$1->token, 0)));
}

%typemap(in) (sspia_hub_completion *completions, uint32_t most)
    (sspia_hub_completion taken[HUB_MOST], long most) {
    most = PyLong_AsLong($input);
    if (most == -1 && PyErr_Occurred())
        SWIG_fail;
    $1 = taken;
    $2 = most < 1 ? 1 : most > HUB_MOST ? HUB_MOST : (uint32_t)most;
}
/* Two lists, for tuples cost more than all else that is done for a completion: the ids, and the
 * statuses, which are left out (None) while there is no failure among them. */
%typemap(argout) (sspia_hub_completion *completions, uint32_t most) {
    $result = SWIG_AppendOutput($result, hub_ids_of($1, result));
    $result = SWIG_AppendOutput($result, hub_statuses_of($1, result));
}

%include "../common/hub.i"

/* sspia_hub_queue_take for event loops, which know that something is there. */
%inline %{
static int32_t queue_poll(uint64_t queue, sspia_hub_completion *completions, uint32_t most)
{
    return sspia_hub_queue_take(queue, 0, completions, most);
}
%}
