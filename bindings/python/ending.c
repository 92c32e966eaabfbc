/* SPDX-License-Identifier: MIT */
#include "ending.h"

#include <stdlib.h>

#include "argument.h"
#include "context.h"
#include "deadline.h"
#include "failure.h"
#include "operation.h"
#include "place.h"
#include "queue.h"

struct ending {
    struct call call;
    const char *name; /* the function of Windows, for messages */
};

int32_t end_submit(const struct end *end, uint64_t call, uint64_t queue, uint64_t id)
{
    switch (end->what) {
    case END_CONTEXT:
        return sspia_hub_delete_context(call, queue, id, end->handle);
    case END_CREDENTIAL:
        return sspia_hub_free_credential(call, queue, id, end->handle);
    default:
        return sspia_hub_delete_contexts(call, queue, id, end->contexts,
                                         end->count * sizeof(*end->contexts));
    }
}

/* ---- What calls ask of their kind -------------------------------------------------------- */

/* Whoever wants to know hears what has come to the queue. */
static bool ending_status(struct call *call, int32_t *status)
{
    if (call->heard == CALL_PENDING && !queue_look(call->queue))
        return false;
    *status = call->heard;
    return true;
}

static PyObject *ending_result(struct call *call)
{
    if (call->heard < 0)
        return place_raise_named(call->queue->place, call->heard,
                                 ((struct ending *)call)->name);
    Py_RETURN_NONE;
}

static int ending_cancel(struct call *call)
{
    if (call->heard != CALL_PENDING)
        return 0;
    return queue_drop(call->queue, call, SEC_E_UNFINISHED_CONTEXT_DELETED);
}

static PyObject *ending_failure(struct call *call)
{
    PyObject *none;

    if (!call_is_failure(call->heard))
        return NULL;
    none = ending_result(call);
    Py_XDECREF(none);
    return failure_take_object();
}

static int ending_traverse(struct call *call, visitproc visit, void *arg)
{
    (void)call;
    (void)visit;
    (void)arg;
    return 0;
}

static void ending_clear(struct call *call)
{
    (void)call;
}

const struct call_kind ending_kind = {ending_status,  ending_result,   ending_cancel,
                                      ending_failure, ending_traverse, ending_clear};

/* ---- Submits ----------------------------------------------------------------------------- */

/* arguments: of the method, behind what is to end. */
static PyObject *begin(struct place *place, const struct end *end, PyObject *const *arguments)
{
    PyObject *const callback = arguments[0];
    struct deadline deadline;
    struct queue *queue;
    struct call *call;
    PyObject *made;
    int32_t status;

    if (!deadline_of(arguments[1], arguments[2], &deadline) ||
        (queue = place_queue(place)) == NULL)
        return NULL;
    if (queue->of_loop && deadline.kind == DEADLINE_OF_PROCESS) {
        call = call_create(place->ending, &ending_kind, queue, callback);
        made = (PyObject *)call;
        if (call != NULL) {
            ((struct ending *)call)->name =
                end->what == END_CREDENTIAL ? "FreeCredentialsHandle" : "DeleteSecurityContext";
            status = end_submit(end, 0, queue->native, call_id(call));
            if (status < 0)
                made = call_refuse(call, status);
        }
    } else {
        made = operation_end(place, queue, end, callback, &deadline);
    }
    Py_DECREF(queue);
    return made;
}

PyObject *ending_of_context(struct place *place, PyObject *const *arguments, Py_ssize_t count)
{
    struct end end = {.what = END_CONTEXT};
    struct context *context;
    PyObject *made;

    if (!argument_count(count, 4))
        return NULL;
    context = context_of(arguments[0], place->security_context);
    if (context == NULL || !context_abandon_first(context))
        return NULL;
    end.handle = context->handle;
    made = begin(place, &end, arguments + 1);
    if (made != NULL)
        context_mark_dead(context);
    place_follow(place, made, "delete", arguments[0]);
    return made;
}

/* The numbers of contexts, to be freed; NULL with an exception. */
static uint64_t *numbers_of(struct place *place, PyObject *contexts, size_t count)
{
    uint64_t *numbers = malloc((count > 0 ? count : 1) * sizeof(*numbers));

    if (numbers == NULL)
        PyErr_NoMemory();
    for (size_t i = 0; numbers != NULL && i < count; i++) {
        PyObject *item = PyList_GetItem(contexts, (Py_ssize_t)i);
        struct context *context = context_of(item, place->security_context);

        if (context == NULL || !context_abandon_first(context)) {
            free(numbers);
            return NULL;
        }
        numbers[i] = context->handle;
    }
    return numbers;
}

PyObject *ending_of_contexts(struct place *place, PyObject *const *arguments, Py_ssize_t count)
{
    struct end end = {.what = END_CONTEXTS};
    uint64_t *numbers;
    PyObject *contexts, *made = NULL;

    if (!argument_count(count, 4))
        return NULL;
    contexts = PySequence_List(arguments[0]); /* of our own: nobody changes it */
    if (contexts == NULL)
        return NULL;
    end.count = (size_t)PyList_Size(contexts);
    numbers = numbers_of(place, contexts, end.count);
    end.contexts = numbers;
    if (numbers != NULL)
        made = begin(place, &end, arguments + 1);
    for (size_t i = 0; made != NULL && i < end.count; i++)
        context_mark_dead((struct context *)PyList_GetItem(contexts, (Py_ssize_t)i));
    place_follow(place, made, "delete", contexts);
    free(numbers);
    Py_DECREF(contexts);
    return made;
}

PyObject *ending_of_credential(struct place *place, PyObject *const *arguments,
                               Py_ssize_t count)
{
    struct end end = {.what = END_CREDENTIAL};

    if (!argument_count(count, 4))
        return NULL;
    end.handle = PyLong_AsUnsignedLongLong(arguments[0]);
    if (end.handle == UINT64_MAX && PyErr_Occurred())
        return NULL;
    return begin(place, &end, arguments + 1);
}

PyObject *ending_make_type(PyObject *base)
{
    static PyMemberDef members[] = {{NULL, 0, 0, 0, NULL}};

    return call_make_subtype(base, "sspi_async._native.Ending", sizeof(struct ending),
                             (PyType_Slot){Py_tp_members, members});
}
