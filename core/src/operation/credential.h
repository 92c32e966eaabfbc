/* SPDX-License-Identifier: MIT */
/* A package's credential behind a CredHandle. */
#ifndef SSPI_ASYNC_CREDENTIAL_H
#define SSPI_ASYNC_CREDENTIAL_H

#include <stdbool.h>

#include "handle.h"
#include "job.h"
#include "leg.h"
#include "sspi_package.h"

struct credential {
    struct handle handle;
    const sspia_package *package;
    void *state; /* the package's */
    uint32_t use;
    uint32_t may_block; /* SSPIA_OP_*, of legs with it */

    /* Engine lock. */
    struct leg *parked; /* first legs whose token did not fit; see leg.h */
    bool closed;        /* nothing may be parked any more */
};

/* Takes over state; on NULL (no memory) it has been released. The caller owns the handle. */
struct credential *credential_create(const sspia_package *package, uint32_t use, void *state);

/* For those whose handle_close gave them the credential: lets go of what it parked, and of
 * the owner's reference. */
void credential_close(struct credential *credential);

/* FreeCredentialsHandle: the job's target is the handle. */
extern const struct operation operation_free;

#endif
