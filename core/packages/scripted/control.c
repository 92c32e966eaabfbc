/* SPDX-License-Identifier: MIT */
#include "control.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

const sspia_host *scripted_host;

static atomic_int_fast64_t counts[CONTROL_GROWN + 1];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all below */
static pthread_cond_t permitted = PTHREAD_COND_INITIALIZER;
static uint64_t permits;
static uint32_t blocked;
static char operations[65536]; /* what comes when it is full is not noted */
static _Atomic size_t operation_count;

void control_add(enum control_count which, int64_t by)
{
    atomic_fetch_add(&counts[which], by);
}

void control_note(char operation)
{
    if (operation_count == sizeof(operations))
        return;
    pthread_mutex_lock(&lock);
    if (operation_count < sizeof(operations))
        operations[operation_count++] = operation;
    pthread_mutex_unlock(&lock);
}

void control_block(void)
{
    pthread_mutex_lock(&lock);
    blocked++;
    while (permits == 0)
        pthread_cond_wait(&permitted, &lock);
    permits--;
    blocked--;
    pthread_mutex_unlock(&lock);
}

void control_release(uint32_t more)
{
    pthread_mutex_lock(&lock);
    permits += more;
    pthread_cond_broadcast(&permitted);
    pthread_mutex_unlock(&lock);
}

static SECURITY_STATUS query_counts(sspia_scripted_counts *result)
{
    if (result->size != sizeof(*result))
        return SEC_E_INVALID_PARAMETER;
    result->credentials = (uint32_t)atomic_load(&counts[CONTROL_CREDENTIALS]);
    result->contexts = (uint32_t)atomic_load(&counts[CONTROL_CONTEXTS]);
    result->legs = (uint64_t)atomic_load(&counts[CONTROL_LEGS]);
    result->grown = (uint64_t)atomic_load(&counts[CONTROL_GROWN]);
    pthread_mutex_lock(&lock);
    result->blocked = blocked;
    result->permits = permits;
    pthread_mutex_unlock(&lock);
    return SEC_E_OK;
}

static SECURITY_STATUS query_log(char **result)
{
    /* The most there can be: the lock is no place to allocate under. */
    char *log = scripted_host->allocate(sizeof(operations) + 1);

    if (log == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    pthread_mutex_lock(&lock);
    memcpy(log, operations, operation_count);
    operation_count = 0;
    pthread_mutex_unlock(&lock);
    *result = log;
    return SEC_E_OK;
}

SECURITY_STATUS control_query(uint32_t attribute, void *buffer)
{
    if (attribute == SSPIA_SCRIPTED_ATTR_COUNTS)
        return query_counts(buffer);
    if (attribute == SSPIA_SCRIPTED_ATTR_LOG)
        return query_log(buffer);
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS control_set(uint32_t attribute, const void *buffer, size_t size)
{
    uint32_t more;

    if (attribute != SSPIA_SCRIPTED_ATTR_RELEASE)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (size != sizeof(more))
        return SEC_E_INVALID_PARAMETER;
    memcpy(&more, buffer, sizeof(more));
    control_release(more);
    return SEC_E_OK;
}
