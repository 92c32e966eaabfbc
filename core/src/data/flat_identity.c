/* SPDX-License-Identifier: MIT */
/*
 * flat_identity.c - SEC_WINNT_AUTH_IDENTITY_EX2, and the packed credentials in it.
 *
 *   header   user   domain   package list   packed credentials
 *                                             header   data of its type
 *
 * Who reads one has no other measure of it than cbStructureLength. Everything else is checked
 * against that: `span` is the only way to bytes of the block, and a span inside another one
 * cannot be wider than that. Nothing in it need be aligned, because a keytab of an odd size
 * may stand before a name.
 */
#define _SEC_WINNT_AUTH_TYPES
#include "flat_identity.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "message.h"
#include "text.h"

/* A header has room to grow; there are four parts, each with a length of 16 bits. */
#define HEADER_LIMIT 4096u
#define SIZE_LIMIT   (HEADER_LIMIT + 4u * UINT16_MAX)

static const uint32_t encrypted_flags = SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED |
                                        SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED |
                                        SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED |
                                        SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED;

struct bytes {
    const unsigned char *at;
    uint32_t size;
};

static SECURITY_STATUS malformed(sspia_report *report, const char *why)
{
    message_report(report, "SEC_WINNT_AUTH_IDENTITY_EX2", why);
    return SEC_E_INVALID_PARAMETER;
}

/* A part of whole, which begins behind its header; nothing of nothing. */
static bool span(struct bytes whole, uint32_t header, uint32_t offset, uint32_t length,
                 struct bytes *part)
{
    *part = (struct bytes){NULL, 0};
    if (length == 0)
        return true;
    if (offset < header || offset > whole.size || length > whole.size - offset)
        return false;
    *part = (struct bytes){whole.at + offset, length};
    return true;
}

static SECURITY_STATUS read_text(struct bytes part, const char **text, sspia_report *report)
{
    WCHAR *units;
    char *copy;
    SECURITY_STATUS status;

    if (part.size % sizeof(WCHAR) != 0)
        return malformed(report, "a string has half a character at its end");
    units = malloc(part.size + sizeof(WCHAR));
    if (units == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (part.size > 0)
        memcpy(units, part.at, part.size);
    status = text_from_utf16(units, part.size / sizeof(WCHAR), &copy);
    memory_wipe(units, part.size + sizeof(WCHAR));
    if (status == SEC_E_INVALID_PARAMETER)
        return malformed(report, "a string is not well-formed UTF-16");
    *text = copy;
    return status;
}

/* An empty name is no name. */
static SECURITY_STATUS read_name(struct bytes whole, uint32_t header, uint32_t offset,
                                 uint32_t length, const char **name, sspia_report *report)
{
    struct bytes part;

    if (!span(whole, header, offset, length, &part))
        return malformed(report, "a string does not lie within cbStructureLength");
    return part.size == 0 ? SEC_E_OK : read_text(part, name, report);
}

static SECURITY_STATUS read_password(struct bytes data, const char **password,
                                     sspia_report *report)
{
    SEC_WINNT_AUTH_DATA_PASSWORD head;
    struct bytes part;

    if (data.size < sizeof(head))
        return malformed(report, "the packed password is cut short");
    memcpy(&head, data.at, sizeof(head));
    if (!span(data, sizeof(head), head.UnicodePassword.ByteArrayOffset,
              head.UnicodePassword.ByteArrayLength, &part))
        return malformed(report, "the password does not lie within its packed credentials");
    return read_text(part, password, report); /* an empty one is one */
}

static SECURITY_STATUS read_keytab(struct bytes data, sspia_identity *identity,
                                   sspia_report *report)
{
    void *copy;

    if (data.size == 0)
        return malformed(report, "the packed keytab is empty");
    copy = malloc(data.size);
    if (copy == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(copy, data.at, data.size);
    identity->keytab_content = copy;
    identity->keytab_content_size = data.size;
    return SEC_E_OK;
}

static SECURITY_STATUS read_credentials(struct bytes packed, sspia_identity *identity,
                                        sspia_report *report)
{
    SEC_WINNT_AUTH_PACKED_CREDENTIALS head;
    struct bytes data;

    if (packed.size == 0)
        return SEC_E_OK;
    if (packed.size < sizeof(head))
        return malformed(report, "the packed credentials are cut short");
    memcpy(&head, packed.at, sizeof(head));
    if (head.cbHeaderLength < sizeof(head) || head.cbStructureLength < head.cbHeaderLength ||
        head.cbStructureLength > packed.size)
        return malformed(report, "the sizes of the packed credentials do not fit");
    packed.size = head.cbStructureLength;
    if (!span(packed, head.cbHeaderLength, head.AuthData.CredData.ByteArrayOffset,
              head.AuthData.CredData.ByteArrayLength, &data))
        return malformed(report, "the credential does not lie within its packed credentials");
    if (memcmp(&head.AuthData.CredType, &SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, sizeof(GUID)) == 0)
        return read_password(data, &identity->password, report);
    if (memcmp(&head.AuthData.CredType, &SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, sizeof(GUID)) == 0)
        return read_keytab(data, identity, report);
    message_report(report, "SEC_WINNT_AUTH_IDENTITY_EX2",
                   "of packed credentials, passwords and keytabs are known");
    return SEC_E_UNSUPPORTED_FUNCTION;
}

uint32_t flat_identity_size(const void *bytes)
{
    SEC_WINNT_AUTH_IDENTITY_EX2 head;

    memcpy(&head, bytes, sizeof(head));
    if (head.Version != SEC_WINNT_AUTH_IDENTITY_VERSION_2 ||
        head.cbHeaderLength < sizeof(head) || head.cbHeaderLength > HEADER_LIMIT ||
        head.cbStructureLength < head.cbHeaderLength || head.cbStructureLength > SIZE_LIMIT)
        return 0;
    return head.cbStructureLength;
}

SECURITY_STATUS flat_identity_read(const void *bytes, sspia_identity *identity,
                                   sspia_report *report)
{
    const struct bytes whole = {bytes, flat_identity_size(bytes)};
    SEC_WINNT_AUTH_IDENTITY_EX2 head;
    struct bytes packed;
    SECURITY_STATUS status;

    if (whole.size == 0)
        return malformed(report, "cbHeaderLength and cbStructureLength do not fit");
    memcpy(&head, bytes, sizeof(head));
    if ((head.Flags & encrypted_flags) != 0) {
        message_report(report, "SEC_WINNT_AUTH_IDENTITY_EX2",
                       "encrypted identities exist on Windows alone");
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    identity->flags = head.Flags;
    status = read_name(whole, head.cbHeaderLength, head.UserOffset, head.UserLength,
                       &identity->user, report);
    if (status == SEC_E_OK)
        status = read_name(whole, head.cbHeaderLength, head.DomainOffset, head.DomainLength,
                           &identity->domain, report);
    if (status == SEC_E_OK)
        status = read_name(whole, head.cbHeaderLength, head.PackageListOffset,
                           head.PackageListLength, &identity->package_list, report);
    if (status != SEC_E_OK)
        return status;
    if (!span(whole, head.cbHeaderLength, head.PackedCredentialsOffset,
              head.PackedCredentialsLength, &packed))
        return malformed(report, "the packed credentials do not lie within cbStructureLength");
    return read_credentials(packed, identity, report);
}

/* ---- Written ------------------------------------------------------------------------ */

/* Bytes of UTF-16, without a zero. */
static size_t text_size(const char *text)
{
    return text != NULL ? (text_write_utf16(text, NULL, 0) - 1) * sizeof(WCHAR) : 0;
}

/* With its final zero, for which there is room behind every part. */
static void put_text(unsigned char *block, uint32_t offset, const char *text)
{
    const size_t room = text_size(text) / sizeof(WCHAR) + 1;

    if (text != NULL)
        text_write_utf16(text, (WCHAR *)(void *)(block + offset), room);
}

static void put_credentials(unsigned char *packed, size_t size, const sspia_identity *identity)
{
    SEC_WINNT_AUTH_PACKED_CREDENTIALS head = {.cbHeaderLength = sizeof(head),
                                              .cbStructureLength = (uint16_t)size};
    SEC_WINNT_AUTH_BYTE_VECTOR *data = &head.AuthData.CredData;
    SEC_WINNT_AUTH_DATA_PASSWORD password = {{sizeof(password), 0}};

    data->ByteArrayOffset = sizeof(head);
    data->ByteArrayLength = (uint16_t)(size - sizeof(head));
    if (identity->keytab_content != NULL) {
        head.AuthData.CredType = SEC_WINNT_AUTH_DATA_TYPE_KEYTAB;
        memcpy(packed + sizeof(head), identity->keytab_content, identity->keytab_content_size);
    } else {
        head.AuthData.CredType = SEC_WINNT_AUTH_DATA_TYPE_PASSWORD;
        password.UnicodePassword.ByteArrayLength = (uint16_t)text_size(identity->password);
        memcpy(packed + sizeof(head), &password, sizeof(password));
        put_text(packed, sizeof(head) + sizeof(password), identity->password);
    }
    memcpy(packed, &head, sizeof(head));
}

static size_t credentials_size(const sspia_identity *identity)
{
    if (identity->keytab_content != NULL)
        return sizeof(SEC_WINNT_AUTH_PACKED_CREDENTIALS) + identity->keytab_content_size;
    if (identity->password != NULL)
        return sizeof(SEC_WINNT_AUTH_PACKED_CREDENTIALS) +
               sizeof(SEC_WINNT_AUTH_DATA_PASSWORD) + text_size(identity->password);
    return 0;
}

SECURITY_STATUS flat_identity_write(const sspia_identity *identity, void **bytes,
                                    sspia_report *report)
{
    const size_t user = text_size(identity->user), domain = text_size(identity->domain);
    const size_t list = text_size(identity->package_list);
    const size_t packed = credentials_size(identity);
    SEC_WINNT_AUTH_IDENTITY_EX2 head = {
        .Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2,
        .cbHeaderLength = sizeof(head),
        .Flags = (identity->flags & ~SEC_WINNT_AUTH_IDENTITY_ANSI) |
                 SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_MARSHALLED,
    };
    unsigned char *block;

    if (user > UINT16_MAX || domain > UINT16_MAX || list > UINT16_MAX || packed > UINT16_MAX)
        return malformed(report, "a part is longer than 65535 bytes");
    head.UserLength = (uint16_t)user;
    head.DomainLength = (uint16_t)domain;
    head.PackageListLength = (uint16_t)list;
    head.PackedCredentialsLength = (uint16_t)packed;
    head.UserOffset = sizeof(head);
    head.DomainOffset = head.UserOffset + head.UserLength;
    head.PackageListOffset = head.DomainOffset + head.DomainLength;
    head.PackedCredentialsOffset = head.PackageListOffset + head.PackageListLength;
    head.PackedCredentialsOffset = (head.PackedCredentialsOffset + 3u) & ~3u;
    head.cbStructureLength = head.PackedCredentialsOffset + head.PackedCredentialsLength;
    block = memory_allocate(head.cbStructureLength + sizeof(WCHAR));
    if (block == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(block, &head, sizeof(head));
    /* In this order: the final zero of a string is overwritten by what follows. */
    put_text(block, head.UserOffset, identity->user);
    put_text(block, head.DomainOffset, identity->domain);
    put_text(block, head.PackageListOffset, identity->package_list);
    if (packed > 0)
        put_credentials(block + head.PackedCredentialsOffset, packed, identity);
    *bytes = block;
    return SEC_E_OK;
}
