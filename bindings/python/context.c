/* SPDX-License-Identifier: MIT */
#include "context.h"

#include "call.h"
#include "failure.h"

static void set(PyObject **member, PyObject *value)
{
    PyObject *former = *member;

    Py_XINCREF(value);
    *member = value;
    Py_XDECREF(former);
}

struct context *context_of(PyObject *object, PyTypeObject *type)
{
    if (PyObject_TypeCheck(object, type))
        return (struct context *)object;
    PyErr_SetString(PyExc_TypeError, "a SecurityContext is wanted");
    return NULL;
}

void context_begin_first(struct context *context, PyObject *call)
{
    set(&context->first, call);
}

bool context_abandon_first(struct context *context)
{
    struct call *first = (struct call *)context->first;
    int32_t status;
    int was_pending;

    if (first == NULL)
        return true;
    context->first = NULL;
    was_pending = first->kind->cancel(first);
    /* It had come to its end: the context is there. */
    if (was_pending == 0 && !first->kind->status(first, &status))
        was_pending = -1;
    Py_DECREF(first);
    return was_pending >= 0;
}

void context_mark_dead(struct context *context)
{
    context->complete = false;
    if (context->handle != 0)
        context->handle = CONTEXT_DEAD;
}

/* The last bytes of what a leg was given. */
static PyObject *tail_of(PyObject *given, uint32_t size)
{
    const Py_ssize_t all = given != NULL ? PyBytes_Size(given) : 0;
    const Py_ssize_t count = (Py_ssize_t)size < all ? (Py_ssize_t)size : all;

    return PyBytes_FromStringAndSize(count > 0 ? PyBytes_AsString(given) + (all - count) : NULL,
                                     count);
}

bool context_note_leg(struct context *context, PyObject *call, PyObject *given,
                      const sspia_hub_outcome *outcome, bool failed)
{
    PyObject *extra;

    if (context->first == call)
        set(&context->first, NULL);
    if (outcome->context != 0)
        context->handle = outcome->context;
    if (outcome->status == SEC_E_SECURITY_QOS_FAILED)
        context->interrupted = true;
    if (failed)
        return true;
    context->attributes = outcome->attributes;
    context->expiry = outcome->expiry;
    context->complete = outcome->status == SEC_E_OK;
    extra = tail_of(given, outcome->extra);
    if (extra == NULL)
        return false;
    set(&context->extra, extra);
    if (context->complete)
        set(&context->rest, extra);
    Py_DECREF(extra);
    return true;
}

/* ---- The type ---------------------------------------------------------------------------- */

static PyObject *context_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    struct context *context = (struct context *)PyType_GenericAlloc(type, 0);

    (void)arguments;
    (void)keywords;
    if (context == NULL)
        return NULL;
    context->expiry = -1; /* never */
    context->extra = PyBytes_FromStringAndSize(NULL, 0);
    context->rest = PyBytes_FromStringAndSize(NULL, 0);
    if (context->extra == NULL || context->rest == NULL)
        Py_CLEAR(context);
    return (PyObject *)context;
}

static PyObject *context_abandon(struct context *context, PyObject *ignored)
{
    (void)ignored;
    if (!context_abandon_first(context))
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *context_bury(struct context *context, PyObject *ignored)
{
    (void)ignored;
    context_mark_dead(context);
    Py_RETURN_NONE;
}

static PyObject *context_is_alive(struct context *context, void *ignored)
{
    (void)ignored;
    return PyBool_FromLong(context->first != NULL ||
                           (context->handle != 0 && context->handle != CONTEXT_DEAD));
}

static PyObject *context_first_begins(struct context *context, PyObject *call)
{
    context_begin_first(context, call != Py_None ? call : NULL);
    Py_RETURN_NONE;
}

static int context_traverse(struct context *context, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(context));
    Py_VISIT(context->first);
    return 0;
}

static int context_clear(struct context *context)
{
    Py_CLEAR(context->first);
    return 0;
}

/* One that was left to the garbage collector is deleted by it, which deserves a warning. */
static void context_finalize(struct context *context)
{
    struct failure outer = {NULL, NULL, NULL};

    if (context->handle == 0 || context->handle == CONTEXT_DEAD)
        return;
    failure_fetch(&outer);
    if (PyErr_ResourceWarning(
            (PyObject *)context, 1,
            "%R was left to the garbage collector: use 'with', or delete() it",
            (PyObject *)context) < 0)
        PyErr_WriteUnraisable((PyObject *)context);
    failure_restore(&outer);
}

static void context_dealloc(struct context *context)
{
    PyTypeObject *type = Py_TYPE(context);

    PyObject_GC_UnTrack(context);
    if (context->handle != 0 && context->handle != CONTEXT_DEAD)
        sspia_hub_delete_context_now(context->handle);
    Py_CLEAR(context->first);
    Py_CLEAR(context->extra);
    Py_CLEAR(context->rest);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(context);
    Py_DECREF(type);
}

PyObject *context_make_type(void)
{
    static PyMethodDef methods[] = {
        {"_abandon_first", METHOD(context_abandon), METH_NOARGS, NULL},
        {"_mark_dead", METHOD(context_bury), METH_NOARGS, NULL},
        {"_begin_first", METHOD(context_first_begins), METH_O, NULL},
        {NULL, NULL, 0, NULL},
    };
    static PyMemberDef members[] = {
        {"_handle", T_ULONGLONG, offsetof(struct context, handle), 0, NULL},
        {"_first", T_OBJECT, offsetof(struct context, first), READONLY, NULL},
        {"_complete", T_BOOL, offsetof(struct context, complete), 0, NULL},
        {"_interrupted", T_BOOL, offsetof(struct context, interrupted), READONLY, NULL},
        {"_attributes", T_UINT, offsetof(struct context, attributes), READONLY, NULL},
        {"_expiry", T_LONGLONG, offsetof(struct context, expiry), READONLY, NULL},
        {"_rest", T_OBJECT, offsetof(struct context, rest), 0, NULL},
        {"extra", T_OBJECT, offsetof(struct context, extra), 0, NULL},
        {NULL, 0, 0, 0, NULL},
    };
    static PyGetSetDef properties[] = {
        {"_alive", (getter)context_is_alive, NULL, NULL, NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    PyType_Slot slots[] = {
        {Py_tp_new, context_new},
        {Py_tp_traverse, context_traverse},
        {Py_tp_clear, context_clear},
        {Py_tp_finalize, context_finalize},
        {Py_tp_dealloc, context_dealloc},
        {Py_tp_methods, methods},
        {Py_tp_members, members},
        {Py_tp_getset, properties},
        {0, NULL},
    };
    PyType_Spec spec = {"sspi_async._native.Context", sizeof(struct context), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};

    return PyType_FromSpec(&spec);
}
