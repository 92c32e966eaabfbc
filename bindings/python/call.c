/* SPDX-License-Identifier: MIT */
#include "call.h"

#include "argument.h"
#include "ending.h"
#include "failure.h"
#include "place.h"
#include "queue.h"
#include "waiter.h"

/* ---- Callbacks --------------------------------------------------------------------------- */

static bool add_more(struct call *call, PyObject *context, PyObject *callback)
{
    PyObject *pair;
    bool added = false;

    if (call->more == NULL)
        call->more = PyList_New(0);
    pair = call->more != NULL ? PyTuple_Pack(2, context, callback) : NULL;
    if (pair != NULL)
        added = PyList_Append(call->more, pair) == 0;
    Py_XDECREF(pair);
    return added;
}

/* With a copy of the variables of the context where it is added. */
static bool add_callback(struct call *call, PyObject *callback)
{
    PyObject *context = PyObject_CallObject(call->queue->place->copy_context, NULL);
    PyObject *done = NULL;
    bool added;

    if (context == NULL)
        return false;
    if (call->heard != CALL_PENDING) {
        done = PyObject_CallMethod((PyObject *)call->queue, "post_callback", "OOO", context,
                                   callback, (PyObject *)call);
        added = done != NULL;
        Py_XDECREF(done);
    } else if (call->callback == NULL) {
        Py_INCREF(callback);
        call->callback = callback;
        call->context = context;
        return true;
    } else {
        added = add_more(call, context, callback);
    }
    Py_DECREF(context);
    return added;
}

static PyObject *call_when_done(struct call *call, PyObject *callback)
{
    if (!add_callback(call, callback))
        return NULL;
    Py_RETURN_NONE;
}

/* Takes the callback out, wherever it is; how often it was there, or -1 with an exception. */
static Py_ssize_t drop_callback(struct call *call, PyObject *callback)
{
    Py_ssize_t dropped = 0, i = call->more != NULL ? PyList_Size(call->more) : 0;
    int same;

    while (i-- > 0) {
        same = PyObject_RichCompareBool(PyTuple_GetItem(PyList_GetItem(call->more, i), 1),
                                        callback, Py_EQ);
        if (same < 0 || (same > 0 && PyList_SetSlice(call->more, i, i + 1, NULL) < 0))
            return -1;
        dropped += same;
    }
    if (call->callback == NULL)
        return dropped;
    same = PyObject_RichCompareBool(call->callback, callback, Py_EQ);
    if (same <= 0)
        return same < 0 ? -1 : dropped;
    Py_CLEAR(call->callback);
    Py_CLEAR(call->context);
    return dropped + 1;
}

static PyObject *call_forget(struct call *call, PyObject *callback)
{
    const Py_ssize_t dropped = drop_callback(call, callback);

    return dropped < 0 ? NULL : PyLong_FromSsize_t(dropped);
}

/* An exception goes where the owner reports unhandled ones, unless it is to end more. */
static void run_callback(struct call *call, struct queue *queue, PyObject *context,
                         PyObject *callback, struct failure *stop)
{
    PyObject *name = queue->place->names[NAME_RUN];
    PyObject *done =
        PyObject_CallMethodObjArgs(context, name, callback, (PyObject *)call, NULL);

    if (done == NULL && PyErr_ExceptionMatches(PyExc_Exception)) {
        PyObject *error = failure_take_object();

        done = PyObject_CallMethod((PyObject *)queue, "report", "OO", error, callback);
        Py_XDECREF(error);
    }
    if (done == NULL)
        failure_fetch(stop);
    Py_XDECREF(done);
}

static void run_callbacks(struct call *call, struct queue *queue, struct failure *stop)
{
    PyObject *callback = call->callback, *context = call->context, *more = call->more;
    const Py_ssize_t count = more != NULL ? PyList_Size(more) : 0;

    call->callback = call->context = call->more = NULL;
    if (callback != NULL)
        run_callback(call, queue, context, callback, stop);
    Py_XDECREF(callback);
    Py_XDECREF(context);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *pair = PyList_GetItem(more, i);

        run_callback(call, queue, PyTuple_GetItem(pair, 0), PyTuple_GetItem(pair, 1), stop);
    }
    Py_XDECREF(more);
}

PyObject *call_deliver(struct call *call, struct queue *queue)
{
    struct failure stop = {NULL, NULL, NULL};
    struct waiter *waiter = call->waiter;
    int32_t status;

    call->waiter = NULL;
    if (!call->kind->status(call, &status)) /* fetched before anybody is told */
        failure_fetch(&stop);
    run_callbacks(call, queue, &stop);
    if (waiter != NULL) {
        if (!waiter_wake(waiter))
            failure_fetch(&stop);
        Py_DECREF(waiter);
    }
    if (failure_restore(&stop))
        return NULL;
    Py_RETURN_NONE;
}

/* ---- Making and refusing ----------------------------------------------------------------- */

/* One that comes to nothing. */
static void drop(struct call *call)
{
    call->looked_at = true;
    Py_DECREF(call);
}

struct call *call_allocate(PyTypeObject *type, const struct call_kind *kind,
                           struct queue *queue, PyObject *callback)
{
    struct call *call = (struct call *)PyType_GenericAlloc(type, 0);

    if (call == NULL)
        return NULL;
    call->kind = kind;
    call->heard = CALL_PENDING;
    Py_INCREF(queue);
    call->queue = queue;
    if (callback != Py_None && !PyCallable_Check(callback)) {
        argument_refuse("callback", "callable", callback);
        drop(call);
        return NULL;
    }
    if (callback == Py_None || add_callback(call, callback))
        return call;
    drop(call);
    return NULL;
}

struct call *call_create(PyTypeObject *type, const struct call_kind *kind, struct queue *queue,
                         PyObject *callback)
{
    struct call *call = call_allocate(type, kind, queue, callback);

    if (call == NULL || queue_expect(queue, call))
        return call;
    drop(call);
    return NULL;
}

PyObject *call_refuse(struct call *call, int32_t status)
{
    struct queue *queue = call->queue;

    place_raise_last(queue->place, status);
    queue_forget(queue, call);
    drop(call);
    return NULL;
}

uint64_t call_id(const struct call *call)
{
    return (uintptr_t)call;
}

bool call_is_ending(const struct call *call)
{
    return call->kind == &ending_kind;
}

/* ---- Asked for --------------------------------------------------------------------------- */

static PyObject *call_status_now(struct call *call, PyObject *ignored)
{
    int32_t status;

    (void)ignored;
    return call->kind->status(call, &status) ? PyLong_FromLong(status) : NULL;
}

static PyObject *call_take_result(struct call *call, PyObject *ignored)
{
    (void)ignored;
    call->looked_at = true;
    return call->kind->result(call);
}

static PyObject *call_cancel(struct call *call, PyObject *ignored)
{
    const int was_pending = call->kind->cancel(call);

    (void)ignored;
    return was_pending < 0 ? NULL : PyBool_FromLong(was_pending);
}

void call_give_up(struct call *call)
{
    call->looked_at = true;
    if (call->kind->cancel(call) < 0)
        PyErr_WriteUnraisable((PyObject *)call);
}

static PyObject *call_await(struct call *call)
{
    struct place *place = call->queue->place;

    if (call->heard == CALL_PENDING && call->waiter == NULL) {
        const int here = place_is_in(place, call->queue);

        if (here < 0)
            return NULL;
        if (here > 0)
            return waiter_create(place->waiter, call);
    }
    return PyObject_CallMethodObjArgs((PyObject *)call, place->names[NAME_AWAIT_ANYWHERE],
                                      NULL);
}

/* ---- The type ---------------------------------------------------------------------------- */

static PyObject *call_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    (void)type;
    (void)arguments;
    (void)keywords;
    PyErr_SetString(PyExc_TypeError, "calls are made by the functions that return them");
    return NULL;
}

static int call_traverse(struct call *call, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(call));
    Py_VISIT(call->queue);
    Py_VISIT(call->waiter);
    Py_VISIT(call->callback);
    Py_VISIT(call->context);
    Py_VISIT(call->more);
    return call->kind->traverse(call, visit, arg);
}

/* The queue stays: its own clear breaks the circle. */
static int call_clear(struct call *call)
{
    Py_CLEAR(call->waiter);
    Py_CLEAR(call->callback);
    Py_CLEAR(call->context);
    Py_CLEAR(call->more);
    call->kind->clear(call);
    return 0;
}

bool call_is_failure(int32_t status)
{
    return status < 0 && status != SEC_E_UNFINISHED_CONTEXT_DELETED &&
           status != SEC_E_SHUTDOWN_IN_PROGRESS;
}

/* A failure that nobody looked at is reported where the owner reports what nobody caught, and
 * if that cannot be done, to sys.unraisablehook. */
static void call_finalize(struct call *call)
{
    struct failure outer = {NULL, NULL, NULL};
    PyObject *failure, *done;

    if (call->looked_at)
        return;
    call->looked_at = true; /* by this */
    failure_fetch(&outer);
    failure = call->kind->failure(call);
    if (failure != NULL) {
        done = PyObject_CallMethod((PyObject *)call->queue, "lose", "OO", (PyObject *)call,
                                   failure);
        if (done != Py_True) {
            PyErr_SetObject((PyObject *)Py_TYPE(failure), failure);
            PyErr_WriteUnraisable((PyObject *)call);
        }
        Py_XDECREF(done);
        Py_DECREF(failure);
    }
    if (PyErr_Occurred())
        PyErr_WriteUnraisable((PyObject *)call);
    failure_restore(&outer);
}

static void call_dealloc(struct call *call)
{
    PyTypeObject *type = Py_TYPE(call);

    PyObject_GC_UnTrack(call);
    call_clear(call);
    Py_DECREF(call->queue);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(call);
    Py_DECREF(type);
}

PyObject *call_make_type(void)
{
    static PyMethodDef methods[] = {
        {"_status_now", METHOD(call_status_now), METH_NOARGS, NULL},
        {"_take_result", METHOD(call_take_result), METH_NOARGS, NULL},
        {"_when_done", METHOD(call_when_done), METH_O, NULL},
        {"_forget_callback", METHOD(call_forget), METH_O, NULL},
        {"_cancel", METHOD(call_cancel), METH_NOARGS, NULL},
        {NULL, NULL, 0, NULL},
    };
    static PyMemberDef members[] = {
        {"_heard", T_INT, offsetof(struct call, heard), READONLY, NULL},
        {"_queue", T_OBJECT, offsetof(struct call, queue), READONLY, NULL},
        {"_looked_at", T_BOOL, offsetof(struct call, looked_at), 0, NULL},
        {NULL, 0, 0, 0, NULL},
    };
    PyType_Slot slots[] = {
        {Py_tp_new, call_new},
        {Py_am_await, call_await},
        {Py_tp_traverse, call_traverse},
        {Py_tp_clear, call_clear},
        {Py_tp_finalize, call_finalize},
        {Py_tp_dealloc, call_dealloc},
        {Py_tp_methods, methods},
        {Py_tp_members, members},
        {0, NULL},
    };
    PyType_Spec spec = {"sspi_async._native.Call", sizeof(struct call), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};

    return PyType_FromSpec(&spec);
}

PyObject *call_make_subtype(PyObject *base, const char *name, int size, PyType_Slot added)
{
    PyType_Slot slots[] = {{Py_tp_traverse, call_traverse},
                           {Py_tp_clear, call_clear},
                           {Py_tp_dealloc, call_dealloc},
                           added,
                           {0, NULL}};
    PyType_Spec spec = {name, size, 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
    PyObject *bases = PyTuple_Pack(1, base);
    PyObject *type = bases != NULL ? PyType_FromSpecWithBases(&spec, bases) : NULL;

    Py_XDECREF(bases);
    return type;
}
