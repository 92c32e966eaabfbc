/* SPDX-License-Identifier: MIT */
/*
 * Export and import of established contexts: the mechanism's pack behind its package's name.
 *
 *     0  "SSPIANEG"   8  version 1   9  length of the name
 *    10  the name, the pack
 *
 * There is nothing else to know of an established context. The pack has a check of its own.
 */
#include "transfer.h"
#include "context.h"
#include "host.h"
#include "status.h"

#include <string.h>

#define HEAD_SIZE     10u
#define NAME_MAX_SIZE 255u

static const unsigned char magic[8] = {'S', 'S', 'P', 'I', 'A', 'N', 'E', 'G'};

SECURITY_STATUS neg_export(void *object, uint32_t flags, sspia_bytes *packed,
                           sspia_report *report)
{
    neg_context *context = object;
    const sspia_package *package = context->package;
    sspia_bytes inner = {NULL, 0};
    unsigned char *bytes;
    size_t name;
    SECURITY_STATUS status = neg_context_ready(context, report);

    if (status != SEC_E_OK)
        return status;
    name = strlen(package->name);
    if (package->export_context == NULL || package->import_context == NULL ||
        name > NAME_MAX_SIZE)
        return neg_report(report, SEC_E_UNSUPPORTED_FUNCTION, package->name, NULL);
    status = package->export_context(context->inner, flags, &inner, report);
    if (status != SEC_E_OK)
        return status;
    bytes = neg_host->allocate(HEAD_SIZE + name + inner.size);
    if (bytes == NULL) {
        neg_host->free(inner.data);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    memcpy(bytes, magic, sizeof magic);
    bytes[8] = 1;
    bytes[9] = (unsigned char)name;
    memcpy(bytes + HEAD_SIZE, package->name, name);
    memcpy(bytes + HEAD_SIZE + name, inner.data, inner.size);
    *packed = (sspia_bytes){bytes, HEAD_SIZE + name + inner.size};
    neg_host->free(inner.data); /* which wipes it */
    return SEC_E_OK;
}

static SECURITY_STATUS malformed(sspia_report *report)
{
    return neg_report(report, SEC_E_INVALID_TOKEN, "packed context",
                      "it is not one of this package");
}

SECURITY_STATUS neg_import(const void *packed, size_t size, void **object, sspia_report *report)
{
    const unsigned char *bytes = packed;
    char name[NAME_MAX_SIZE + 1];
    neg_mechanism mechanism;
    neg_context *context;
    size_t length;
    SECURITY_STATUS status;

    *object = NULL;
    if (size < HEAD_SIZE || memcmp(bytes, magic, sizeof magic) != 0 || bytes[8] != 1 ||
        size - HEAD_SIZE <= bytes[9])
        return malformed(report);
    length = bytes[9];
    memcpy(name, bytes + HEAD_SIZE, length);
    name[length] = '\0';
    if (strlen(name) != length)
        return malformed(report);
    if (!neg_mechanism_of(neg_host->find(name, report), &mechanism) ||
        mechanism.package->import_context == NULL)
        return neg_report(report, SEC_E_INVALID_TOKEN, "packed context",
                          "its mechanism is not available here");
    context = neg_context_create(false, NULL);
    if (context == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    context->package = mechanism.package;
    status = mechanism.package->import_context(
        bytes + HEAD_SIZE + length, size - HEAD_SIZE - length, &context->inner, report);
    if (status != SEC_E_OK) {
        neg_context_delete(context);
        return status;
    }
    context->inner_done = true;
    context->state = NEG_ESTABLISHED;
    *object = context;
    return SEC_E_OK;
}
