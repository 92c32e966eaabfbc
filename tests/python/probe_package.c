/* SPDX-License-Identifier: MIT */
#include "probe_package.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sspi_package.h"

#define EXPORT __attribute__((visibility("default")))

static const sspia_host *host;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int blocked, permits, contexts, credentials, leg_count;
static char operations[65536];
static size_t operation_count;

struct probe_context {
    int legs;
    unsigned char secret[16];
};

static void note(char operation)
{
    pthread_mutex_lock(&lock);
    if (operation_count < sizeof(operations))
        operations[operation_count++] = operation;
    pthread_mutex_unlock(&lock);
}

static int count(int *counter, int by)
{
    int value;

    pthread_mutex_lock(&lock);
    value = *counter += by;
    pthread_mutex_unlock(&lock);
    return value;
}

static const char *word(const char *script, const char *name)
{
    size_t length = strlen(name);

    while (script != NULL && *script != '\0') {
        if (strncmp(script, name, length) == 0)
            return script + length;
        script += strcspn(script, " ");
        script += strspn(script, " ");
    }
    return NULL;
}

static unsigned long number(const char *script, const char *name, int base, unsigned long none)
{
    const char *text = word(script, name);

    return text != NULL ? strtoul(text, NULL, base) : none;
}

static void block_if_told(const char *script)
{
    if (word(script, "block") == NULL)
        return;
    pthread_mutex_lock(&lock);
    blocked++;
    pthread_cond_broadcast(&changed);
    while (permits == 0)
        pthread_cond_wait(&changed, &lock);
    permits--;
    blocked--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static SECURITY_STATUS outcome(const char *script, sspia_report *report)
{
    const char *say = word(script, "say=");

    if (say != NULL)
        snprintf(report->text, sizeof(report->text), "%.*s", (int)strcspn(say, " "), say);
    if (word(script, "fail=") != NULL)
        return (SECURITY_STATUS)number(script, "fail=", 16, 0);
    return word(script, "more") != NULL ? SEC_I_CONTINUE_NEEDED : SEC_E_OK;
}

static SECURITY_STATUS acquire(const char *principal, uint32_t use, const void *auth_data,
                               void **credential, int64_t *expiry, sspia_report *report)
{
    SECURITY_STATUS status;

    (void)use;
    (void)auth_data;
    note('A');
    block_if_told(principal);
    status = outcome(principal, report);
    if (status != SEC_E_OK)
        return status;
    *credential = malloc(1);
    if (*credential == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *expiry = 1000000000;
    count(&credentials, 1);
    return SEC_E_OK;
}

static void release(void *credential)
{
    count(&credentials, -1);
    free(credential);
}

static SECURITY_STATUS leg(void **context, const char *script, sspia_step_result *result,
                           sspia_report *report)
{
    struct probe_context *probe = *context;
    size_t size = number(script, "token=", 10, 1);
    SECURITY_STATUS status;

    if (probe == NULL) {
        probe = calloc(1, sizeof(*probe));
        if (probe == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        count(&contexts, 1);
        *context = probe;
    }
    probe->legs++;
    count(&leg_count, 1);
    block_if_told(script);
    status = outcome(script, report);
    result->token.data = host->allocate(size);
    result->token.size = size;
    if (result->token.data == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memset(result->token.data, probe->legs, size);
    result->attributes = 0x12;
    result->expiry = 1000000000;
    result->extra = number(script, "extra=", 10, 0);
    result->missing = number(script, "missing=", 10, 0);
    return status;
}

static SECURITY_STATUS initialize(void **context, const sspia_step *step,
                                  sspia_step_result *result, sspia_report *report)
{
    note('I');
    return leg(context, step->target, result, report);
}

static SECURITY_STATUS accept(void **context, const sspia_step *step, sspia_step_result *result,
                              sspia_report *report)
{
    char script[256] = "";

    note('C');
    for (uint32_t i = 0; i < step->input_count; i++) {
        const SecBuffer *buffer = &step->input[i];

        if (buffer->BufferType == SECBUFFER_TOKEN && buffer->cbBuffer < sizeof(script))
            memcpy(script, buffer->pvBuffer, buffer->cbBuffer);
    }
    return leg(context, script, result, report);
}

static void delete_context(void *context)
{
    note('D');
    count(&contexts, -1);
    free(context);
}

static SECURITY_STATUS sign(void *context, uint32_t qop, SecBufferDesc *message,
                            sspia_report *report)
{
    (void)context;
    (void)qop;
    (void)message;
    (void)report;
    note('S');
    return SEC_E_OK;
}

static SECURITY_STATUS query(void *context, uint32_t attribute, void *buffer,
                             sspia_report *report)
{
    static const char name[] = "pr\xc3\xb6"
                               "be";
    SecPkgContext_NamesA *names = buffer;

    (void)context;
    (void)report;
    if (attribute != SECPKG_ATTR_NAMES)
        return SEC_E_UNSUPPORTED_FUNCTION;
    names->sUserName = host->allocate(sizeof(name));
    if (names->sUserName == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(names->sUserName, name, sizeof(name));
    return SEC_E_OK;
}

static const sspia_package package = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof(package),
    .name = PROBE_NAME,
    .alias = "Probe alias",
    .comment = "for tests of the engine",
    .capabilities = SECPKG_FLAG_CONNECTION,
    .version = 1,
    .rpc_id = 0xffff,
    .max_token = 65536,
    .may_block = SSPIA_OP_ACQUIRE | SSPIA_OP_INITIALIZE | SSPIA_OP_ACCEPT,
    .acquire = acquire,
    .release = release,
    .initialize = initialize,
    .accept = accept,
    .delete_context = delete_context,
    .make_signature = sign,
    .query_context = query,
};

EXPORT const sspia_package *const *sspia_module_entry(const sspia_host *core,
                                                      sspia_report *report);

const sspia_package *const *sspia_module_entry(const sspia_host *core, sspia_report *report)
{
    static const sspia_package *const list[] = {&package, NULL};

    (void)report;
    host = core;
    return list;
}

static void control_release(int how_many)
{
    pthread_mutex_lock(&lock);
    permits += how_many;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static int control_wait_blocked(int how_many, int ms)
{
    struct timespec deadline;
    int result = 0;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += ms / 1000;
    pthread_mutex_lock(&lock);
    while (blocked < how_many && result == 0)
        result = pthread_cond_timedwait(&changed, &lock, &deadline);
    pthread_mutex_unlock(&lock);
    return result;
}

static int control_live_contexts(void)
{
    return count(&contexts, 0);
}

static int control_live_credentials(void)
{
    return count(&credentials, 0);
}

static int control_legs(void)
{
    return count(&leg_count, 0);
}

static void control_take_log(char *log, int size)
{
    size_t length;

    pthread_mutex_lock(&lock);
    length = operation_count < (size_t)size ? operation_count : (size_t)size - 1;
    memcpy(log, operations, length);
    log[length] = '\0';
    operation_count = 0;
    pthread_mutex_unlock(&lock);
}

EXPORT const struct probe *probe_control(void)
{
    static const struct probe control = {
        .release = control_release,
        .wait_blocked = control_wait_blocked,
        .live_contexts = control_live_contexts,
        .live_credentials = control_live_credentials,
        .legs = control_legs,
        .take_log = control_take_log,
    };

    return &control;
}
