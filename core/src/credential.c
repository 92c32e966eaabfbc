/* SPDX-License-Identifier: MIT */
#include "credential.h"

#include <stdlib.h>

#include "engine.h"

static bool release_state(const sspia_package *package, void *state)
{
    if (!engine_enter_package())
        return false;
    package->release(state);
    engine_leave_package();
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

bool credential_destroy(void *object)
{
    struct credential *credential = object;

    if (!release_state(credential->package, credential->state))
        return false;
    free(credential);
    return true;
}
