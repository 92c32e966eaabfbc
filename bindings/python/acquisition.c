/* SPDX-License-Identifier: MIT */
#include "acquisition.h"

#include "argument.h"
#include "bytes.h"
#include "deadline.h"
#include "operation.h"
#include "place.h"
#include "queue.h"

PyObject *acquisition_begin(struct place *place, PyObject *const *arguments, Py_ssize_t count)
{
    struct operation *operation = NULL;
    struct queue *queue = NULL;
    struct deadline deadline;
    struct argument_bytes identity = {NULL, NULL, 0};
    PyObject *package = NULL, *principal = NULL, *made = NULL;
    const char *package_text, *principal_text;
    size_t package_size, principal_size;
    PyThreadState *state;
    uint64_t use, native, native_queue;
    int32_t status;

    if (!argument_count(count, 8) ||
        (package = bytes_hold_text(arguments[0], "package", &package_text, &package_size)) ==
            NULL ||
        (principal = bytes_hold_text(arguments[1], "principal", &principal_text,
                                     &principal_size)) == NULL ||
        !argument_number(arguments[2], &use) ||
        !argument_open(&identity, arguments[3], "identity") ||
        !deadline_of(arguments[6], arguments[7], &deadline))
        goto done;
    queue = place_queue(place);
    if (queue != NULL)
        operation = operation_create(place, queue, arguments[5], &deadline);
    if (operation == NULL)
        goto done;
    Py_INCREF(arguments[4]);
    operation->subject = arguments[4];
    native = operation->native;
    native_queue = queue->native;
    state = PyEval_SaveThread(); /* it may load a module */
    status = sspia_hub_acquire(native, native_queue, call_id(&operation->call), package_text,
                               package_size, principal_text, principal_size, (uint32_t)use,
                               identity.data, identity.size);
    PyEval_RestoreThread(state);
    made = operation_submitted(operation, status);
done:
    Py_XDECREF(package);
    Py_XDECREF(principal);
    Py_XDECREF(identity.held);
    Py_XDECREF(queue);
    return made;
}
