/* SPDX-License-Identifier: MIT */
/* Bytes and text between Python and the library. */
#ifndef SSPI_ASYNC_PYTHON_BYTES_H
#define SSPI_ASYNC_PYTHON_BYTES_H

#include <sspi_hub.h>

#include "limited.h"

/* Bytes that stay as they are while the interpreter lock is let go: bytes objects are used in
 * place, anything else with a buffer is copied first, for its owner could change it. A new
 * reference to what holds them, or NULL with an exception that names the parameter. */
PyObject *bytes_hold(PyObject *object, const char *name, const char **data, size_t *size);

/* The same for text, as UTF-8. None gives NULL and Py_None. */
PyObject *bytes_hold_text(PyObject *object, const char *name, const char **text, size_t *size);

/* Take the library's bytes over: a new object, None where there are none. */
PyObject *bytes_take(sspia_hub_bytes *bytes);
PyObject *bytes_take_text(sspia_hub_bytes *bytes);

#endif
