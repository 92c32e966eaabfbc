/* SPDX-License-Identifier: MIT */
/*
 * An outcome is fetched once, by whoever asks first. Python code makes errors, and the result
 * of an acquire: while that runs the state is FETCHING, and other threads that ask wait for its
 * end. They give the interpreter lock away meanwhile, and that code waits for nobody.
 */
#include "operation.h"

#include <sched.h>

#include "bytes.h"
#include "context.h"
#include "deadline.h"
#include "ending.h"
#include "failure.h"
#include "place.h"
#include "queue.h"

/* ---- The outcome ------------------------------------------------------------------------- */

/* Why the call failed, as an exception; NULL if that cannot be made, and another is raised. */
static PyObject *error_of(struct operation *operation, const sspia_hub_outcome *outcome,
                          PyObject *token)
{
    struct place *place = operation->call.queue->place;
    sspia_hub_bytes text = {NULL, 0};
    PyObject *message, *error;

    sspia_hub_call_message(operation->native, &text);
    message = bytes_take_text(&text);
    if (message == NULL)
        return NULL;
    error = PyObject_CallFunction(place->failure, "iOOI", (int)outcome->status, message, token,
                                  (unsigned int)outcome->missing);
    Py_DECREF(message);
    return error;
}

/* What the call yields, of a success; NULL with an exception. */
static PyObject *value_of(struct operation *operation, const sspia_hub_outcome *outcome,
                          PyObject *token)
{
    if (operation->is_leg) {
        if (token == Py_None)
            return PyBytes_FromStringAndSize(NULL, 0);
        Py_INCREF(token);
        return token;
    }
    if (operation->subject != NULL)
        return PyObject_CallFunction(operation->subject, "KL",
                                     (unsigned long long)outcome->credential,
                                     (long long)outcome->expiry);
    Py_RETURN_NONE;
}

static void fetch(struct operation *operation, sspia_hub_outcome *outcome)
{
    const bool failed = outcome->status < 0;
    PyObject *token, *subject, *given;
    bool noted;

    operation->state = OPERATION_FETCHING;
    operation->fetcher = PyThread_get_thread_ident();
    token = bytes_take(&outcome->token);
    noted = token != NULL;
    if (noted && operation->is_leg)
        noted = context_note_leg((struct context *)operation->subject, (PyObject *)operation,
                                 operation->given, outcome, failed);
    if (noted && failed)
        operation->error = error_of(operation, outcome, token);
    else if (noted)
        operation->value = value_of(operation, outcome, token);
    if (operation->error == NULL && operation->value == NULL)
        operation->error = failure_take_object();
    Py_XDECREF(token);
    sspia_hub_call_free(operation->native);
    operation->native = 0;
    operation->status = outcome->status;
    operation->state = OPERATION_FETCHED;
    subject = operation->subject;
    given = operation->given;
    operation->subject = operation->given = NULL;
    Py_XDECREF(subject);
    Py_XDECREF(given);
}

/* ---- What calls ask of their kind -------------------------------------------------------- */

static bool operation_status(struct call *call, int32_t *status)
{
    struct operation *operation = (struct operation *)call;
    sspia_hub_outcome outcome;
    PyThreadState *state;

    while (operation->state == OPERATION_FETCHING &&
           operation->fetcher != PyThread_get_thread_ident()) {
        state = PyEval_SaveThread();
        sched_yield();
        PyEval_RestoreThread(state);
    }
    if (operation->state == OPERATION_SUBMITTED &&
        sspia_hub_call_take(operation->native, &outcome) != CALL_PENDING)
        fetch(operation, &outcome);
    *status = operation->state == OPERATION_FETCHED ? operation->status : CALL_PENDING;
    return true;
}

/* Anew for each who asks: a raised exception collects tracebacks. One that is not ours, from
 * finishing, is raised as it is. */
static PyObject *raise_error(struct operation *operation)
{
    PyObject *error = operation->error;

    if (PyObject_HasAttrString(error, "_copy"))
        error = PyObject_CallMethod(error, "_copy", NULL);
    else
        Py_INCREF(error);
    if (error != NULL)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    return NULL;
}

static PyObject *operation_result(struct call *call)
{
    struct operation *operation = (struct operation *)call;
    int32_t status;

    operation_status(call, &status);
    if (operation->error != NULL)
        return raise_error(operation);
    if (operation->value == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "the call is still pending");
        return NULL;
    }
    Py_INCREF(operation->value);
    return operation->value;
}

static int operation_cancel(struct call *call)
{
    struct operation *operation = (struct operation *)call;
    int32_t status;

    if (operation->state != OPERATION_SUBMITTED)
        return 0;
    status = sspia_hub_call_cancel(operation->native);
    if (status == SEC_E_NO_CONTEXT)
        return 0;
    if (status >= 0) {
        if (operation->is_leg)
            ((struct context *)operation->subject)->interrupted = true;
        return 1;
    }
    place_raise_last(call->queue->place, status);
    return -1;
}

static PyObject *operation_failure(struct call *call)
{
    struct operation *operation = (struct operation *)call;

    if (operation->state != OPERATION_FETCHED || operation->error == NULL ||
        (operation->status < 0 && !call_is_failure(operation->status)))
        return NULL;
    Py_INCREF(operation->error);
    return operation->error;
}

static int operation_traverse(struct call *call, visitproc visit, void *arg)
{
    struct operation *operation = (struct operation *)call;

    Py_VISIT(operation->subject);
    Py_VISIT(operation->value);
    Py_VISIT(operation->error);
    return 0;
}

/* Of a call whose loop was closed nobody fetches the outcome; it goes with this. */
static void operation_clear(struct call *call)
{
    struct operation *operation = (struct operation *)call;

    if (operation->native != 0)
        sspia_hub_call_free(operation->native);
    operation->native = 0;
    operation->state = OPERATION_FETCHED;
    Py_CLEAR(operation->subject);
    Py_CLEAR(operation->given);
    Py_CLEAR(operation->value);
    Py_CLEAR(operation->error);
}

static const struct call_kind operation_kind = {operation_status,   operation_result,
                                                operation_cancel,   operation_failure,
                                                operation_traverse, operation_clear};

/* ---- Submits ----------------------------------------------------------------------------- */

struct operation *operation_create(struct place *place, struct queue *queue, PyObject *callback,
                                   const struct deadline *deadline)
{
    const uint64_t native = sspia_hub_call_create();
    struct operation *operation;
    int32_t status;

    if (native == 0) {
        place_raise(place, SEC_E_INSUFFICIENT_MEMORY);
        return NULL;
    }
    status = deadline_arm(deadline, native);
    if (status < 0) {
        place_raise_last(place, status);
        sspia_hub_call_free(native);
        return NULL;
    }
    operation =
        (struct operation *)call_create(place->operation, &operation_kind, queue, callback);
    if (operation != NULL)
        operation->native = native;
    else
        sspia_hub_call_free(native);
    return operation;
}

PyObject *operation_submitted(struct operation *operation, int32_t status)
{
    return status < 0 ? call_refuse(&operation->call, status) : (PyObject *)operation;
}

PyObject *operation_end(struct place *place, struct queue *queue, const struct end *end,
                        PyObject *callback, const struct deadline *deadline)
{
    struct operation *operation = operation_create(place, queue, callback, deadline);

    if (operation == NULL)
        return NULL;
    return operation_submitted(operation, end_submit(end, operation->native, queue->native,
                                                     call_id(&operation->call)));
}

PyObject *operation_make_type(PyObject *base)
{
    static PyMemberDef members[] = {
        {"_native", T_ULONGLONG, offsetof(struct operation, native), READONLY, NULL},
        {NULL, 0, 0, 0, NULL},
    };

    return call_make_subtype(base, "sspi_async._native.Operation", sizeof(struct operation),
                             (PyType_Slot){Py_tp_members, members});
}
