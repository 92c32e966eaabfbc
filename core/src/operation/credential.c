/* SPDX-License-Identifier: MIT */
#include "credential.h"

#include <stdlib.h>

#include "gate.h"
#include "lock.h"

static bool release_state(const sspia_package *package, void *state)
{
    if (!gate_enter())
        return false;
    package->release(state);
    gate_leave();
    return true;
}

struct credential *credential_create(const sspia_package *package, uint32_t use, void *state)
{
    struct credential *credential = calloc(1, sizeof(*credential));

    if (credential != NULL) {
        credential->package = package;
        credential->state = state;
        credential->use = use;
        credential->may_block = package->credential_may_block != NULL
                                    ? package->credential_may_block(state)
                                    : package->may_block;
        if (handle_open(HANDLE_CREDENTIAL, credential, &credential->handle))
            return credential;
        free(credential);
    }
    release_state(package, state);
    return NULL;
}

/* Parked legs hold contexts and those hold the credential: the circle is cut here. */
void credential_close(struct credential *credential)
{
    struct leg *parked;

    engine_lock();
    parked = credential->parked;
    credential->parked = NULL;
    credential->closed = true;
    engine_unlock();
    while (parked != NULL) {
        struct leg *next = parked->next_parked;

        leg_free(parked);
        parked = next;
    }
    handle_release(credential->handle);
}

static bool destroy(void *object)
{
    struct credential *credential = object;

    if (!release_state(credential->package, credential->state))
        return false;
    free(credential);
    return true;
}

static void claim(struct job *job)
{
    job->claimed = handle_close(HANDLE_CREDENTIAL, job->target);
}

static bool claim_alone(struct job *job, struct handle target)
{
    job->claimed = handle_close(HANDLE_CREDENTIAL, target);
    return true;
}

static void run(struct job *job, sspia_report *report)
{
    (void)report;
    job->status = job->claimed != NULL ? SEC_E_OK : SEC_E_INVALID_HANDLE;
    if (job->claimed != NULL)
        credential_close(job->claimed);
    job->claimed = NULL;
}

const struct operation operation_free = {
    .name = "FreeCredentialsHandle",
    .is_end = true,
    .claim = claim,
    .claim_alone = claim_alone,
    .run = run,
};

__attribute__((constructor)) static void define_kind(void)
{
    handle_define(HANDLE_CREDENTIAL, destroy, NULL);
}
