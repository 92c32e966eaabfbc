/* SPDX-License-Identifier: MIT */
/*
 * Export and import of established contexts.
 *
 * gss_export_sec_context destroys its source. So the exported bytes are parked in the source,
 * and it is imported from them again at once; should that fail (memory), they stay there and
 * the next call on the context tries again: nothing is lost. With DELETE_OLD the core is
 * about to delete the source, which then is left parked.
 *
 * The packed form, numbers little-endian:
 *     0  "SSPIAGSS"              8  version 1
 *    12  1 (Kerberos)   13  1 (Kerberos)   14  1 for an initiator   15  0
 *    16  attributes             20  length of the target name
 *    24  started                32  expiry
 *    40  length of GSSAPI's part
 *    44  target name (UTF-8), GSSAPI's part, SHA-1 of all before it (libkrb5's)
 * The digest keeps accidents away from the importer of libkrb5. It is no
 * protection against someone who makes a pack: that is as good as knowing the keys.
 */
#include "transfer.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>

#define KERBEROS    1 /* as package and as mechanism; there were others of each */
#define HEAD_SIZE   44u
#define DIGEST_SIZE 20u
#define PART_MAX    (16u << 20)

static const unsigned char magic[8] = {'S', 'S', 'P', 'I', 'A', 'G', 'S', 'S'};
static const uint32_t version = 1;

static void store(unsigned char *place, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        place[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t load(const unsigned char *place, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = bytes; i > 0; i--)
        value = value << 8 | place[i - 1];
    return value;
}

static SECURITY_STATUS digest_of(const unsigned char *bytes, size_t size,
                                 unsigned char digest[DIGEST_SIZE], sspia_report *report)
{
    const krb5_data data = {.length = (unsigned int)size, .data = (char *)(uintptr_t)bytes};
    krb5_checksum sum = {.length = 0};
    krb5_context context;
    krb5_error_code code = krb5_init_context(&context);
    SECURITY_STATUS status;

    if (code != 0)
        return gss_status_krb5(NULL, code, GSS_AT_MESSAGE, "Kerberos configuration", report);
    code = krb5_c_make_checksum(context, CKSUMTYPE_NIST_SHA, NULL, 0, &data, &sum);
    status = gss_status_krb5(context, code, GSS_AT_MESSAGE, "packed context", report);
    if (status == SEC_E_OK)
        memcpy(digest, sum.contents, DIGEST_SIZE);
    krb5_free_checksum_contents(context, &sum);
    krb5_free_context(context);
    return status;
}

static void discard(sspia_bytes *packed)
{
    explicit_bzero(packed->data, packed->size);
    gss_host->free(packed->data);
    *packed = (sspia_bytes){NULL, 0};
}

static SECURITY_STATUS pack(const gss_context *context, sspia_bytes *packed,
                            sspia_report *report)
{
    size_t target = context->target_text != NULL ? strlen(context->target_text) : 0;
    size_t part = context->parked.length;
    unsigned char *bytes;
    SECURITY_STATUS status;

    if (target > PART_MAX || part > PART_MAX)
        return gss_status_report(report, SEC_E_CANNOT_PACK, "context", "it is too large");
    packed->size = HEAD_SIZE + target + part + DIGEST_SIZE;
    packed->data = bytes = gss_host->allocate(packed->size);
    if (bytes == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(bytes, magic, sizeof magic);
    store(bytes + 8, version, 4);
    bytes[12] = KERBEROS;
    bytes[13] = KERBEROS;
    bytes[14] = context->initiator;
    bytes[15] = 0;
    store(bytes + 16, context->attributes, 4);
    store(bytes + 20, target, 4);
    store(bytes + 24, (uint64_t)context->started, 8);
    store(bytes + 32, (uint64_t)context->expiry, 8);
    store(bytes + 40, part, 4);
    if (target > 0)
        memcpy(bytes + HEAD_SIZE, context->target_text, target);
    memcpy(bytes + HEAD_SIZE + target, context->parked.value, part);
    status =
        digest_of(bytes, HEAD_SIZE + target + part, bytes + HEAD_SIZE + target + part, report);
    if (status != SEC_E_OK)
        discard(packed);
    return status;
}

SECURITY_STATUS gss_transfer_export(void *object, uint32_t flags, sspia_bytes *packed,
                                    sspia_report *report)
{
    gss_context *context = object;
    OM_uint32 major;
    OM_uint32 minor;
    SECURITY_STATUS status;
    SECURITY_STATUS back;

    if (flags & ~(uint32_t)SECPKG_CONTEXT_EXPORT_DELETE_OLD)
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "fFlags",
                                 "only SECPKG_CONTEXT_EXPORT_DELETE_OLD is supported");
    status = gss_context_ready(context, report);
    if (status != SEC_E_OK)
        return status;
    major = gss_export_sec_context(&minor, &context->handle, &context->parked);
    if (GSS_ERROR(major))
        return gss_status(major, minor, GSS_AT_MESSAGE, report);
    status = pack(context, packed, report);
    if (status == SEC_E_OK && (flags & SECPKG_CONTEXT_EXPORT_DELETE_OLD))
        return status;
    back = gss_context_ready(context, report);
    if (status == SEC_E_OK && back != SEC_E_OK) {
        discard(packed);
        status = back;
    }
    return status;
}

static bool lengths_fit(const unsigned char *bytes, size_t size)
{
    uint64_t target;
    uint64_t part;

    if (size < HEAD_SIZE + DIGEST_SIZE)
        return false;
    target = load(bytes + 20, 4);
    part = load(bytes + 40, 4);
    return target <= PART_MAX && part > 0 && part <= PART_MAX &&
           size == HEAD_SIZE + target + part + DIGEST_SIZE;
}

static SECURITY_STATUS check(const unsigned char *bytes, size_t size, sspia_report *report)
{
    unsigned char digest[DIGEST_SIZE];
    SECURITY_STATUS status = SEC_E_OK;
    bool is_ours = lengths_fit(bytes, size) && memcmp(bytes, magic, sizeof magic) == 0 &&
                   load(bytes + 8, 4) == version && bytes[12] == KERBEROS &&
                   bytes[13] == KERBEROS && bytes[14] <= 1;

    if (is_ours)
        status = digest_of(bytes, size - DIGEST_SIZE, digest, report);
    if (status != SEC_E_OK)
        return status;
    if (is_ours && memcmp(digest, bytes + size - DIGEST_SIZE, DIGEST_SIZE) == 0)
        return SEC_E_OK;
    return gss_status_report(report, SEC_E_INVALID_TOKEN, "packed context",
                             "it is not one of this package");
}

SECURITY_STATUS gss_transfer_import(const void *packed, size_t size, void **object,
                                    sspia_report *report)
{
    const unsigned char *bytes = packed;
    gss_context *context = NULL;
    gss_buffer_desc part;
    size_t target;
    int initiated = 0;
    OM_uint32 major;
    OM_uint32 minor;
    SECURITY_STATUS status = check(bytes, size, report);

    *object = NULL;
    if (status != SEC_E_OK)
        return status;
    context = gss_context_create(bytes[14] == 1);
    if (context == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    context->attributes = (uint32_t)load(bytes + 16, 4);
    context->started = (int64_t)load(bytes + 24, 8);
    context->expiry = (int64_t)load(bytes + 32, 8);
    target = (size_t)load(bytes + 20, 4);
    part.length = (size_t)load(bytes + 40, 4);
    part.value = (void *)(uintptr_t)(bytes + HEAD_SIZE + target);
    if (target > 0) {
        context->target_text = strndup((const char *)bytes + HEAD_SIZE, target);
        if (context->target_text == NULL) {
            status = SEC_E_INSUFFICIENT_MEMORY;
            goto done;
        }
    }
    major = gss_import_sec_context(&minor, &part, &context->handle);
    status = gss_status(major, minor, GSS_AT_INITIATE, report);
    if (status != SEC_E_OK)
        goto done;
    /* What the head says of the context is used, so it must be what the context says. */
    major = gss_inquire_context(&minor, context->handle, NULL, NULL, NULL, NULL, NULL,
                                &initiated, NULL);
    status = gss_status(major, minor, GSS_AT_INITIATE, report);
    if (status == SEC_E_OK && (initiated != 0) != context->initiator)
        status = gss_status_report(report, SEC_E_INVALID_TOKEN, "packed context",
                                   "it contradicts itself");
    if (status == SEC_E_OK) {
        context->state = GSS_ESTABLISHED;
        *object = context;
        context = NULL;
    }

done:
    gss_context_delete(context);
    return status;
}
