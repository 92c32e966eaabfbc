/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <pthread.h>
#include <sspi.h>
#include <sspi_scripted.h>
#include <unistd.h>

#define PATIENCE_MS 10000 /* for calls that are to block yet */

static CredHandle control;

static void open_control(void)
{
    static char package[] = SSPIA_SCRIPTED_NAME;

    AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL, &control,
                              NULL);
}

static CredHandle *opened(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, open_control);
    return &control;
}

static sspia_scripted_counts counts(void)
{
    sspia_scripted_counts result = {.size = sizeof(result)};

    QueryCredentialsAttributesA(opened(), SSPIA_SCRIPTED_ATTR_COUNTS, &result);
    return result;
}

int probe_contexts(void)
{
    return (int)counts().contexts;
}

int probe_credentials(void)
{
    return (int)counts().credentials - 1;
}

int probe_blocked(void)
{
    return (int)counts().blocked;
}

void probe_release(int count)
{
    uint32_t more = (uint32_t)count;

    SetCredentialsAttributesA(opened(), SSPIA_SCRIPTED_ATTR_RELEASE, &more, sizeof(more));
    /* Those who wait take it now, and not a call that comes after this. */
    for (int i = 0; i < PATIENCE_MS && counts().permits > 0; i++)
        usleep(1000);
}
