/* SPDX-License-Identifier: MIT */
/*
 * An outcome is fetched once, by whoever asks first, under the interpreter lock. Of an acquire
 * Python code makes the result: while that runs the state is FETCHING, and for others the call
 * is pending still.
 */
#include "operation.h"

#include <sched.h>

#include "bytes.h"
#include "context.h"
#include "ending.h"
#include "failure.h"
#include "place.h"
#include "queue.h"

enum state { SUBMITTED, FETCHING, FETCHED };

struct operation {
    struct call call;
    uint64_t native; /* 0: freed */
    enum state state;
    unsigned long fetcher; /* the thread, when FETCHING */
    int32_t status;        /* when FETCHED */
    PyObject *subject;     /* the context of a leg, or what finishes an acquire; or NULL */
    PyObject *given;       /* the token of a leg, as bytes; or NULL */
    PyObject *value;       /* the result, or NULL */
    PyObject *error;       /* an exception, or NULL */
    bool is_leg;
};

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

    operation->state = FETCHING;
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
    operation->state = FETCHED;
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

    while (operation->state == FETCHING && operation->fetcher != PyThread_get_thread_ident()) {
        state = PyEval_SaveThread();
        sched_yield();
        PyEval_RestoreThread(state);
    }
    if (operation->state == SUBMITTED &&
        sspia_hub_call_take(operation->native, &outcome) != CALL_PENDING)
        fetch(operation, &outcome);
    *status = operation->state == FETCHED ? operation->status : CALL_PENDING;
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

    if (operation->state != SUBMITTED)
        return 0;
    status = sspia_hub_call_cancel(operation->native);
    if (status == SEC_E_NO_CONTEXT)
        return 0;
    if (status >= 0)
        return 1;
    place_raise_last(call->queue->place, status);
    return -1;
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
    operation->state = FETCHED;
    Py_CLEAR(operation->subject);
    Py_CLEAR(operation->given);
    Py_CLEAR(operation->value);
    Py_CLEAR(operation->error);
}

static const struct call_kind operation_kind = {
    operation_status, operation_result, operation_cancel, operation_traverse, operation_clear};

/* ---- Submits ----------------------------------------------------------------------------- */

static struct operation *create(struct place *place, struct queue *queue, PyObject *callback)
{
    const uint64_t native = sspia_hub_call_create();
    struct operation *operation;

    if (native == 0) {
        place_raise(place, SEC_E_INSUFFICIENT_MEMORY);
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

/* The call, or the exception of a submit that was refused. */
static PyObject *submitted(struct operation *operation, int32_t status)
{
    return status < 0 ? call_refuse(&operation->call, status) : (PyObject *)operation;
}

PyObject *operation_end(struct place *place, struct queue *queue, const struct end *end,
                        PyObject *callback)
{
    struct operation *operation = create(place, queue, callback);

    if (operation == NULL)
        return NULL;
    return submitted(operation, end_submit(end, operation->native, queue->native,
                                           call_id(&operation->call)));
}

/* Bytes of an argument that may be None. */
struct input {
    PyObject *held;
    const char *data;
    size_t size;
};

static bool open_input(struct input *input, PyObject *object)
{
    if (object == Py_None)
        return true;
    input->held = bytes_hold(object, &input->data, &input->size);
    return input->held != NULL;
}

static bool number_of(PyObject *object, uint64_t *number)
{
    *number = PyLong_AsUnsignedLongLong(object);
    return *number != UINT64_MAX || !PyErr_Occurred();
}

static bool check_count(Py_ssize_t count, Py_ssize_t wanted)
{
    if (count == wanted)
        return true;
    PyErr_Format(PyExc_TypeError, "%zd arguments are wanted, not %zd", wanted, count);
    return false;
}

PyObject *operation_acquire(struct place *place, PyObject *const *arguments, Py_ssize_t count)
{
    struct operation *operation = NULL;
    struct queue *queue = NULL;
    struct input identity = {NULL, NULL, 0};
    PyObject *package = NULL, *principal = NULL, *made = NULL;
    const char *package_text, *principal_text;
    PyThreadState *state;
    uint64_t use, native, native_queue;
    int32_t status;

    if (!check_count(count, 6) ||
        (package = bytes_hold_text(arguments[0], &package_text)) == NULL ||
        (principal = bytes_hold_text(arguments[1], &principal_text)) == NULL ||
        !number_of(arguments[2], &use) || !open_input(&identity, arguments[3]))
        goto done;
    queue = place_queue(place);
    if (queue != NULL)
        operation = create(place, queue, arguments[5]);
    if (operation == NULL)
        goto done;
    Py_INCREF(arguments[4]);
    operation->subject = arguments[4];
    native = operation->native;
    native_queue = queue->native;
    state = PyEval_SaveThread(); /* it may load a module */
    status = sspia_hub_acquire(native, native_queue, call_id(&operation->call), package_text,
                               principal_text, (uint32_t)use, identity.data, identity.size);
    PyEval_RestoreThread(state);
    made = submitted(operation, status);
done:
    Py_XDECREF(package);
    Py_XDECREF(principal);
    Py_XDECREF(identity.held);
    Py_XDECREF(queue);
    return made;
}

static PyObject *begin_leg(struct place *place, struct context *context,
                           PyObject *const *arguments, const char *target,
                           const struct input *token, const struct input *bindings,
                           const struct input *protocols)
{
    const bool first = context->handle == 0;
    const int acceptor = PyObject_IsTrue(arguments[1]);
    struct operation *operation = NULL;
    struct queue *queue;
    uint64_t credential, flags, id;
    int32_t status;

    if (acceptor < 0 || !number_of(arguments[2], &credential) ||
        !number_of(arguments[4], &flags))
        return NULL;
    queue = place_queue(place);
    if (queue == NULL)
        return NULL;
    operation = create(place, queue, arguments[8]);
    Py_DECREF(queue); /* the call has it now */
    if (operation == NULL)
        return NULL;
    operation->is_leg = true;
    Py_INCREF(context);
    operation->subject = (PyObject *)context;
    Py_INCREF(token->held);
    operation->given = token->held;
    id = call_id(&operation->call);
    if (acceptor)
        status =
            sspia_hub_accept(operation->native, queue->native, id, credential, context->handle,
                             flags, token->data, token->size, bindings->data, bindings->size,
                             protocols->data, protocols->size);
    else
        status = sspia_hub_initialize(operation->native, queue->native, id, credential,
                                      context->handle, target, flags, token->data, token->size,
                                      bindings->data, bindings->size, protocols->data,
                                      protocols->size);
    if (status >= 0 && first)
        context_begin_first(context, (PyObject *)operation);
    return submitted(operation, status);
}

PyObject *operation_step(struct place *place, PyObject *const *arguments, Py_ssize_t count)
{
    struct context *context;
    struct input token = {NULL, NULL, 0}, bindings = {NULL, NULL, 0},
                 protocols = {NULL, NULL, 0};
    PyObject *target = NULL, *made = NULL;
    const char *target_text;

    if (!check_count(count, 9) ||
        (context = context_of(arguments[0], place->security_context)) == NULL)
        return NULL;
    target = bytes_hold_text(arguments[3], &target_text);
    token.held = bytes_hold(arguments[5], &token.data, &token.size);
    if (target != NULL && token.held != NULL && open_input(&bindings, arguments[6]) &&
        open_input(&protocols, arguments[7]))
        made = begin_leg(place, context, arguments, target_text, &token, &bindings, &protocols);
    Py_XDECREF(target);
    Py_XDECREF(token.held);
    Py_XDECREF(bindings.held);
    Py_XDECREF(protocols.held);
    return made;
}

PyObject *operation_make_type(PyObject *base)
{
    static PyMemberDef members[] = {
        {"_native", T_ULONGLONG, offsetof(struct operation, native), READONLY, NULL},
        {NULL, 0, 0, 0, NULL},
    };

    return call_make_subtype(base, "sspi_async._native.Operation", sizeof(struct operation),
                             members);
}
