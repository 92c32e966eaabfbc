/* SPDX-License-Identifier: MIT */
#include "control.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>

const sspia_host *scripted_host;

static atomic_int_fast64_t counts[CONTROL_COUNTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all below */
static pthread_cond_t permitted = PTHREAD_COND_INITIALIZER;
static uint64_t permits;
static uint32_t blocked;
static struct driven *first;   /* of those that wait, the next to have a permit */
static void *over[64];         /* calls */
static size_t over_count;      /* since the start */
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

/* Lock held. */
static void meet(struct driven *driven)
{
    permits--;
    driven->was_met = true;
    if (driven->fd >= 0)
        eventfd_write(driven->fd, 1);
    else
        scripted_host->resume(driven->call);
}

/* Lock held. */
static void take_out(struct driven *driven)
{
    struct driven **link = &first;

    while (*link != driven)
        link = &(*link)->next;
    *link = driven->next;
    driven->is_in = false;
    blocked--;
}

void control_join(struct driven *driven, int fd, void *call)
{
    struct driven **link = &first;

    pthread_mutex_lock(&lock);
    *driven = (struct driven){.fd = fd, .call = call};
    if (permits > 0) {
        meet(driven);
    } else {
        while (*link != NULL)
            link = &(*link)->next;
        *link = driven;
        driven->is_in = true;
        blocked++;
    }
    pthread_mutex_unlock(&lock);
}

bool control_was_driven(const struct driven *driven)
{
    bool was_met;

    pthread_mutex_lock(&lock);
    was_met = driven->was_met;
    pthread_mutex_unlock(&lock);
    return was_met;
}

void control_leave(struct driven *driven)
{
    pthread_mutex_lock(&lock);
    if (driven->is_in)
        take_out(driven);
    pthread_mutex_unlock(&lock);
}

void control_remember(void *call)
{
    pthread_mutex_lock(&lock);
    over[over_count++ % (sizeof(over) / sizeof(over[0]))] = call;
    pthread_mutex_unlock(&lock);
}

void control_release(uint32_t more)
{
    pthread_mutex_lock(&lock);
    permits += more;
    while (permits > 0 && first != NULL) {
        struct driven *driven = first;

        take_out(driven);
        meet(driven);
    }
    for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++) {
        if (over[i] != NULL)
            scripted_host->resume(over[i]);
    }
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

static SECURITY_STATUS query_waits(sspia_scripted_waits *result)
{
    if (result->size != sizeof(*result))
        return SEC_E_INVALID_PARAMETER;
    result->waiting = (uint32_t)atomic_load(&counts[CONTROL_WAITING]);
    result->begun = (uint64_t)atomic_load(&counts[CONTROL_BEGUN]);
    result->stopped = (uint64_t)atomic_load(&counts[CONTROL_STOPPED]);
    result->abandoned = (uint64_t)atomic_load(&counts[CONTROL_ABANDONED]);
    result->idle_calls = (uint64_t)atomic_load(&counts[CONTROL_IDLE_CALLS]);
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
    if (attribute == SSPIA_SCRIPTED_ATTR_WAITS)
        return query_waits(buffer);
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
