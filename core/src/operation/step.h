/* SPDX-License-Identifier: MIT */
/* A leg together with the places of the caller that its outcome goes to. */
#ifndef SSPI_ASYNC_STEP_H
#define SSPI_ASYNC_STEP_H

#include "credential.h"
#include "job.h"
#include "leg.h"
#include "output.h"
#include "security_context.h"

struct step {
    struct leg *leg;
    struct credential
        *credential; /* a reference until the leg has run; NULL if none was given */
    const sspia_package *package;     /* of the credential, or NULL */
    struct security_context *context; /* a reference; NULL on a first leg */
    bool credential_dead;             /* one was given, and is not alive */
    bool context_dead;                /* likewise */

    /* The caller's, as they were at submit. */
    PCtxtHandle new_context;
    SecBuffer *token; /* NULL: nowhere to put one */
    void *token_memory;
    uint32_t token_room;
    bool allocate; /* the token's memory is ours to give */
    SecBuffer *alert;
    struct output_places outputs;
    SecBuffer *rest;            /* an EMPTY input buffer, for EXTRA or MISSING */
    unsigned char *token_input; /* where the caller's own token ends; not followed */
    uint32_t *attributes;
    PTimeStamp expiry;
    int64_t *expiry_utc;
    uint32_t needed; /* of the token, when something did not fit */
};

/* The arguments of both functions. */
struct step_arguments {
    bool acceptor;
    PCredHandle credential;
    PCtxtHandle context;
    char *target; /* UTF-8 of malloc; passes to the step, also on failure */
    uint32_t requested;
    uint32_t data_rep;
    PSecBufferDesc input;
    PCtxtHandle new_context;
    PSecBufferDesc output;
    uint32_t *attributes;
    PTimeStamp expiry;
    int64_t *expiry_utc; /* the same in seconds since 1970 UTC; or NULL */
};

/* Checks and copies; looks the handles up. */
SECURITY_STATUS step_prepare(const struct step_arguments *arguments, struct step **step,
                             sspia_report *report);

/* Their jobs' arguments are a step. */
extern const struct operation operation_initialize;
extern const struct operation operation_accept;

#endif
