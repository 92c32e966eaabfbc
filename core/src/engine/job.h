/* SPDX-License-Identifier: MIT */
/*
 * What the engine is given to run: an operation, as a table of functions, and its arguments.
 * The engine knows nothing else about operations. Synchronous functions run a job on the spot,
 * asynchronous ones hand the same job to a call: so that both give the same results.
 */
#ifndef SSPI_ASYNC_JOB_H
#define SSPI_ASYNC_JOB_H

#include "handle.h"
#include "sspi_package.h"
#include "turn.h"
#include "waiting.h"
#include "work.h"

struct job;

/* A function that is NULL has nothing to do, but for run, which is always there. */
struct operation {
    const char *name; /* for messages */

    /* It ends handles and writes nothing of the caller's: it is run though nobody wants to
     * know, and lets go of its references as it runs. */
    bool is_end;
    /* The handles of job.batch are to be released, in slices, before run makes the status. */
    bool is_batch;

    /* Engine lock held. Makes the target invalid for everybody else. Cannot fail; a target
     * that was not alive shows in the job's status. */
    void (*claim)(struct job *job);
    /* The same without the lock, if the job needs no turn then: of an end, whose target is not
     * in the job. False: nothing was done. NULL: it is never so. */
    bool (*claim_alone)(struct job *job, struct handle target);
    /* Those of the object that a claimed job works on, and has a reference to (the owner's, if
     * it is a delete); NULL: the job needs no turn. Where the function is NULL no job does. */
    struct turns *(*turns)(const struct job *job);
    /* Engine lock held. The turns did not let the job in: a delete came first. */
    void (*refuse)(struct job *job);

    /* Of an end, of which many are run after another: prefetches what else the object is made
     * of that was claimed alone, and is on its way itself (as handle_define_fetch has it). */
    void (*fetch)(const void *object);
    /* The rest without the lock. Does it and leaves the status in the job. The caller has the
     * turn if the job needs one. */
    void (*run)(struct job *job, sspia_report *report);
    /* Of an operation whose run may leave SSPIA_WAITING as the status: the job's wait. It is
     * run again when that is over, in this lane if it asked for a thread that may block. */
    struct waiting *(*waiting)(const struct job *job);
    enum lane thread_lane;
    /* Writes the outcome to the caller's places. */
    void (*publish)(struct job *job);
    /* For a job that was run, and whose outcome goes nowhere. Engine lock held. */
    void (*abandon)(struct job *job);
    /* Frees arguments and references. */
    void (*discard)(struct job *job);
    /* The package's name for messages, or NULL. */
    const char *(*package)(const struct job *job);
};

struct job {
    const struct operation *operation;
    union {
        void *arguments;      /* of an acquire or a leg */
        struct handle target; /* of a free or a delete, until claimed; slot 0: never valid */
        void *claimed;        /* of a free or a delete: the owner's reference, or NULL */
        struct handle_chain batch; /* of many deletes: what was claimed, with references */
        char *message;             /* of a call that is COMPLETE: why it failed, or NULL */
    };
    SECURITY_STATUS status; /* how it ended */
    uint8_t lane;           /* enum lane */
    bool has_turn;          /* or waits for it; an end has it no more when it was run */
    bool alone;             /* of a delete: nobody else can come to its context: no turn */
};

static inline struct turns *job_turns(const struct job *job)
{
    return job->operation->turns != NULL ? job->operation->turns(job) : NULL;
}

static inline void job_discard(struct job *job)
{
    if (job->operation->discard != NULL)
        job->operation->discard(job);
}

static inline const char *job_package(const struct job *job)
{
    return job->operation->package != NULL ? job->operation->package(job) : NULL;
}

#endif
