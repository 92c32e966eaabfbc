/* SPDX-License-Identifier: MIT */
/* Numbers for handles, memory for results, packages, messages and the pool. */
#include "hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "message.h"
#include "package.h"
#include "sspi_queue.h"
#include "text.h"

_Static_assert(sizeof(void *) == sizeof(uint64_t), "handles and ids are 64-bit numbers");

uint64_t hub_number(enum handle_kind kind, const SecHandle *words)
{
    struct handle handle;

    if (!handle_from_words(kind, words, &handle))
        return 0;
    return (uintptr_t)handle_to_pointer(kind, handle);
}

void *hub_pointer(uint64_t number)
{
    return (void *)(uintptr_t)number;
}

SecHandle hub_words(enum handle_kind kind, uint64_t number)
{
    SecHandle words = {SEC_INVALID_HANDLE_WORD, SEC_INVALID_HANDLE_WORD};
    struct handle handle;

    if (handle_from_pointer(kind, hub_pointer(number), &handle))
        handle_to_words(kind, handle, &words);
    return words;
}

SECURITY_STATUS hub_copy(const void *data, size_t size, sspia_hub_bytes *bytes)
{
    void *copy = memory_allocate(size);

    if (copy == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (size > 0)
        memcpy(copy, data, size);
    *bytes = (sspia_hub_bytes){copy, size};
    return SEC_E_OK;
}

SECURITY_STATUS hub_text(const char *text, sspia_hub_bytes *bytes)
{
    return hub_copy(text, text != NULL ? strlen(text) : 0, bytes);
}

SECURITY_STATUS hub_string(const char *operation, const char *what, const char *text,
                           size_t size, char **string)
{
    SECURITY_STATUS status = SEC_E_INVALID_PARAMETER;
    char cause[80];

    *string = NULL;
    if (text != NULL || size == 0)
        status = text_from_utf8(text, size, string);
    if (status != SEC_E_INVALID_PARAMETER)
        return message_fail(operation, status, NULL);
    snprintf(cause, sizeof(cause), "the %s is NULL, too long, not UTF-8 or has a NUL in it",
             what);
    return message_fail(operation, status, cause);
}

int64_t hub_time(int64_t seconds)
{
    if (seconds == INT64_MAX)
        return -1;
    return seconds < 0 ? 0 : seconds;
}

void sspia_hub_bytes_free(void *data)
{
    sspia_FreeContextBuffer(data);
}

const char *sspia_hub_status_name(int32_t status)
{
    return sspia_status_name(status);
}

const char *sspia_hub_status_text(int32_t status)
{
    return sspia_status_text(status);
}

const char *sspia_hub_version(void)
{
    return sspia_version();
}

void sspia_hub_set_default_deadline(uint32_t milliseconds)
{
    sspia_set_default_deadline(milliseconds);
}

SECURITY_STATUS hub_package_number(const SecPkgInfoA *info, uint32_t member, int64_t *number)
{
    const int64_t members[] = {info->fCapabilities, info->wVersion, info->wRPCID,
                               info->cbMaxToken};

    if (member >= sizeof(members) / sizeof(members[0]))
        return SEC_E_INVALID_PARAMETER;
    *number = members[member];
    return SEC_E_OK;
}

SECURITY_STATUS hub_package_text(const SecPkgInfoA *info, uint32_t member,
                                 sspia_hub_bytes *text)
{
    switch (member) {
    case 0:
        return hub_text(info->Name, text);
    case 1:
        return hub_text(info->Comment, text);
    case 2:
        return hub_text(sspia_package_oid(info->Name), text);
    default:
        return SEC_E_INVALID_PARAMETER;
    }
}

int32_t sspia_hub_packages(sspia_hub_bytes *names)
{
    SecPkgInfoA *packages = NULL;
    uint32_t count = 0;
    size_t size = 0;
    char *next;
    SECURITY_STATUS status = sspia_EnumerateSecurityPackagesA(&count, &packages);

    if (status != SEC_E_OK)
        return status;
    for (uint32_t i = 0; i < count; i++)
        size += strlen(packages[i].Name) + 1;
    next = memory_allocate(size);
    if (next == NULL) {
        sspia_FreeContextBuffer(packages);
        return message_fail("EnumerateSecurityPackages", SEC_E_INSUFFICIENT_MEMORY, NULL);
    }
    *names = (sspia_hub_bytes){next, size};
    for (uint32_t i = 0; i < count; i++) {
        size = strlen(packages[i].Name) + 1;
        memcpy(next, packages[i].Name, size);
        next += size;
    }
    sspia_FreeContextBuffer(packages);
    return SEC_E_OK;
}

static SECURITY_STATUS describe(const char *package, size_t size, SecPkgInfoA **info)
{
    char *name;
    SECURITY_STATUS status =
        hub_string("QuerySecurityPackageInfo", "package", package, size, &name);

    if (status == SEC_E_OK)
        status = sspia_QuerySecurityPackageInfoA(name, info);
    free(name);
    return status;
}

int32_t sspia_hub_package_number(const char *package, size_t package_size, uint32_t member,
                                 int64_t *number)
{
    SecPkgInfoA *info;
    SECURITY_STATUS status = describe(package, package_size, &info);

    if (status != SEC_E_OK)
        return status;
    status = hub_package_number(info, member, number);
    sspia_FreeContextBuffer(info);
    return message_fail("QuerySecurityPackageInfo", status, NULL);
}

int32_t sspia_hub_package_text(const char *package, size_t package_size, uint32_t member,
                               sspia_hub_bytes *text)
{
    SecPkgInfoA *info;
    SECURITY_STATUS status = describe(package, package_size, &info);

    if (status != SEC_E_OK)
        return status;
    status = hub_package_text(info, member, text);
    sspia_FreeContextBuffer(info);
    return message_fail("QuerySecurityPackageInfo", status, NULL);
}

int32_t sspia_hub_package_add(const char *module, size_t module_size)
{
    char *name;
    SECURITY_STATUS status =
        hub_string("AddSecurityPackage", "module", module, module_size, &name);

    if (status == SEC_E_OK)
        status = sspia_AddSecurityPackageA(name, NULL);
    free(name);
    return status;
}

int32_t sspia_hub_package_turn_off(const char *package, size_t package_size)
{
    char *name;
    SECURITY_STATUS status =
        hub_string("sspia_package_turn_off", "package", package, package_size, &name);

    if (status == SEC_E_OK)
        status = sspia_package_turn_off(name);
    free(name);
    return status;
}

int32_t sspia_hub_last_message(sspia_hub_bytes *text)
{
    struct message message;

    sspia_last_message(message.text, sizeof(message.text));
    return hub_text(message.text, text);
}

int32_t sspia_hub_pool_configure(uint32_t min_threads, uint32_t max_threads,
                                 uint32_t max_quick_threads, uint32_t max_queued,
                                 uint32_t idle_ms)
{
    const sspia_pool_config config = {.size = sizeof(config),
                                      .min_threads = min_threads,
                                      .max_threads = max_threads,
                                      .max_quick_threads = max_quick_threads,
                                      .max_queued = max_queued,
                                      .idle_ms = idle_ms};

    return sspia_pool_configure(&config);
}

int64_t sspia_hub_pool_count(uint32_t member)
{
    sspia_pool_counts counts = {.size = sizeof(counts)};

    if (sspia_pool_stats(&counts) != SEC_E_OK)
        return -1;
    switch (member) {
    case 0:
        return counts.threads;
    case 1:
        return counts.idle;
    case 2:
        return counts.in_callbacks;
    case 3:
        return (int64_t)counts.pending;
    case 4:
        return (int64_t)counts.submitted;
    case 5:
        return (int64_t)counts.completed;
    default:
        return -1;
    }
}
