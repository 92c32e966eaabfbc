/* SPDX-License-Identifier: MIT */
#include "leg.h"

#include "argument.h"
#include "bytes.h"
#include "context.h"
#include "deadline.h"
#include "operation.h"
#include "place.h"
#include "queue.h"

static PyObject *submit(struct place *place, struct context *context,
                        PyObject *const *arguments, const struct argument_bytes *target,
                        const struct argument_bytes *token,
                        const struct argument_bytes *bindings,
                        const struct argument_bytes *protocols)
{
    const bool first = context->handle == 0;
    const int acceptor = PyObject_IsTrue(arguments[1]);
    struct operation *operation = NULL;
    struct deadline deadline;
    struct queue *queue;
    uint64_t credential, flags, id;
    int32_t status;

    if (acceptor < 0 || !argument_number(arguments[2], &credential) ||
        !argument_number(arguments[4], &flags) ||
        !deadline_of(arguments[9], arguments[10], &deadline))
        return NULL;
    if (arguments[11] == Py_None) {
        queue = place_queue(place);
    } else {
        queue = (struct queue *)arguments[11];
        Py_INCREF(queue);
    }
    if (queue == NULL)
        return NULL;
    operation = operation_create(place, queue, arguments[8], &deadline);
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
                                      context->handle, target->data, target->size, flags,
                                      token->data, token->size, bindings->data, bindings->size,
                                      protocols->data, protocols->size);
    if (status >= 0 && first)
        context_begin_first(context, (PyObject *)operation);
    return operation_submitted(operation, status);
}

PyObject *leg_begin(struct place *place, PyObject *const *arguments, Py_ssize_t count)
{
    struct context *context;
    struct argument_bytes target = {NULL, NULL, 0}, token = {NULL, NULL, 0},
                          bindings = {NULL, NULL, 0}, protocols = {NULL, NULL, 0};
    PyObject *made = NULL;

    if (!argument_count(count, 12) ||
        (context = context_of(arguments[0], place->security_context)) == NULL)
        return NULL;
    target.held = bytes_hold_text(arguments[3], "target", &target.data, &target.size);
    token.held = bytes_hold(arguments[5], "token", &token.data, &token.size);
    if (target.held != NULL && token.held != NULL &&
        argument_open(&bindings, arguments[6], "channel_bindings") &&
        argument_open(&protocols, arguments[7], "application_protocols"))
        made = submit(place, context, arguments, &target, &token, &bindings, &protocols);
    if (arguments[11] == Py_None) /* else it is part of another one */
        place_follow(place, made, "step", arguments[0]);
    Py_XDECREF(target.held);
    Py_XDECREF(token.held);
    Py_XDECREF(bindings.held);
    Py_XDECREF(protocols.held);
    return made;
}
