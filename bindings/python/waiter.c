/* SPDX-License-Identifier: MIT */
#include "waiter.h"

#include "call.h"
#include "place.h"
#include "queue.h"

struct waiter {
    PyObject head;

    struct call *call; /* these are references */
    PyObject *resume;  /* the task's, and its context, once it has come */
    PyObject *context;
    PyObject *cancelled; /* the arguments of CancelledError, or NULL */
    bool blocking;       /* the protocol's "yielded by await" */
};

PyObject *waiter_create(PyTypeObject *type, struct call *call)
{
    struct waiter *waiter = (struct waiter *)PyType_GenericAlloc(type, 0);

    if (waiter == NULL)
        return NULL;
    Py_INCREF(call);
    waiter->call = call;
    Py_INCREF(waiter);
    call->waiter = waiter;
    return (PyObject *)waiter;
}

bool waiter_wake(struct waiter *waiter)
{
    PyObject *resume = waiter->resume, *context = waiter->context;
    PyObject *done;

    if (resume == NULL)
        return true;
    waiter->resume = waiter->context = NULL;
    done = PyObject_CallMethodObjArgs(context, waiter->call->queue->place->names[NAME_RUN],
                                      resume, (PyObject *)waiter, NULL);
    Py_DECREF(resume);
    Py_DECREF(context);
    Py_XDECREF(done);
    return done != NULL;
}

/* ---- What await asks for ----------------------------------------------------------------- */

/* StopIteration with the value of a `return`; a tuple would be taken for its arguments. */
static void stop_with(PyObject *value)
{
    PyObject *stop;

    if (value == Py_None)
        return;
    stop = PyObject_CallFunctionObjArgs(PyExc_StopIteration, value, NULL);
    if (stop == NULL)
        return;
    PyErr_SetObject(PyExc_StopIteration, stop);
    Py_DECREF(stop);
}

static PyObject *waiter_next(struct waiter *waiter)
{
    PyObject *result;

    if (waiter->call->heard == CALL_PENDING) {
        waiter->blocking = true;
        Py_INCREF(waiter);
        return (PyObject *)waiter;
    }
    waiter->call->looked_at = true;
    result = waiter->call->kind->result(waiter->call);
    if (result != NULL)
        stop_with(result);
    Py_XDECREF(result);
    return NULL;
}

static PyObject *waiter_iter(PyObject *waiter)
{
    Py_INCREF(waiter);
    return waiter;
}

/* Nobody waits any more: the task was cancelled, or is thrown away. */
static PyObject *waiter_close(struct waiter *waiter, PyObject *ignored)
{
    (void)ignored;
    call_give_up(waiter->call);
    Py_RETURN_NONE;
}

/* type, or type, value, traceback as of sys.exc_info(). */
static PyObject *waiter_throw(struct waiter *waiter, PyObject *arguments)
{
    PyObject *type, *value = Py_None, *traceback = Py_None;

    if (!PyArg_UnpackTuple(arguments, "throw", 1, 3, &type, &value, &traceback))
        return NULL;
    call_give_up(waiter->call);
    if (PyExceptionInstance_Check(type)) {
        value = type;
        type = (PyObject *)Py_TYPE(value);
    }
    Py_INCREF(type);
    if (value == Py_None)
        value = NULL;
    Py_XINCREF(value);
    if (traceback == Py_None)
        traceback = NULL;
    Py_XINCREF(traceback);
    PyErr_Restore(type, value, traceback);
    return NULL;
}

/* ---- What asyncio.Task asks for ---------------------------------------------------------- */

static PyObject *waiter_get_loop(struct waiter *waiter, PyObject *ignored)
{
    (void)ignored;
    return PyObject_CallObject(waiter->call->queue->loop, NULL);
}

/* The task; it comes once: add_done_callback(resume, *, context). */
static PyObject *waiter_add_done_callback(struct waiter *waiter, PyObject *const *arguments,
                                          Py_ssize_t count, PyObject *keywords)
{
    PyObject *former = waiter->resume, *former_context = waiter->context;

    if (count != 1 || keywords == NULL || PyTuple_Size(keywords) != 1) {
        PyErr_SetString(PyExc_TypeError,
                        "add_done_callback() takes a function and its context");
        return NULL;
    }
    Py_INCREF(arguments[0]);
    waiter->resume = arguments[0];
    Py_INCREF(arguments[1]);
    waiter->context = arguments[1];
    Py_XDECREF(former);
    Py_XDECREF(former_context);
    Py_RETURN_NONE;
}

static PyObject *waiter_call_wake(struct waiter *waiter, PyObject *ignored)
{
    (void)ignored;
    if (!waiter_wake(waiter))
        return NULL;
    Py_RETURN_NONE;
}

/* Has the task find CancelledError, in the next turn of the loop. */
static PyObject *waiter_cancel(struct waiter *waiter, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"msg", NULL};
    PyObject *message = Py_None, *loop, *wake, *done = NULL;

    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O", names, &message))
        return NULL;
    if (waiter->resume == NULL || waiter->cancelled != NULL)
        Py_RETURN_FALSE;
    waiter->cancelled = message != Py_None ? PyTuple_Pack(1, message) : PyTuple_New(0);
    if (waiter->cancelled == NULL)
        return NULL;
    loop = waiter_get_loop(waiter, NULL);
    wake = PyObject_GetAttrString((PyObject *)waiter, "_wake");
    if (loop != NULL && wake != NULL)
        done = PyObject_CallMethod(loop, "call_soon", "O", wake);
    Py_XDECREF(loop);
    Py_XDECREF(wake);
    Py_XDECREF(done);
    if (done == NULL)
        return NULL;
    Py_RETURN_TRUE;
}

/* Tells the task whether it was cancelled. */
static PyObject *waiter_result(struct waiter *waiter, PyObject *ignored)
{
    PyObject *class = waiter->call->queue->place->cancelled_error;
    PyObject *error;

    (void)ignored;
    if (waiter->cancelled == NULL)
        Py_RETURN_NONE;
    error = PyObject_CallObject(class, waiter->cancelled);
    if (error != NULL)
        PyErr_SetObject(class, error);
    Py_XDECREF(error);
    return NULL;
}

static PyObject *waiter_get_blocking(struct waiter *waiter, void *ignored)
{
    (void)ignored;
    return PyBool_FromLong(waiter->blocking);
}

static int waiter_set_blocking(struct waiter *waiter, PyObject *value, void *ignored)
{
    const int truth = value != NULL ? PyObject_IsTrue(value) : 0;

    (void)ignored;
    if (truth < 0)
        return -1;
    waiter->blocking = truth != 0;
    return 0;
}

/* ---- The type ---------------------------------------------------------------------------- */

static PyObject *waiter_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    (void)type;
    (void)arguments;
    (void)keywords;
    PyErr_SetString(PyExc_TypeError, "what a task waits for is made by await");
    return NULL;
}

static int waiter_traverse(struct waiter *waiter, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(waiter));
    Py_VISIT(waiter->call);
    Py_VISIT(waiter->resume);
    Py_VISIT(waiter->context);
    Py_VISIT(waiter->cancelled);
    return 0;
}

/* The call stays: its own clear breaks the circle. */
static int waiter_clear(struct waiter *waiter)
{
    Py_CLEAR(waiter->resume);
    Py_CLEAR(waiter->context);
    Py_CLEAR(waiter->cancelled);
    return 0;
}

static void waiter_dealloc(struct waiter *waiter)
{
    PyTypeObject *type = Py_TYPE(waiter);

    PyObject_GC_UnTrack(waiter);
    waiter_clear(waiter);
    Py_DECREF(waiter->call);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(waiter);
    Py_DECREF(type);
}

PyObject *waiter_make_type(void)
{
    static PyMethodDef methods[] = {
        {"close", METHOD(waiter_close), METH_NOARGS, NULL},
        {"throw", METHOD(waiter_throw), METH_VARARGS, NULL},
        {"get_loop", METHOD(waiter_get_loop), METH_NOARGS, NULL},
        {"add_done_callback", METHOD(waiter_add_done_callback), METH_FASTCALL | METH_KEYWORDS,
         NULL},
        {"cancel", METHOD(waiter_cancel), METH_VARARGS | METH_KEYWORDS, NULL},
        {"result", METHOD(waiter_result), METH_NOARGS, NULL},
        {"_wake", METHOD(waiter_call_wake), METH_NOARGS, NULL},
        {NULL, NULL, 0, NULL},
    };
    static PyGetSetDef properties[] = {
        {"_asyncio_future_blocking", (getter)waiter_get_blocking, (setter)waiter_set_blocking,
         NULL, NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    PyType_Slot slots[] = {
        {Py_tp_new, waiter_new},
        {Py_tp_iter, waiter_iter},
        {Py_tp_iternext, waiter_next},
        {Py_tp_traverse, waiter_traverse},
        {Py_tp_clear, waiter_clear},
        {Py_tp_dealloc, waiter_dealloc},
        {Py_tp_methods, methods},
        {Py_tp_getset, properties},
        {0, NULL},
    };
    PyType_Spec spec = {"sspi_async._native.Waiter", sizeof(struct waiter), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};

    return PyType_FromSpec(&spec);
}
