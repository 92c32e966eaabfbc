/* SPDX-License-Identifier: MIT */
/*
 * Invariants (all under the engine lock)
 *
 *  1. A question is in the list of its verifier, or given out, or in the hands of one thread,
 *     which answers it. It is answered once.
 *  2. A verifier that is closed has no list, and gets none.
 *  3. Who listens is in the verifier's other list, from its look that found no question until
 *     it has found one, was told of one, or was stopped. Who adds a question tells all in the
 *     list; they end though somebody else may have taken it before they look again.
 */
#include "verifier.h"

#include <stdlib.h>

#include "lock.h"

struct question {
    const sspia_ntlm_question *asked;
    struct handle handle; /* slot 0: not given out */
    struct question *next;
};

struct verifier {
    struct handle handle;
    bool closed;
    struct question *first, *last;
    struct listening *listening;
};

/* The job of a call that waits for a question. */
struct listening {
    struct waiting waiting;
    struct verifier *verifier; /* a reference */
    bool listed, told;
    struct listening *next, *previous;
};

/* ---- Both sides -------------------------------------------------------------------------- */

static struct verifier *acquire(void *number)
{
    struct handle handle;

    if (!handle_from_pointer(HANDLE_VERIFIER, number, &handle))
        return NULL;
    return handle_acquire(HANDLE_VERIFIER, handle);
}

void *verifier_create(void)
{
    struct verifier *verifier = calloc(1, sizeof(*verifier));

    if (verifier != NULL && handle_open(HANDLE_VERIFIER, verifier, &verifier->handle))
        return handle_to_pointer(HANDLE_VERIFIER, verifier->handle);
    free(verifier);
    return NULL;
}

/* Engine lock held. */
static void tell(const struct verifier *verifier)
{
    for (struct listening *one = verifier->listening; one != NULL; one = one->next) {
        one->told = true;
        waiting_end(one->waiting.wait.call);
    }
}

void verifier_free(void *number)
{
    struct handle handle;
    struct verifier *verifier = NULL;
    struct question *question;

    if (handle_from_pointer(HANDLE_VERIFIER, number, &handle))
        verifier = handle_close(HANDLE_VERIFIER, handle);
    if (verifier == NULL)
        return;
    engine_lock();
    verifier->closed = true;
    question = verifier->first;
    verifier->first = NULL;
    tell(verifier);
    engine_unlock();
    while (question != NULL) {
        struct question *next = question->next;

        question_answer(question, SSPIA_NTLM_UNABLE, NULL);
        question = next;
    }
    handle_release(verifier->handle);
}

/* ---- The acceptor's side ----------------------------------------------------------------- */

/* False: nobody can be told of it. */
static bool add(struct verifier *verifier, struct question *question)
{
    bool added;

    engine_lock();
    added = !verifier->closed;
    if (added) {
        if (verifier->first == NULL)
            verifier->first = question;
        else
            verifier->last->next = question;
        verifier->last = question;
        tell(verifier);
    }
    engine_unlock();
    return added;
}

static void ask(void *data, const sspia_ntlm_question *asked)
{
    struct question *question = calloc(1, sizeof(*question));
    struct verifier *verifier = question != NULL ? acquire(data) : NULL;
    bool added = false;

    if (verifier != NULL) {
        question->asked = asked;
        added = add(verifier, question);
        handle_release(verifier->handle);
    }
    if (added)
        return;
    free(question);
    asked->answer(asked, SSPIA_NTLM_UNABLE, NULL);
}

bool verifier_find(void *number, sspia_ntlm_verifier *program)
{
    struct verifier *verifier = acquire(number);

    if (verifier == NULL)
        return false;
    handle_release(verifier->handle);
    *program = (sspia_ntlm_verifier){ask, number};
    return true;
}

/* ---- The program's side ------------------------------------------------------------------ */

/* Engine lock held. */
static void join(struct listening *listening)
{
    struct verifier *verifier = listening->verifier;

    if (listening->listed)
        return;
    listening->listed = true;
    listening->previous = NULL;
    listening->next = verifier->listening;
    if (verifier->listening != NULL)
        verifier->listening->previous = listening;
    verifier->listening = listening;
}

/* Engine lock held. */
static void leave(struct listening *listening)
{
    if (!listening->listed)
        return;
    listening->listed = false;
    if (listening->next != NULL)
        listening->next->previous = listening->previous;
    if (listening->previous != NULL)
        listening->previous->next = listening->next;
    else
        listening->verifier->listening = listening->next;
}

static void stop(void *data)
{
    engine_lock();
    leave(data);
    engine_unlock();
}

static SECURITY_STATUS look(struct listening *listening)
{
    struct verifier *verifier = listening->verifier;
    sspia_wait *wait = &listening->waiting.wait;
    SECURITY_STATUS status = SEC_E_OK;

    engine_lock();
    if (verifier->closed) {
        status = SEC_E_INVALID_HANDLE;
    } else if (verifier->first == NULL && !listening->told) {
        join(listening);
        wait->stop = stop;
        wait->data = listening;
        status = SSPIA_WAITING;
    }
    if (status != SSPIA_WAITING)
        leave(listening);
    engine_unlock();
    return status;
}

static void run(struct job *job, sspia_report *report)
{
    struct listening *listening = job->arguments;

    (void)report;
    job->status = waiting_enter(&listening->waiting);
    if (job->status != SEC_E_OK)
        return;
    job->status = look(listening);
    waiting_leave(&listening->waiting, job->status);
}

static struct waiting *waiting_of(const struct job *job)
{
    return &((struct listening *)job->arguments)->waiting;
}

static void discard(struct job *job)
{
    struct listening *listening = job->arguments;

    stop(listening); /* where nobody else did: at exit */
    handle_release(listening->verifier->handle);
    free(listening);
}

static const struct operation operation_listen = {
    .name = "sspia_hub_verifier_wait",
    .run = run,
    .waiting = waiting_of,
    .thread_lane = LANE_QUICK,
    .discard = discard,
};

SECURITY_STATUS verifier_prepare(struct job *job, void *number)
{
    struct verifier *verifier = acquire(number);
    struct listening *listening;

    if (verifier == NULL)
        return SEC_E_INVALID_HANDLE;
    listening = calloc(1, sizeof(*listening));
    if (listening == NULL) {
        handle_release(verifier->handle);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    listening->verifier = verifier;
    *job = (struct job){
        .operation = &operation_listen, .arguments = listening, .lane = LANE_QUICK};
    return SEC_E_OK;
}

SECURITY_STATUS verifier_take(void *number, struct question **taken)
{
    struct verifier *verifier = acquire(number);

    *taken = NULL;
    if (verifier == NULL)
        return SEC_E_INVALID_HANDLE;
    engine_lock();
    if (verifier->first != NULL) {
        *taken = verifier->first;
        verifier->first = verifier->first->next;
    }
    engine_unlock();
    handle_release(verifier->handle);
    return SEC_E_OK;
}

const sspia_ntlm_question *question_asked(const struct question *question)
{
    return question->asked;
}

void *question_give_out(struct question *question)
{
    if (!handle_open(HANDLE_QUESTION, question, &question->handle))
        return NULL;
    return handle_to_pointer(HANDLE_QUESTION, question->handle);
}

struct question *question_take_back(void *number)
{
    struct handle handle;

    if (!handle_from_pointer(HANDLE_QUESTION, number, &handle))
        return NULL;
    return handle_close(HANDLE_QUESTION, handle);
}

void question_answer(struct question *question, uint32_t answer, const unsigned char *secret)
{
    question->asked->answer(question->asked, answer, secret);
    if (question->handle.slot != 0)
        handle_release(question->handle);
    else
        free(question);
}

/* ---- The two kinds ----------------------------------------------------------------------- */

static bool destroy(void *object)
{
    free(object);
    return true;
}

/* In the child nobody listens who did so in the parent, and what was asked there was asked for
 * calls that are none here. */
static void after_fork(void *object)
{
    struct verifier *verifier = object;

    verifier->closed = true;
    verifier->first = NULL;
    for (struct listening *one = verifier->listening; one != NULL; one = one->next)
        one->listed = false;
    verifier->listening = NULL;
}

__attribute__((constructor)) static void define_kinds(void)
{
    handle_define(HANDLE_VERIFIER, destroy, after_fork);
    handle_define(HANDLE_QUESTION, destroy, NULL);
}
