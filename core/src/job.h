/* SPDX-License-Identifier: MIT */
/*
 * What a call is to do: one of five operations with its arguments. Synchronous functions run
 * a job on the spot, asynchronous ones hand the same job to a call: so that both give the
 * same results.
 */
#ifndef SSPI_ASYNC_JOB_H
#define SSPI_ASYNC_JOB_H

#include "acquisition.h"
#include "message.h"
#include "step.h"
#include "work.h"

enum job_operation {
    JOB_ACQUIRE,
    JOB_INITIALIZE,
    JOB_ACCEPT,
    JOB_FREE_CREDENTIAL,
    JOB_DELETE_CONTEXT,
    JOB_DELETE_CONTEXTS,
};

struct job {
    uint8_t operation;      /* enum job_operation */
    uint8_t lane;           /* enum lane */
    bool has_turn;          /* has the context's turn, or waits for it */
    bool alone;             /* of a delete: nobody else can come to its context: no turn */
    SECURITY_STATUS status; /* how it ended */
    union {
        struct acquisition *acquisition;
        struct step *step;
        struct handle target; /* of a free or a delete, until claimed; slot 0: never valid */
        struct credential *credential; /* of a free, claimed: the owner's reference, or NULL */
        struct handle_chain batch;     /* of many deletes: what was claimed, with references */
        char *message;                 /* of a job that ended: why it failed, or NULL */
    };
    /* A reference: of a later leg, or of a delete once claimed (the owner's). NULL: the job
     * needs no turn. */
    struct security_context *context;
};

/* Fill in a job; on failure there is nothing to discard. */
SECURITY_STATUS job_prepare_acquire(struct job *job,
                                    const struct acquisition_arguments *arguments,
                                    sspia_report *report);
SECURITY_STATUS job_prepare_step(struct job *job, const struct step_arguments *arguments,
                                 sspia_report *report);
/* Of a free or a delete. False, with a message: words is NULL. */
bool job_prepare_end(struct job *job, enum job_operation operation, const SecHandle *words);

/* Makes the target of a free or delete invalid for everybody else. Cannot fail; a target
 * that was not alive shows in the job's status. */
void job_claim(struct job *job);

/* The context did not let the job in: a delete came first. */
void job_lose_context(struct job *job);

/* Ends handles and writes nothing of the caller's: it is run though nobody wants to know. */
bool job_is_end(const struct job *job);

/* Does it, and leaves the status in the job; the caller has the turn if the job has a context.
 * A job that is an end has let go of its references. Of many deletes it makes the status: they
 * have been done. */
void job_run(struct job *job, sspia_report *report);
void job_publish(struct job *job);
/* For a job that was run, and whose outcome goes nowhere. */
void job_abandon(struct job *job);
/* Frees arguments and references; not with the engine lock held. */
void job_discard(struct job *job);

/* For messages. */
const char *job_package(const struct job *job);
const char *job_operation_name(const struct job *job);

/* A synchronous call: runs it here and now, in its turn. */
SECURITY_STATUS job_perform(struct job *job);

#endif
