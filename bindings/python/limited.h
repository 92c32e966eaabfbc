/* SPDX-License-Identifier: MIT */
/* Python.h, as much of it as one wheel for all versions of CPython may use. */
#ifndef SSPI_ASYNC_PYTHON_LIMITED_H
#define SSPI_ASYNC_PYTHON_LIMITED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <structmember.h>

/* In the limited API since 3.10, with this value and meaning in every version since 3.7. The
 * one that lies between, 3.9, is out of maintenance and changes no more. */
#ifndef METH_FASTCALL
#define METH_FASTCALL 0x0080
#endif

/* For tables of methods, whose functions take more than PyCFunction says. */
#define METHOD(function) ((PyCFunction)(void (*)(void))(function))

#endif
