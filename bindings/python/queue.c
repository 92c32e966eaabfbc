/* SPDX-License-Identifier: MIT */
#include "queue.h"

#include <sspi_hub.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "failure.h"
#include "place.h"

#define LOT    128 /* completions that are taken at a time, and of a loop in a turn */
#define FEWEST 16  /* room for that many */

/* A loop has other things to do: the time after which a drain takes no more, and how many it
 * begins with. */
#define TURN_NS   200000
#define FIRST_LOT 2

/* ---- Who waits --------------------------------------------------------------------------- */

/* Room for one more, so that it can be heard. */
static bool make_room(struct queue *queue)
{
    const size_t needed = queue->count + queue->expected + 1;
    size_t room = queue->room > 0 ? queue->room : FEWEST;
    struct heard *larger;

    if (needed <= queue->room)
        return true;
    while (room < needed)
        room *= 2;
    larger = realloc(queue->heard, room * sizeof(*larger));
    if (larger == NULL) {
        PyErr_NoMemory();
        return false;
    }
    queue->heard = larger;
    queue->room = room;
    return true;
}

bool queue_expect(struct queue *queue, struct call *call)
{
    if (!make_room(queue))
        return false;
    queue->expected++;
    Py_INCREF(call);
    call->next = queue->pending;
    call->link = &queue->pending;
    if (call->next != NULL)
        call->next->link = &call->next;
    queue->pending = call;
    return true;
}

/* The list's reference passes to the caller. */
static void take_out(struct queue *queue, struct call *call)
{
    queue->expected--;
    *call->link = call->next;
    if (call->next != NULL)
        call->next->link = call->link;
    call->next = NULL;
    call->link = NULL;
}

void queue_forget(struct queue *queue, struct call *call)
{
    if (call->link == NULL)
        return;
    take_out(queue, call);
    Py_DECREF(call);
}

static PyObject *queue_register(struct queue *queue, PyObject *entry)
{
    const uint64_t number = queue->last_number + 2;
    PyObject *id;

    if (!make_room(queue))
        return NULL;
    id = PyLong_FromUnsignedLongLong(number);
    if (id == NULL || PyDict_SetItem(queue->numbered, id, entry) < 0) {
        Py_XDECREF(id);
        return NULL;
    }
    queue->last_number = number;
    queue->expected++;
    return id;
}

/* A new reference to what waits under a number, for the last time; or NULL. */
static PyObject *take_numbered(struct queue *queue, PyObject *id)
{
    PyObject *entry = PyDict_GetItemWithError(queue->numbered, id);

    if (entry == NULL)
        return NULL;
    Py_INCREF(entry);
    queue->expected--;
    if (PyDict_DelItem(queue->numbered, id) < 0)
        PyErr_Clear();
    return entry;
}

static PyObject *queue_unregister(struct queue *queue, PyObject *id)
{
    PyObject *entry = take_numbered(queue, id);

    Py_XDECREF(entry);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

/* ---- Hear -------------------------------------------------------------------------------- */

static void add_heard(struct queue *queue, PyObject *entry, bool is_call)
{
    queue->heard[queue->count++] = (struct heard){entry, is_call};
}

static void hear_numbered(struct queue *queue, uint64_t number)
{
    PyObject *id = PyLong_FromUnsignedLongLong(number);
    PyObject *entry = id != NULL ? take_numbered(queue, id) : NULL;

    Py_XDECREF(id);
    if (entry != NULL)
        add_heard(queue, entry, false);
    else if (PyErr_Occurred())
        PyErr_WriteUnraisable((PyObject *)queue);
}

static void hear(struct queue *queue, const sspia_hub_completion *completion)
{
    struct call *call;

    if (queue->of_parent)
        return;
    if (completion->id % 2 != 0) {
        hear_numbered(queue, completion->id);
        return;
    }
    call = (struct call *)(uintptr_t)completion->id;
    take_out(queue, call);
    if (call->heard == CALL_PENDING)
        call->heard = completion->status;
    add_heard(queue, (PyObject *)call, true);
}

/* Those who listen poll a pipe. They leave the list before they close it, and that does not
 * block: a pipe that is full has been noticed, or will be. */
static void wake_listeners(struct queue *queue)
{
    const Py_ssize_t count = queue->listeners != NULL ? PyList_Size(queue->listeners) : 0;

    for (Py_ssize_t i = 0; i < count; i++) {
        const long fd = PyLong_AsLong(PyList_GetItem(queue->listeners, i));

        if (fd < 0 || write((int)fd, "!", 1) < 0)
            PyErr_Clear();
    }
}

static void hear_all(struct queue *queue, const sspia_hub_completion *lot, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        hear(queue, &lot[i]);
    if (count > 0)
        wake_listeners(queue);
}

/* What is there, so many at most: how many. */
static int32_t poll_lot(struct queue *queue, int32_t size)
{
    sspia_hub_completion lot[LOT];
    const int32_t count = sspia_hub_queue_take(queue->native, 0, lot, (uint32_t)size);

    hear_all(queue, lot, count);
    return count;
}

bool queue_look(struct queue *queue)
{
    PyObject *done;

    while (poll_lot(queue, LOT) == LOT)
        continue;
    if (queue->count == 0)
        return true;
    done = PyObject_CallMethod((PyObject *)queue, "deliver_soon", NULL);
    Py_XDECREF(done);
    return done != NULL;
}

int queue_drop(struct queue *queue, struct call *call, int32_t status)
{
    if (!queue_look(queue))
        return -1;
    if (call->heard != CALL_PENDING || call->link == NULL)
        return 0;
    /* For one that is heard twice: its completion is still to come. */
    if (!make_room(queue))
        return -1;
    call->heard = status;
    Py_INCREF(call);
    add_heard(queue, (PyObject *)call, true);
    wake_listeners(queue);
    return queue_look(queue) ? 1 : -1;
}

static PyObject *queue_take(struct queue *queue, PyObject *ignored)
{
    sspia_hub_completion lot[LOT];
    const uint64_t native = queue->native;
    PyThreadState *state;
    int32_t count;

    (void)ignored;
    queue->takers++;
    state = PyEval_SaveThread();
    count = sspia_hub_queue_take(native, -1, lot, LOT);
    PyEval_RestoreThread(state);
    queue->takers--;
    hear_all(queue, lot, count);
    return PyBool_FromLong(count >= 0);
}

/* ---- Deliver ----------------------------------------------------------------------------- */

static PyObject *deliver_one(struct queue *queue, const struct heard *heard)
{
    if (heard->is_call)
        return call_deliver((struct call *)heard->entry, queue);
    return PyObject_CallMethod(heard->entry, "_deliver", "O", (PyObject *)queue);
}

static PyObject *queue_deliver(struct queue *queue, PyObject *ignored)
{
    struct failure stop = {NULL, NULL, NULL};
    struct heard *heard = queue->heard;
    const size_t count = queue->count;
    const size_t room = queue->expected > FEWEST ? queue->expected : FEWEST;
    struct heard *fresh;

    (void)ignored;
    if (count == 0)
        Py_RETURN_NONE;
    /* What is heard meanwhile, by code that is called here, has a place of its own. */
    fresh = malloc(room * sizeof(*fresh));
    if (fresh == NULL)
        return PyErr_NoMemory();
    queue->heard = fresh;
    queue->room = room;
    queue->count = 0;
    for (size_t i = 0; i < count; i++) {
        PyObject *done = deliver_one(queue, &heard[i]);

        Py_DECREF(heard[i].entry);
        if (done == NULL) /* nobody else would deliver the rest */
            failure_fetch(&stop);
        Py_XDECREF(done);
    }
    free(heard);
    if (failure_restore(&stop))
        return NULL;
    Py_RETURN_NONE;
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* How many more fit into the time that is left, at the pace so far. */
static int32_t next_lot(int64_t spent, int64_t delivered)
{
    const int64_t fit = spent < TURN_NS ? (TURN_NS - spent) * delivered / (spent + 1) : 0;
    const int64_t most = LOT - delivered;

    return (int32_t)(fit < most ? fit : most);
}

/* For the owner: hears and delivers what is there, for as long as TURN_NS. A completion that
 * wakes a task runs it, so many at once would hold up everything else of the loop. Those that
 * are not taken keep the descriptor readable, so the loop calls again. */
static PyObject *queue_drain(struct queue *queue, PyObject *ignored)
{
    const unsigned long outer = queue->drainer;
    const int64_t begun = now_ns();
    int32_t size = FIRST_LOT, count;
    int64_t delivered = 0;
    PyObject *done;

    queue->drainer = PyThread_get_thread_ident();
    do {
        count = poll_lot(queue, size);
        done = queue_deliver(queue, ignored);
        if (done == NULL)
            break;
        Py_DECREF(done);
        delivered += count;
        size = count == size ? next_lot(now_ns() - begun, delivered) : 0;
    } while (size > 0);
    queue->drainer = outer;
    if (done == NULL)
        return NULL;
    Py_RETURN_NONE;
}

/* ---- The end ----------------------------------------------------------------------------- */

static void free_native(struct queue *queue)
{
    const uint64_t native = queue->native;

    queue->native = 0;
    if (native != 0)
        sspia_hub_queue_free(native);
}

/* Lets go of all who wait. Each may run Python code when it goes. */
static void let_go(struct queue *queue)
{
    struct heard *heard = queue->heard;
    const size_t count = queue->count;

    queue->heard = NULL;
    queue->count = queue->room = 0;
    for (size_t i = 0; i < count; i++)
        Py_DECREF(heard[i].entry);
    free(heard);
    while (queue->pending != NULL)
        queue_forget(queue, queue->pending);
    if (queue->numbered != NULL && PyDict_Size(queue->numbered) > 0) {
        queue->expected -= (size_t)PyDict_Size(queue->numbered);
        PyDict_Clear(queue->numbered);
    }
}

static PyObject *queue_free(struct queue *queue, PyObject *ignored)
{
    (void)ignored;
    free_native(queue);
    Py_RETURN_NONE;
}

/* What a thread inside the library has taken is heard when it comes back. */
static PyObject *queue_close(struct queue *queue, PyObject *ignored)
{
    (void)ignored;
    free_native(queue);
    if (queue->takers == 0)
        let_go(queue);
    Py_RETURN_NONE;
}

static PyObject *queue_after_fork(struct queue *queue, PyObject *ignored)
{
    (void)ignored;
    queue->of_parent = true;
    queue->takers = 0;
    queue->drainer = 0;
    for (struct call *call = queue->pending; call != NULL; call = call->next) {
        if (call->heard == CALL_PENDING)
            call->heard = SEC_E_SHUTDOWN_IN_PROGRESS;
    }
    if (queue->listeners != NULL &&
        PyList_SetSlice(queue->listeners, 0, PyList_Size(queue->listeners), NULL) < 0)
        return NULL;
    let_go(queue);
    Py_RETURN_NONE;
}

static PyObject *queue_expects_endings(struct queue *queue, PyObject *ignored)
{
    const struct call *call = queue->pending;

    (void)ignored;
    while (call != NULL && (call->heard != CALL_PENDING || !call_is_ending(call)))
        call = call->next;
    return PyBool_FromLong(call != NULL);
}

/* ---- The type ---------------------------------------------------------------------------- */

static int queue_init(struct queue *queue, PyObject *arguments, PyObject *keywords)
{
    PyObject *place, *loop;
    int of_loop;

    if (queue->native != 0 || (keywords != NULL && PyDict_Size(keywords) > 0)) {
        PyErr_SetString(PyExc_TypeError, "a queue is made once, of a place and its loop");
        return -1;
    }
    if (!PyArg_ParseTuple(arguments, "OOp", &place, &loop, &of_loop))
        return -1;
    queue->numbered = PyDict_New();
    queue->listeners = PyList_New(0);
    if (queue->numbered == NULL || queue->listeners == NULL)
        return -1;
    queue->last_number = 1;
    queue->of_loop = of_loop != 0;
    Py_INCREF(place);
    queue->place = (struct place *)place;
    Py_INCREF(loop);
    queue->loop = loop;
    queue->native = sspia_hub_queue_create();
    if (queue->native != 0)
        return 0;
    place_raise(queue->place, SEC_E_INSUFFICIENT_MEMORY);
    return -1;
}

static int queue_traverse(struct queue *queue, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(queue));
    Py_VISIT(queue->place);
    Py_VISIT(queue->loop);
    Py_VISIT(queue->numbered);
    Py_VISIT(queue->listeners);
    for (const struct call *call = queue->pending; call != NULL; call = call->next)
        Py_VISIT(call);
    for (size_t i = 0; i < queue->count; i++)
        Py_VISIT(queue->heard[i].entry);
    return 0;
}

/* The rest stays for those who come here on the way to their own end. */
static int queue_clear(struct queue *queue)
{
    free_native(queue); /* before those go whose addresses it knows */
    let_go(queue);
    return 0;
}

static void queue_dealloc(struct queue *queue)
{
    PyTypeObject *type = Py_TYPE(queue);

    PyObject_GC_UnTrack(queue);
    queue_clear(queue);
    if (queue->place != NULL)
        place_forget(queue->place, queue);
    Py_CLEAR(queue->place);
    Py_CLEAR(queue->loop);
    Py_CLEAR(queue->numbered);
    Py_CLEAR(queue->listeners);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(queue);
    Py_DECREF(type);
}

PyObject *queue_make_type(void)
{
    static PyMethodDef methods[] = {
        {"register", METHOD(queue_register), METH_O, NULL},
        {"forget", METHOD(queue_unregister), METH_O, NULL},
        {"take", METHOD(queue_take), METH_NOARGS, NULL},
        {"deliver", METHOD(queue_deliver), METH_NOARGS, NULL},
        {"drain", METHOD(queue_drain), METH_NOARGS, NULL},
        {"free", METHOD(queue_free), METH_NOARGS, NULL},
        {"close", METHOD(queue_close), METH_NOARGS, NULL},
        {"after_fork", METHOD(queue_after_fork), METH_NOARGS, NULL},
        {"expects_endings", METHOD(queue_expects_endings), METH_NOARGS, NULL},
        {NULL, NULL, 0, NULL},
    };
    static PyMemberDef members[] = {
        {"native", T_ULONGLONG, offsetof(struct queue, native), READONLY, NULL},
        {"loop", T_OBJECT, offsetof(struct queue, loop), READONLY, NULL},
        {"listeners", T_OBJECT, offsetof(struct queue, listeners), READONLY, NULL},
        {NULL, 0, 0, 0, NULL},
    };
    PyType_Slot slots[] = {
        {Py_tp_new, PyType_GenericNew},   {Py_tp_init, queue_init},
        {Py_tp_traverse, queue_traverse}, {Py_tp_clear, queue_clear},
        {Py_tp_dealloc, queue_dealloc},   {Py_tp_methods, methods},
        {Py_tp_members, members},         {0, NULL},
    };
    PyType_Spec spec = {"sspi_async._native.Queue", sizeof(struct queue), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};

    return PyType_FromSpec(&spec);
}
