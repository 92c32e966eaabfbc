/* SPDX-License-Identifier: MIT */
/*
 * What a task of asyncio waits for: as much of asyncio.Future as a task needs of what it
 * awaits.
 *
 * It is awaited once, by one task. Its end runs the task there and then, where a future of
 * asyncio would only note that for the next turn of the loop.
 */
#ifndef SSPI_ASYNC_PYTHON_WAITER_H
#define SSPI_ASYNC_PYTHON_WAITER_H

#include "limited.h"

struct call;
struct waiter;

/* The iterator of an await, on the loop of the call's queue. The call knows it as its waiter.
 */
PyObject *waiter_create(PyTypeObject *type, struct call *call);

/* Runs the task that waits, on its loop, in no task. False: an exception. */
bool waiter_wake(struct waiter *waiter);

PyObject *waiter_make_type(void);

#endif
