/* SPDX-License-Identifier: MIT */
/* Numbers for handles, memory for results, packages, messages and the pool. */
#include "hub.h"

#include <string.h>

#include "memory.h"
#include "message.h"
#include "package.h"
#include "sspi_queue.h"

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

int32_t sspia_hub_package_number(const char *package, uint32_t member, int64_t *number)
{
    SecPkgInfoA *info;
    SECURITY_STATUS status = sspia_QuerySecurityPackageInfoA(package, &info);

    if (status != SEC_E_OK)
        return status;
    status = hub_package_number(info, member, number);
    sspia_FreeContextBuffer(info);
    return message_fail("QuerySecurityPackageInfo", status, NULL);
}

int32_t sspia_hub_package_text(const char *package, uint32_t member, sspia_hub_bytes *text)
{
    SecPkgInfoA *info;
    SECURITY_STATUS status = sspia_QuerySecurityPackageInfoA(package, &info);

    if (status != SEC_E_OK)
        return status;
    status = hub_package_text(info, member, text);
    sspia_FreeContextBuffer(info);
    return message_fail("QuerySecurityPackageInfo", status, NULL);
}

int32_t sspia_hub_package_add(const char *module)
{
    return sspia_AddSecurityPackageA(module, NULL);
}

int32_t sspia_hub_package_turn_off(const char *package)
{
    return sspia_package_turn_off(package);
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
