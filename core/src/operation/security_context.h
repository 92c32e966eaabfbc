/* SPDX-License-Identifier: MIT */
/* A package's context behind a CtxtHandle. */
#ifndef SSPI_ASYNC_SECURITY_CONTEXT_H
#define SSPI_ASYNC_SECURITY_CONTEXT_H

#include <stdbool.h>

#include "handle.h"
#include "job.h"
#include "leg.h"
#include "sspi_package.h"

struct security_context {
    struct turns turns;
    struct handle handle;
    const sspia_package *package;
    void *state;                   /* the package's; NULL once torn down */
    struct credential *credential; /* a reference, or NULL (imported) */
    struct leg *parked;            /* a later leg whose token did not fit; owner of the turn */
    uint32_t may_block;            /* SSPIA_OP_*, of the credential of the first leg */
    bool acceptor;
    bool broken;    /* a leg was abandoned half-way; owner of the turn */
    int64_t expiry; /* as the last leg had it, seconds since 1970 UTC; owner of the turn */
};

/* Takes over state, and a reference to credential if that is not NULL; on NULL (no memory)
 * both have been let go. The caller owns the handle. */
struct security_context *security_context_create(const sspia_package *package,
                                                 struct credential *credential, bool acceptor,
                                                 void *state);

/* DeleteSecurityContext, whose job's target is the handle; and the same for a batch. */
extern const struct operation operation_delete;
extern const struct operation operation_delete_many;

#endif
