/* SPDX-License-Identifier: MIT */
/*
 * python.i - the module sspi_async._native: functions over numbers, bytes and text, and the types
 * of module.c beside it. Other objects, exceptions and loops are written in Python
 * (python/sspi_async/).
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

#include "bytes.h"
#include "module.h"
%}

/* Inside a function that returns the module before SWIG 4.4, and 0 or -1 from then on. */
%init %{
    if (module_add_types(m) < 0)
#if SWIG_VERSION < 0x040400
        return NULL;
#else
        return -1;
#endif
%}

%typemap(in) (const void *DATA, size_t SIZE) (PyObject *held = NULL, const char *start = NULL,
                                              size_t length = 0) {
    if ($input != Py_None) {
        held = bytes_hold($input, "$1_name", &start, &length);
        if (held == NULL)
            SWIG_fail;
    }
    $1 = ($1_ltype)start;
    $2 = length;
}
%typemap(freearg) (const void *DATA, size_t SIZE) "Py_XDECREF(held$argnum);"
%typemap(doc) (const void *DATA, size_t SIZE) "$1_name: bytes or None";

%typemap(in) (const char *TEXT, size_t TEXT_SIZE) (PyObject *held = NULL,
                                                   const char *start = NULL,
                                                   size_t length = 0) {
    held = bytes_hold_text($input, "$1_name", &start, &length);
    if (held == NULL)
        SWIG_fail;
    $1 = ($1_ltype)start;
    $2 = length;
}
%typemap(freearg) (const char *TEXT, size_t TEXT_SIZE) "Py_XDECREF(held$argnum);"
%typemap(doc) (const char *TEXT, size_t TEXT_SIZE) "$1_name: str or None";

%typemap(in, numinputs=0) sspia_hub_bytes *OUTPUT (sspia_hub_bytes bytes),
                          sspia_hub_bytes *TEXT (sspia_hub_bytes bytes) {
    bytes.data = NULL;
    bytes.size = 0;
    $1 = &bytes;
}
%typemap(argout) sspia_hub_bytes *OUTPUT {
    $result = SWIG_AppendOutput($result, bytes_take($1));
}
%typemap(argout) sspia_hub_bytes *TEXT {
    $result = SWIG_AppendOutput($result, bytes_take_text($1));
}

%typemap(in, numinputs=0) sspia_hub_outcome *OUTPUT (sspia_hub_outcome outcome) {
    $1 = &outcome;
}
%typemap(argout) sspia_hub_outcome *OUTPUT {
    $result = SWIG_AppendOutput(
        $result, Py_BuildValue("(iIKKLIIN)", $1->status, $1->attributes,
                               (unsigned long long)$1->credential,
                               (unsigned long long)$1->context, (long long)$1->expiry,
                               $1->extra, $1->missing, bytes_take(&$1->token)));
}

/* Queue.take in queue.c; its memory is let go of by bytes.c. */
%ignore sspia_hub_queue_take;

%include "../common/hub.i"
