/* SPDX-License-Identifier: MIT */
/*
 * Messages of the hub: one piece of memory in, one out.
 *
 * A package that seals a stream of records (Schannel) says so in its capabilities, and gives
 * SECPKG_ATTR_STREAM_SIZES; all others seal messages, with SECPKG_ATTR_SIZES.
 */
#include "hub.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "memory.h"
#include "message.h"
#include "security_context.h"

static SECURITY_STATUS check(const char *operation, const void *data, size_t size)
{
    if ((data == NULL && size > 0) || size > BUFFER_BYTES_MAX)
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "the data is NULL or longer than 64 MiB");
    return SEC_E_OK;
}

static SecBuffer buffer(uint32_t type, void *data, size_t size)
{
    return (SecBuffer){.cbBuffer = (uint32_t)size, .BufferType = type, .pvBuffer = data};
}

/* For what a package only reads. */
static SecBuffer input_buffer(uint32_t type, const void *data, size_t size)
{
    union {
        const void *given;
        void *kept;
    } pointer = {.given = data};

    return buffer(type, pointer.kept, size);
}

static bool is_stream(const SecHandle *words)
{
    struct security_context *context;
    struct handle handle;
    bool stream;

    if (!handle_from_words(HANDLE_CONTEXT, words, &handle))
        return false;
    context = handle_acquire(HANDLE_CONTEXT, handle);
    if (context == NULL)
        return false;
    stream = (context->package->capabilities & SECPKG_FLAG_STREAM) != 0;
    handle_release(handle);
    return stream;
}

int32_t sspia_hub_sign(uint64_t context, const void *data, size_t size,
                       sspia_hub_bytes *signature)
{
    SecHandle words = hub_words(HANDLE_CONTEXT, context);
    SecPkgContext_Sizes sizes;
    SecBuffer buffers[2];
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status = check("MakeSignature", data, size);

    if (status == SEC_E_OK)
        status = sspia_QueryContextAttributesA(&words, SECPKG_ATTR_SIZES, &sizes);
    if (status != SEC_E_OK)
        return status;
    buffers[0] = input_buffer(SECBUFFER_DATA, data, size);
    buffers[1] =
        buffer(SECBUFFER_TOKEN, memory_allocate(sizes.cbMaxSignature), sizes.cbMaxSignature);
    if (buffers[1].pvBuffer == NULL)
        return message_fail("MakeSignature", SEC_E_INSUFFICIENT_MEMORY, NULL);
    status = sspia_MakeSignature(&words, 0, &message, 0);
    if (status == SEC_E_OK)
        *signature = (sspia_hub_bytes){buffers[1].pvBuffer, buffers[1].cbBuffer};
    else
        memory_free(buffers[1].pvBuffer);
    return status;
}

int32_t sspia_hub_verify(uint64_t context, const void *data, size_t size, const void *signature,
                         size_t signature_size)
{
    SecHandle words = hub_words(HANDLE_CONTEXT, context);
    SecBuffer buffers[2];
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status = check("VerifySignature", data, size);

    if (status == SEC_E_OK)
        status = check("VerifySignature", signature, signature_size);
    if (status != SEC_E_OK)
        return status;
    buffers[0] = input_buffer(SECBUFFER_DATA, data, size);
    buffers[1] = input_buffer(SECBUFFER_TOKEN, signature, signature_size);
    return sspia_VerifySignature(&words, &message, 0, NULL);
}

/* Closes the gaps that parts shorter than their room have left. */
static size_t join(unsigned char *start, const SecBuffer *parts, unsigned count)
{
    size_t size = 0;

    for (unsigned i = 0; i < count; i++) {
        if (parts[i].cbBuffer > 0)
            memmove(start + size, parts[i].pvBuffer, parts[i].cbBuffer);
        size += parts[i].cbBuffer;
    }
    return size;
}

static SECURITY_STATUS encrypt_message(SecHandle *words, uint32_t qop, const void *data,
                                       size_t size, sspia_hub_bytes *sealed)
{
    SecPkgContext_Sizes sizes;
    SecBuffer parts[3];
    SecBufferDesc message = {SECBUFFER_VERSION, 3, parts};
    unsigned char *bytes;
    size_t padding;
    SECURITY_STATUS status = sspia_QueryContextAttributesA(words, SECPKG_ATTR_SIZES, &sizes);

    if (status != SEC_E_OK)
        return status;
    padding = sizes.cbBlockSize > 1 ? sizes.cbBlockSize : 0;
    bytes = memory_allocate(sizes.cbSecurityTrailer + size + padding);
    if (bytes == NULL)
        return message_fail("EncryptMessage", SEC_E_INSUFFICIENT_MEMORY, NULL);
    parts[0] = buffer(SECBUFFER_TOKEN, bytes, sizes.cbSecurityTrailer);
    parts[1] = buffer(SECBUFFER_DATA, bytes + sizes.cbSecurityTrailer, size);
    parts[2] = buffer(SECBUFFER_PADDING, bytes + sizes.cbSecurityTrailer + size, padding);
    if (size > 0)
        memcpy(parts[1].pvBuffer, data, size);
    status = sspia_EncryptMessage(words, qop, &message, 0);
    if (status == SEC_E_OK)
        *sealed = (sspia_hub_bytes){bytes, join(bytes, parts, 3)};
    else
        memory_free(bytes);
    return status;
}

static SECURITY_STATUS encrypt_records(SecHandle *words, uint32_t qop,
                                       const unsigned char *data, size_t size,
                                       sspia_hub_bytes *sealed)
{
    SecPkgContext_StreamSizes sizes;
    unsigned char *bytes;
    size_t frame, used = 0;
    SECURITY_STATUS status =
        sspia_QueryContextAttributesA(words, SECPKG_ATTR_STREAM_SIZES, &sizes);

    if (status != SEC_E_OK)
        return status;
    frame = (size_t)sizes.cbHeader + sizes.cbTrailer;
    bytes = memory_allocate((size / sizes.cbMaximumMessage + 1) * frame + size);
    if (bytes == NULL)
        return message_fail("EncryptMessage", SEC_E_INSUFFICIENT_MEMORY, NULL);
    do {
        const size_t part = size < sizes.cbMaximumMessage ? size : sizes.cbMaximumMessage;
        unsigned char *record = bytes + used;
        SecBuffer parts[4] = {
            buffer(SECBUFFER_STREAM_HEADER, record, sizes.cbHeader),
            buffer(SECBUFFER_DATA, record + sizes.cbHeader, part),
            buffer(SECBUFFER_STREAM_TRAILER, record + sizes.cbHeader + part, sizes.cbTrailer),
            buffer(SECBUFFER_EMPTY, NULL, 0),
        };
        SecBufferDesc message = {SECBUFFER_VERSION, 4, parts};

        if (part > 0)
            memcpy(parts[1].pvBuffer, data, part);
        status = sspia_EncryptMessage(words, qop, &message, 0);
        if (status != SEC_E_OK)
            break;
        used += join(record, parts, 3);
        data += part;
        size -= part;
    } while (size > 0);
    if (status == SEC_E_OK)
        *sealed = (sspia_hub_bytes){bytes, used};
    else
        memory_free(bytes);
    return status;
}

int32_t sspia_hub_encrypt(uint64_t context, uint32_t qop, const void *data, size_t size,
                          sspia_hub_bytes *sealed)
{
    SecHandle words = hub_words(HANDLE_CONTEXT, context);
    SECURITY_STATUS status = check("EncryptMessage", data, size);

    if (status != SEC_E_OK)
        return status;
    if (is_stream(&words))
        return encrypt_records(&words, qop, data, size, sealed);
    return encrypt_message(&words, qop, data, size, sealed);
}

static SECURITY_STATUS decrypt_message(SecHandle *words, unsigned char *bytes, size_t size,
                                       size_t *plain_size, uint32_t *qop, size_t *used)
{
    SecBuffer parts[2] = {
        buffer(SECBUFFER_STREAM, bytes, size),
        buffer(SECBUFFER_DATA, NULL, 0),
    };
    SecBufferDesc message = {SECBUFFER_VERSION, 2, parts};
    SECURITY_STATUS status = sspia_DecryptMessage(words, &message, 0, qop);

    if (status != SEC_E_OK)
        return status;
    *plain_size = parts[1].cbBuffer;
    *used = size;
    if (parts[1].cbBuffer > 0)
        memmove(bytes, parts[1].pvBuffer, parts[1].cbBuffer);
    return SEC_E_OK;
}

static const SecBuffer *find(const SecBuffer *parts, unsigned count, uint32_t type)
{
    for (unsigned i = 0; i < count; i++) {
        if (parts[i].BufferType == type)
            return &parts[i];
    }
    return NULL;
}

/* The plaintext of each record moves to the front; it is never longer than the record. */
static SECURITY_STATUS decrypt_records(SecHandle *words, unsigned char *bytes, size_t size,
                                       size_t *plain_size, uint32_t *qop, size_t *used)
{
    SECURITY_STATUS status = SEC_E_OK;

    *plain_size = *used = 0;
    while (status == SEC_E_OK && *used < size) {
        SecBuffer parts[4] = {
            buffer(SECBUFFER_DATA, bytes + *used, size - *used),
            buffer(SECBUFFER_EMPTY, NULL, 0),
            buffer(SECBUFFER_EMPTY, NULL, 0),
            buffer(SECBUFFER_EMPTY, NULL, 0),
        };
        SecBufferDesc message = {SECBUFFER_VERSION, 4, parts};
        const SecBuffer *data, *extra;

        status = sspia_DecryptMessage(words, &message, 0, qop);
        if (status < 0)
            break;
        data = find(parts, 4, SECBUFFER_DATA);
        extra = find(parts, 4, SECBUFFER_EXTRA);
        *used = size - (extra != NULL ? extra->cbBuffer : 0);
        if (status == SEC_E_OK && data != NULL && data->cbBuffer > 0) {
            memmove(bytes + *plain_size, data->pvBuffer, data->cbBuffer);
            *plain_size += data->cbBuffer;
        }
    }
    /* What came before an unfinished record is good. */
    return status == SEC_E_INCOMPLETE_MESSAGE && *used > 0 ? SEC_E_OK : status;
}

int32_t sspia_hub_decrypt(uint64_t context, const void *data, size_t size,
                          sspia_hub_bytes *plain, uint32_t *qop, size_t *used)
{
    SecHandle words = hub_words(HANDLE_CONTEXT, context);
    size_t plain_size = 0;
    unsigned char *bytes;
    SECURITY_STATUS status = check("DecryptMessage", data, size);

    if (status != SEC_E_OK)
        return status;
    bytes = memory_allocate(size);
    if (bytes == NULL)
        return message_fail("DecryptMessage", SEC_E_INSUFFICIENT_MEMORY, NULL);
    if (size > 0)
        memcpy(bytes, data, size);
    *qop = 0;
    *used = 0;
    if (is_stream(&words))
        status = decrypt_records(&words, bytes, size, &plain_size, qop, used);
    else
        status = decrypt_message(&words, bytes, size, &plain_size, qop, used);
    if (status >= 0)
        *plain = (sspia_hub_bytes){bytes, plain_size};
    else
        memory_free(bytes);
    return status;
}

/* Data that is signed alone, before or after the rest; empty buffers are left out. */
static void add_readable(SecBuffer *parts, uint32_t *count, const void *data, size_t size)
{
    if (size > 0)
        parts[(*count)++] =
            input_buffer(SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, data, size);
}

static SECURITY_STATUS check_parts(const char *operation, const SecHandle *words,
                                   const void *header, size_t header_size, const void *data,
                                   size_t size, const void *trailer, size_t trailer_size)
{
    SECURITY_STATUS status = check(operation, header, header_size);

    if (status == SEC_E_OK)
        status = check(operation, data, size);
    if (status == SEC_E_OK)
        status = check(operation, trailer, trailer_size);
    if (status == SEC_E_OK && is_stream(words))
        status = message_fail(operation, SEC_E_UNSUPPORTED_FUNCTION,
                              "a stream package has no token apart from its records");
    return status;
}

int32_t sspia_hub_encrypt_parts(uint64_t context, uint32_t qop, const void *header,
                                size_t header_size, const void *data, size_t size,
                                const void *trailer, size_t trailer_size,
                                sspia_hub_bytes *token, sspia_hub_bytes *sealed)
{
    static const char operation[] = "EncryptMessage";
    SecHandle words = hub_words(HANDLE_CONTEXT, context);
    SecPkgContext_Sizes sizes;
    SecBuffer parts[5];
    SecBufferDesc message = {SECBUFFER_VERSION, 0, parts};
    unsigned char *start = NULL, *bytes = NULL;
    const SecBuffer *body, *padding;
    size_t room;
    SECURITY_STATUS status =
        check_parts(operation, &words, header, header_size, data, size, trailer, trailer_size);

    if (status == SEC_E_OK)
        status = sspia_QueryContextAttributesA(&words, SECPKG_ATTR_SIZES, &sizes);
    if (status != SEC_E_OK)
        return status;
    room = sizes.cbBlockSize > 1 ? sizes.cbBlockSize : 0;
    /* Padding is signed last of all, so the other side would have to cut it off before it can
     * know how long it is. */
    if (room > 0 && trailer_size > 0)
        return message_fail(operation, SEC_E_UNSUPPORTED_FUNCTION,
                            "a context that pads (RC4, DES3) cannot sign what follows the "
                            "data; use DCE style, or put it in front");
    start = memory_allocate(sizes.cbSecurityTrailer);
    bytes = memory_allocate(size + room);
    if (start == NULL || bytes == NULL) {
        status = message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
        goto done;
    }
    if (size > 0)
        memcpy(bytes, data, size);
    parts[message.cBuffers++] = buffer(SECBUFFER_TOKEN, start, sizes.cbSecurityTrailer);
    add_readable(parts, &message.cBuffers, header, header_size);
    body = &parts[message.cBuffers];
    parts[message.cBuffers++] = buffer(SECBUFFER_DATA, bytes, size);
    add_readable(parts, &message.cBuffers, trailer, trailer_size);
    padding = &parts[message.cBuffers];
    parts[message.cBuffers++] = buffer(SECBUFFER_PADDING, bytes + size, room);
    status = sspia_EncryptMessage(&words, qop, &message, 0);
    if (status == SEC_E_OK) {
        *token = (sspia_hub_bytes){start, parts[0].cbBuffer};
        *sealed = (sspia_hub_bytes){bytes, body->cbBuffer + padding->cbBuffer};
        start = bytes = NULL;
    }

done:
    memory_free(start);
    memory_free(bytes);
    return status;
}

int32_t sspia_hub_decrypt_parts(uint64_t context, const void *token, size_t token_size,
                                const void *header, size_t header_size, const void *data,
                                size_t size, const void *trailer, size_t trailer_size,
                                sspia_hub_bytes *plain, uint32_t *qop)
{
    static const char operation[] = "DecryptMessage";
    SecHandle words = hub_words(HANDLE_CONTEXT, context);
    SecPkgContext_Sizes sizes;
    SecBuffer parts[5];
    SecBufferDesc message = {SECBUFFER_VERSION, 0, parts};
    unsigned char *start = NULL, *bytes = NULL;
    const SecBuffer *body;
    size_t padding;
    SECURITY_STATUS status =
        check_parts(operation, &words, header, header_size, data, size, trailer, trailer_size);

    if (status == SEC_E_OK)
        status = check(operation, token, token_size);
    if (status == SEC_E_OK)
        status = sspia_QueryContextAttributesA(&words, SECPKG_ATTR_SIZES, &sizes);
    if (status != SEC_E_OK)
        return status;
    /* How much padding there is the last byte tells, once it is readable (RFC 1964 1.2.2.3). */
    padding = sizes.cbBlockSize > 1 && size > 0 ? 1 : 0;
    start = memory_allocate(token_size);
    bytes = memory_allocate(size);
    if (start == NULL || bytes == NULL) {
        status = message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
        goto done;
    }
    if (token_size > 0)
        memcpy(start, token, token_size);
    if (size > 0)
        memcpy(bytes, data, size);
    parts[message.cBuffers++] = buffer(SECBUFFER_TOKEN, start, token_size);
    add_readable(parts, &message.cBuffers, header, header_size);
    body = &parts[message.cBuffers];
    parts[message.cBuffers++] = buffer(SECBUFFER_DATA, bytes, size - padding);
    add_readable(parts, &message.cBuffers, trailer, trailer_size);
    if (padding > 0)
        parts[message.cBuffers++] = buffer(SECBUFFER_PADDING, bytes + size - 1, 1);
    *qop = 0;
    status = sspia_DecryptMessage(&words, &message, 0, qop);
    if (status == SEC_E_OK) {
        *plain = (sspia_hub_bytes){bytes, body->cbBuffer};
        bytes = NULL;
    }

done:
    memory_free(start);
    memory_free(bytes);
    return status;
}

int32_t sspia_hub_message_limit(uint64_t context, uint32_t qop, uint32_t packet,
                                uint32_t *plaintext)
{
    SecHandle words = hub_words(HANDLE_CONTEXT, context);
    sspia_message_limit limit = {.qop = qop, .packet = packet};
    SECURITY_STATUS status =
        sspia_QueryContextAttributesA(&words, SSPIA_ATTR_MESSAGE_LIMIT, &limit);

    if (status == SEC_E_OK)
        *plaintext = limit.plaintext;
    return status;
}

int32_t sspia_hub_control(uint64_t context, const void *token, size_t size)
{
    SecHandle words = hub_words(HANDLE_CONTEXT, context);
    SecBuffer part = input_buffer(SECBUFFER_TOKEN, token, size);
    SecBufferDesc message = {SECBUFFER_VERSION, 1, &part};
    SECURITY_STATUS status = check("ApplyControlToken", token, size);

    return status == SEC_E_OK ? sspia_ApplyControlToken(&words, &message) : status;
}

int32_t sspia_hub_export_context(uint64_t context, uint32_t flags, sspia_hub_bytes *packed)
{
    SecHandle words = hub_words(HANDLE_CONTEXT, context);
    SecBuffer pack = {0};
    SECURITY_STATUS status = sspia_ExportSecurityContext(&words, flags, &pack, NULL);

    if (status == SEC_E_OK)
        *packed = (sspia_hub_bytes){pack.pvBuffer, pack.cbBuffer};
    return status;
}

int32_t sspia_hub_import_context(const char *package, size_t package_size, const void *packed,
                                 size_t size, uint64_t *context)
{
    SecBuffer pack = input_buffer(SECBUFFER_EMPTY, packed, size);
    SecHandle words;
    char *name = NULL;
    SECURITY_STATUS status = check("ImportSecurityContext", packed, size);

    if (status == SEC_E_OK)
        status = hub_string("ImportSecurityContext", "package", package, package_size, &name);
    if (status == SEC_E_OK)
        status = sspia_ImportSecurityContextA(name, &pack, NULL, &words);
    if (status == SEC_E_OK)
        *context = hub_number(HANDLE_CONTEXT, &words);
    free(name);
    return status;
}
