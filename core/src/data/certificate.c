/* SPDX-License-Identifier: MIT */
/*
 * Certificates and roots as callers hold them: the bytes that were loaded, kept as they are
 * for a package to read. The core knows no cryptography; so nothing is parsed here.
 *
 * One block for FreeContextBuffer holds it all: CERT_CONTEXT, sspia_certificate_source, then
 * content, key and password. Freeing is therefore checked, and wipes.
 */
#include "schannel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "message.h"

/* All certificates of the world's authorities are 250 KiB of PEM. */
#define FILE_MAX ((size_t)16 << 20)

struct bytes {
    uint8_t *data; /* NULL: none */
    size_t size;
};

struct object {
    CERT_CONTEXT context;
    sspia_certificate_source source;
    uint8_t bytes[];
};

static SECURITY_STATUS cannot_read(const char *operation, const char *path, const char *why)
{
    sspia_report report = {.text = ""};

    message_report(&report, path, why);
    return message_return(NULL, operation, SEC_E_NO_CREDENTIALS, &report);
}

static const char *read_open(int file, struct bytes *bytes)
{
    struct stat status;
    size_t room = 0;

    if (fstat(file, &status) != 0)
        return strerror(errno);
    if (S_ISDIR(status.st_mode))
        return strerror(EISDIR);
    /* Not by st_size: it may be a pipe, which `<(...)` of a shell is. */
    for (;;) {
        ssize_t count;

        if (bytes->size == room) {
            const size_t wider = room == 0 ? 16384 : room * 2;
            uint8_t *data = wider <= FILE_MAX ? malloc(wider) : NULL;

            if (data == NULL)
                return strerror(wider <= FILE_MAX ? ENOMEM : EFBIG);
            if (bytes->size > 0)
                memcpy(data, bytes->data, bytes->size);
            memory_wipe(bytes->data, room);
            bytes->data = data;
            room = wider;
        }
        count = read(file, bytes->data + bytes->size, room - bytes->size);
        if (count > 0)
            bytes->size += (size_t)count;
        else if (count == 0)
            return NULL;
        else if (errno != EINTR)
            return strerror(errno);
    }
}

static SECURITY_STATUS read_file(const char *operation, const char *path, struct bytes *bytes)
{
    const char *why;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (file < 0)
        return cannot_read(operation, path, strerror(errno));
    why = read_open(file, bytes);
    close(file);
    return why == NULL ? SEC_E_OK : cannot_read(operation, path, why);
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(at, bytes, size);
    return at + size;
}

static CERT_CONTEXT *make(uint32_t encoding, const void *content, size_t content_size,
                          const void *key, size_t key_size, const char *password,
                          uint32_t flags)
{
    const size_t password_size = password != NULL ? strlen(password) + 1 : 0;
    struct object *object;
    uint8_t *at;

    if (content_size > FILE_MAX || key_size > FILE_MAX || password_size > FILE_MAX)
        return NULL;
    object = memory_allocate(sizeof(*object) + content_size + key_size + password_size);
    if (object == NULL)
        return NULL;
    at = object->bytes;
    object->context = (CERT_CONTEXT){
        .dwCertEncodingType = encoding,
        .pbCertEncoded = content != NULL ? at : NULL,
        .cbCertEncoded = (uint32_t)content_size,
        .pCertInfo = &object->source,
    };
    at = put(at, content, content_size);
    object->source = (sspia_certificate_source){
        .size = sizeof(object->source),
        .flags = flags,
        .key = key != NULL ? at : NULL,
        .key_size = key_size,
        .password = password != NULL ? (const char *)(at + key_size) : NULL,
    };
    put(put(at, key, key_size), password, password_size);
    return &object->context;
}

SECURITY_STATUS sspia_certificate_load_memory(const void *data, size_t size, const void *key,
                                              size_t key_size, const char *password,
                                              PCCERT_CONTEXT *certificate)
{
    static const char operation[] = "sspia_certificate_load_memory";

    if (data == NULL || size == 0 || certificate == NULL || (key == NULL) != (key_size == 0))
        return message_fail(operation, SEC_E_INVALID_PARAMETER, "an argument is NULL or 0");
    *certificate = make(SSPIA_ENCODING_SOURCE, data, size, key, key_size, password, 0);
    return message_fail(operation, *certificate != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY,
                        NULL);
}

SECURITY_STATUS sspia_certificate_load_file(const char *path, const char *key_path,
                                            const char *password, PCCERT_CONTEXT *certificate)
{
    static const char operation[] = "sspia_certificate_load_file";
    struct bytes content = {NULL, 0}, key = {NULL, 0};
    SECURITY_STATUS status;

    if (path == NULL || certificate == NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER, "an argument is NULL");
    *certificate = NULL;
    status = read_file(operation, path, &content);
    if (status == SEC_E_OK && key_path != NULL)
        status = read_file(operation, key_path, &key);
    if (status == SEC_E_OK) {
        *certificate = make(SSPIA_ENCODING_SOURCE, content.data, content.size, key.data,
                            key.size, password, 0);
        if (*certificate == NULL)
            status = message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    }
    memory_wipe(content.data, content.size);
    memory_wipe(key.data, key.size);
    return status;
}

SECURITY_STATUS sspia_certificate_free(PCCERT_CONTEXT certificate)
{
    return sspia_FreeContextBuffer((void *)certificate);
}

static SECURITY_STATUS check_roots(const char *operation, bool has_content, uint32_t flags,
                                   HCERTSTORE *roots)
{
    if (roots == NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER, "an argument is NULL");
    if ((flags & ~SSPIA_ROOTS_SYSTEM) != 0)
        return message_fail(operation, SEC_E_INVALID_PARAMETER, "a flag is unknown");
    if (!has_content && (flags & SSPIA_ROOTS_SYSTEM) == 0)
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "neither roots nor SSPIA_ROOTS_SYSTEM");
    return SEC_E_OK;
}

SECURITY_STATUS sspia_roots_load_memory(const void *data, size_t size, uint32_t flags,
                                        HCERTSTORE *roots)
{
    static const char operation[] = "sspia_roots_load_memory";
    SECURITY_STATUS status = check_roots(operation, data != NULL && size > 0, flags, roots);

    if (status != SEC_E_OK)
        return status;
    *roots = make(SSPIA_ENCODING_ROOTS, data, data != NULL ? size : 0, NULL, 0, NULL, flags);
    return message_fail(operation, *roots != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY, NULL);
}

SECURITY_STATUS sspia_roots_load_file(const char *path, uint32_t flags, HCERTSTORE *roots)
{
    static const char operation[] = "sspia_roots_load_file";
    struct bytes content = {NULL, 0};
    SECURITY_STATUS status = check_roots(operation, path != NULL, flags, roots);

    if (status == SEC_E_OK && path != NULL)
        status = read_file(operation, path, &content);
    if (status != SEC_E_OK) {
        memory_wipe(content.data, content.size);
        return status;
    }
    *roots = make(SSPIA_ENCODING_ROOTS, content.data, content.size, NULL, 0, NULL, flags);
    memory_wipe(content.data, content.size);
    return message_fail(operation, *roots != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY, NULL);
}

SECURITY_STATUS sspia_roots_free(HCERTSTORE roots)
{
    return sspia_FreeContextBuffer(roots);
}
