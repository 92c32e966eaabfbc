/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <dirent.h>
#include <pthread.h>
#include <sspi.h>
#include <sspi_scripted.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
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

/* A number of a line of /proc/self/status; 0 if there is none. */
static int status_number(const char *format)
{
    char line[128];
    int number = 0;
    FILE *file = fopen("/proc/self/status", "r");

    if (!file)
        return 0;
    while (fgets(line, sizeof(line), file) && sscanf(line, format, &number) != 1)
        continue;
    fclose(file);
    return number;
}

int probe_resident(void)
{
    return status_number("VmRSS: %d");
}

int probe_threads(void)
{
    return status_number("Threads: %d");
}

static bool is_of_library(const char *task)
{
    static const char *const names[] = {"sspi-quick\n", "sspi-network\n", "sspi-acceptor\n",
                                        "sspi-reactor\n"};
    char path[64], name[32] = "";
    FILE *file;

    snprintf(path, sizeof(path), "/proc/self/task/%.20s/comm", task);
    file = fopen(path, "r");
    if (!file || !fgets(name, sizeof(name), file))
        name[0] = '\0';
    if (file)
        fclose(file);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

int probe_library_threads(void)
{
    int count = 0;
    struct dirent *task;
    DIR *tasks = opendir("/proc/self/task");

    if (!tasks)
        return 0;
    while ((task = readdir(tasks)))
        count += is_of_library(task->d_name);
    closedir(tasks);
    return count;
}

/* ---- Calls that block ------------------------------------------------------------------- */

static CredHandle outbound[2]; /* Scripted's, Kerberos' */
static atomic_int inside;

static void open_outbound(void)
{
    static char scripted[] = SSPIA_SCRIPTED_NAME, kerberos[] = "Kerberos";
    static char script[] = "all: per-leg";

    AcquireCredentialsHandleA(script, scripted, SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL,
                              &outbound[0], NULL);
    AcquireCredentialsHandleA(NULL, kerberos, SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL,
                              &outbound[1], NULL);
}

int probe_log_on(const char *package, const char *target)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    SecBuffer token = {.BufferType = SECBUFFER_TOKEN};
    SecBufferDesc tokens = {SECBUFFER_VERSION, 1, &token};
    CtxtHandle context;
    char name[256];
    uint32_t attributes;
    SECURITY_STATUS status;

    pthread_once(&once, open_outbound);
    snprintf(name, sizeof(name), "%s", target);
    atomic_fetch_add(&inside, 1);
    status = InitializeSecurityContextA(&outbound[strcmp(package, SSPIA_SCRIPTED_NAME) != 0],
                                        NULL, name, ISC_REQ_ALLOCATE_MEMORY, 0, 0, NULL, 0,
                                        &context, &tokens, &attributes, NULL);
    atomic_fetch_sub(&inside, 1);
    if (status < 0)
        return status;
    if (token.pvBuffer)
        FreeContextBuffer(token.pvBuffer);
    return DeleteSecurityContext(&context);
}

int probe_inside(void)
{
    return atomic_load(&inside);
}
