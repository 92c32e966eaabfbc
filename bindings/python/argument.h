/* SPDX-License-Identifier: MIT */
/* Arguments of methods that take them by place. */
#ifndef SSPI_ASYNC_PYTHON_ARGUMENT_H
#define SSPI_ASYNC_PYTHON_ARGUMENT_H

#include "limited.h"

/* Bytes that may be None: then held is NULL. held is a reference of whoever opened it. */
struct argument_bytes {
    PyObject *held;
    const char *data;
    size_t size;
};

/* A TypeError: "NAME must be WANTED, not TYPE". */
void argument_refuse(const char *name, const char *wanted, PyObject *object);

/* These are false with an exception. */
bool argument_open(struct argument_bytes *bytes, PyObject *object, const char *name);
bool argument_number(PyObject *object, uint64_t *number);
bool argument_count(Py_ssize_t count, Py_ssize_t wanted);

#endif
