/* SPDX-License-Identifier: MIT */
#include "relay.h"

#include "argument.h"
#include "call.h"
#include "place.h"
#include "queue.h"

/* ---- What calls ask of their kind -------------------------------------------------------- */

static bool relay_status(struct call *call, int32_t *status)
{
    PyObject *number = PyObject_CallMethod((PyObject *)call, "_status_now", NULL);

    if (number == NULL)
        return false;
    *status = (int32_t)PyLong_AsLong(number);
    Py_DECREF(number);
    return *status != -1 || !PyErr_Occurred();
}

static PyObject *relay_result(struct call *call)
{
    return PyObject_CallMethod((PyObject *)call, "_take_result", NULL);
}

static int relay_cancel(struct call *call)
{
    PyObject *answer = PyObject_CallMethod((PyObject *)call, "_cancel", NULL);
    int was_pending;

    if (answer == NULL)
        return -1;
    was_pending = PyObject_IsTrue(answer);
    Py_DECREF(answer);
    return was_pending;
}

static PyObject *relay_failure(struct call *call)
{
    PyObject *failure = PyObject_CallMethod((PyObject *)call, "_failure", NULL);

    if (failure == Py_None)
        Py_CLEAR(failure);
    return failure;
}

static int relay_traverse(struct call *call, visitproc visit, void *arg)
{
    (void)call;
    (void)visit;
    (void)arg;
    return 0;
}

static void relay_clear(struct call *call)
{
    (void)call;
}

static const struct call_kind relay_kind = {relay_status,  relay_result,   relay_cancel,
                                            relay_failure, relay_traverse, relay_clear};

/* ---- Begin and end ----------------------------------------------------------------------- */

PyObject *relay_begin(struct place *place, PyObject *const *arguments, Py_ssize_t count)
{
    if (!argument_count(count, 2))
        return NULL;
    return (PyObject *)call_allocate(place->relay, &relay_kind, (struct queue *)arguments[0],
                                     arguments[1]);
}

static PyObject *relay_finish(struct call *call, PyObject *status)
{
    const long number = PyLong_AsLong(status);

    if (number == -1 && PyErr_Occurred())
        return NULL;
    call->heard = (int32_t)number;
    return call_deliver(call, call->queue);
}

PyObject *relay_make_type(PyObject *base)
{
    static PyMethodDef methods[] = {
        {"_finish", METHOD(relay_finish), METH_O, NULL},
        {NULL, NULL, 0, NULL},
    };

    return call_make_subtype(base, "sspi_async._native.Relay", sizeof(struct call),
                             (PyType_Slot){Py_tp_methods, methods});
}
