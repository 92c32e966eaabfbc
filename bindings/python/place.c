/* SPDX-License-Identifier: MIT */
#include "place.h"

#include <sspi_hub.h>

#include "acquisition.h"
#include "bytes.h"
#include "ending.h"
#include "leg.h"
#include "queue.h"
#include "relay.h"

/* ---- Where we are ------------------------------------------------------------------------ */

static PyObject *running_loop(struct place *place)
{
    return PyObject_CallObject(place->running_loop, NULL);
}

/* Inside a trio task; it may be one of a trio that is a guest of asyncio. */
static int is_in_trio(struct place *place)
{
    PyObject *task;
    int found;

    if (PyDict_GetItemWithError(place->modules, place->names[NAME_TRIO]) == NULL)
        return PyErr_Occurred() ? -1 : 0;
    task = PyObject_CallObject(place->trio_task, NULL);
    if (task == NULL)
        return -1;
    found = task != Py_None;
    Py_DECREF(task);
    return found;
}

/* Whether the queue is that of this loop; -1: an exception. */
static int belongs_to(const struct queue *queue, const PyObject *loop)
{
    PyObject *owner;
    int same;

    if (!queue->of_loop)
        return 0;
    owner = PyObject_CallObject(queue->loop, NULL);
    if (owner == NULL)
        return -1;
    same = owner == loop;
    Py_DECREF(owner);
    return same;
}

/* A loop that delivers here is the one that runs here, for asyncio lets no loop run inside
 * another. Most of what tasks do comes from there, and asking asyncio costs a system call in
 * some versions. */
int place_is_in(struct place *place, const struct queue *queue)
{
    int answer = is_in_trio(place);
    PyObject *loop;

    if (answer != 0)
        return answer < 0 ? answer : 0;
    if (queue->of_loop && queue->drainer == PyThread_get_thread_ident())
        return 1;
    loop = running_loop(place);
    if (loop == NULL)
        return -1;
    answer = loop != Py_None ? belongs_to(queue, loop) : 0;
    Py_DECREF(loop);
    return answer;
}

static struct queue *find_queue(struct place *place)
{
    PyObject *queue = PyObject_CallObject(place->find_queue, NULL);

    if (queue != NULL && ((struct queue *)queue)->of_loop)
        place->recent = (struct queue *)queue;
    return (struct queue *)queue;
}

struct queue *place_queue(struct place *place)
{
    struct queue *recent = place->recent;
    int here;

    if (recent == NULL)
        return find_queue(place);
    Py_INCREF(recent);
    here = place_is_in(place, recent);
    if (here > 0)
        return recent;
    Py_DECREF(recent);
    return here < 0 ? NULL : find_queue(place);
}

void place_forget(struct place *place, const struct queue *queue)
{
    if (place->recent == queue)
        place->recent = NULL;
}

static PyObject *place_after_fork(struct place *place, PyObject *ignored)
{
    (void)ignored;
    place->recent = NULL;
    Py_RETURN_NONE;
}

/* ---- Failures ---------------------------------------------------------------------------- */

static PyObject *raise(struct place *place, int32_t status, PyObject *message)
{
    PyObject *error = PyObject_CallFunction(place->failure, "iO", (int)status, message);

    if (error == NULL)
        return NULL;
    PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_DECREF(error);
    return NULL;
}

PyObject *place_raise(struct place *place, int32_t status)
{
    return raise(place, status, Py_None);
}

PyObject *place_raise_last(struct place *place, int32_t status)
{
    sspia_hub_bytes text = {NULL, 0};
    PyObject *message;

    sspia_hub_last_message(&text);
    message = bytes_take_text(&text);
    if (message == NULL)
        return NULL;
    raise(place, status, message);
    Py_DECREF(message);
    return NULL;
}

PyObject *place_raise_named(struct place *place, int32_t status, const char *name)
{
    PyObject *error = PyObject_CallFunction(place->failure, "iO", (int)status, Py_None);
    PyObject *text = error != NULL ? PyObject_GetAttrString(error, "message") : NULL;
    PyObject *message = text != NULL ? PyUnicode_FromFormat("%s: %S", name, text) : NULL;

    if (message != NULL)
        raise(place, status, message);
    Py_XDECREF(error);
    Py_XDECREF(text);
    Py_XDECREF(message);
    return NULL;
}

/* ---- Who wants to see calls -------------------------------------------------------------- */

/* A logger keeps the levels that are off in a dict, which is cleared when any level changes. A
 * look into that costs next to nothing, where asking the logger would cost a tenth of a delete.
 * A level that is not in there is asked for, by follow. */
static bool is_watched(const struct place *place)
{
    if (place->follow == NULL)
        return false;
    if (place->spans || !PyDict_Check(place->levels))
        return true;
    return PyDict_GetItemWithError(place->levels, place->debug) != Py_False;
}

void place_follow(struct place *place, PyObject *call, const char *operation, PyObject *subject)
{
    PyObject *done;

    if (call == NULL || !is_watched(place))
        return;
    done = PyObject_CallFunction(place->follow, "OsO", call, operation, subject);
    if (done == NULL)
        PyErr_WriteUnraisable(place->follow);
    Py_XDECREF(done);
}

/* ---- The type ---------------------------------------------------------------------------- */

static int place_init(struct place *place, PyObject *arguments, PyObject *keywords)
{
    static const char *const names[PLACE_NAMES] = {
        [NAME_TRIO] = "trio",
        [NAME_RUN] = "run",
        [NAME_AWAIT_ANYWHERE] = "_await_anywhere",
        [NAME_DELIVER] = "_deliver",
    };
    PyObject **const members[] = {
        &place->running_loop, &place->modules, &place->trio_task,       &place->find_queue,
        &place->copy_context, &place->failure, &place->cancelled_error,
    };
    const Py_ssize_t count = sizeof(members) / sizeof(members[0]);

    if (place->running_loop != NULL || PyTuple_Size(arguments) != count ||
        (keywords != NULL && PyDict_Size(keywords) > 0)) {
        PyErr_SetString(PyExc_TypeError, "a place is made once, of what queue.py gives it");
        return -1;
    }
    for (size_t i = 0; i < PLACE_NAMES; i++) {
        place->names[i] = PyUnicode_InternFromString(names[i]);
        if (place->names[i] == NULL)
            return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        *members[i] = PyTuple_GetItem(arguments, i);
        Py_INCREF(*members[i]);
    }
    return 0;
}

static int place_traverse(struct place *place, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(place));
    Py_VISIT(place->running_loop);
    Py_VISIT(place->modules);
    Py_VISIT(place->trio_task);
    Py_VISIT(place->find_queue);
    Py_VISIT(place->copy_context);
    Py_VISIT(place->failure);
    Py_VISIT(place->cancelled_error);
    Py_VISIT(place->waiter);
    Py_VISIT(place->ending);
    Py_VISIT(place->operation);
    Py_VISIT(place->relay);
    Py_VISIT(place->security_context);
    Py_VISIT(place->follow);
    Py_VISIT(place->levels);
    return 0;
}

/* There is no clear: the dicts of modules break the circles, and what is in them on its way to
 * its own end finds this as it was. */
static void place_dealloc(struct place *place)
{
    PyTypeObject *type = Py_TYPE(place);

    PyObject_GC_UnTrack(place);
    for (size_t i = 0; i < PLACE_NAMES; i++)
        Py_CLEAR(place->names[i]);
    Py_CLEAR(place->running_loop);
    Py_CLEAR(place->modules);
    Py_CLEAR(place->trio_task);
    Py_CLEAR(place->find_queue);
    Py_CLEAR(place->copy_context);
    Py_CLEAR(place->failure);
    Py_CLEAR(place->cancelled_error);
    Py_CLEAR(place->waiter);
    Py_CLEAR(place->ending);
    Py_CLEAR(place->operation);
    Py_CLEAR(place->relay);
    Py_CLEAR(place->security_context);
    Py_CLEAR(place->follow);
    Py_CLEAR(place->debug);
    Py_CLEAR(place->levels);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(place);
    Py_DECREF(type);
}

PyObject *place_make_type(void)
{
    static PyMethodDef methods[] = {
        {"after_fork", METHOD(place_after_fork), METH_NOARGS, NULL},
        {"end_context", METHOD(ending_of_context), METH_FASTCALL, NULL},
        {"end_contexts", METHOD(ending_of_contexts), METH_FASTCALL, NULL},
        {"end_credential", METHOD(ending_of_credential), METH_FASTCALL, NULL},
        {"acquire", METHOD(acquisition_begin), METH_FASTCALL, NULL},
        {"step", METHOD(leg_begin), METH_FASTCALL, NULL},
        {"first_leg", METHOD(relay_begin), METH_FASTCALL, NULL},
        {NULL, NULL, 0, NULL},
    };
    /* Set once each, by the module that has what it is; spans later. */
    static PyMemberDef members[] = {
        {"waiter", T_OBJECT, offsetof(struct place, waiter), 0, NULL},
        {"ending", T_OBJECT, offsetof(struct place, ending), 0, NULL},
        {"operation", T_OBJECT, offsetof(struct place, operation), 0, NULL},
        {"relay", T_OBJECT, offsetof(struct place, relay), 0, NULL},
        {"security_context", T_OBJECT, offsetof(struct place, security_context), 0, NULL},
        {"follow", T_OBJECT, offsetof(struct place, follow), 0, NULL},
        {"debug", T_OBJECT, offsetof(struct place, debug), 0, NULL},
        {"levels", T_OBJECT, offsetof(struct place, levels), 0, NULL},
        {"spans", T_BOOL, offsetof(struct place, spans), 0, NULL},
        {NULL, 0, 0, 0, NULL},
    };
    PyType_Slot slots[] = {
        {Py_tp_new, PyType_GenericNew},
        {Py_tp_init, place_init},
        {Py_tp_traverse, place_traverse},
        {Py_tp_dealloc, place_dealloc},
        {Py_tp_methods, methods},
        {Py_tp_members, members},
        {0, NULL},
    };
    PyType_Spec spec = {"sspi_async._native.Place", sizeof(struct place), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};

    return PyType_FromSpec(&spec);
}
