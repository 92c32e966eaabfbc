/* SPDX-License-Identifier: MIT */
/* The types that the module has besides what SWIG makes. */
#ifndef SSPI_ASYNC_PYTHON_MODULE_H
#define SSPI_ASYNC_PYTHON_MODULE_H

#include "limited.h"

/* 0, or -1 with an exception. */
int module_add_types(PyObject *module);

#endif
