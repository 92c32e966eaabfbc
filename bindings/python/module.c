/* SPDX-License-Identifier: MIT */
#include "module.h"

#include "call.h"
#include "context.h"
#include "ending.h"
#include "operation.h"
#include "place.h"
#include "queue.h"
#include "relay.h"
#include "waiter.h"

/* Takes the reference over. */
static int add(PyObject *module, const char *name, PyObject *type)
{
    const int result = type != NULL ? PyObject_SetAttrString(module, name, type) : -1;

    Py_XDECREF(type);
    return result;
}

int module_add_types(PyObject *module)
{
    PyObject *call = call_make_type();
    int result = -1;

    if (call != NULL && add(module, "Ending", ending_make_type(call)) == 0 &&
        add(module, "Operation", operation_make_type(call)) == 0 &&
        add(module, "Relay", relay_make_type(call)) == 0 &&
        add(module, "Context", context_make_type()) == 0 &&
        add(module, "Place", place_make_type()) == 0 &&
        add(module, "Queue", queue_make_type()) == 0 &&
        add(module, "Waiter", waiter_make_type()) == 0)
        result = PyObject_SetAttrString(module, "Call", call);
    Py_XDECREF(call);
    return result;
}
