/* SPDX-License-Identifier: MIT */
/*
 * Four structures arrive by the same void pointer. Three begin with a version number, two of
 * them with their size behind it; SEC_WINNT_AUTH_IDENTITY_A/W begins with the address of
 * the user name, which is none of those numbers followed by a plausible size: the lower half of
 * an address can be any of them, but then its upper half (0x55xx, 0x7fxx) is more than a
 * structure ever has.
 */
#include "identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "flat_identity.h"
#include "memory.h"
#include "message.h"
#include "sspi_queue.h"
#include "text.h"

/* The members that the structures share, found in either of the two layouts. */
struct strings {
    const void *user, *domain, *password, *package_list;
    uint32_t user_length, domain_length, password_length, package_list_length;
    uint32_t flags;
};

static const uint32_t unsupported_flags = SEC_WINNT_AUTH_IDENTITY_MARSHALLED |
                                          SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED |
                                          SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED |
                                          SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED |
                                          SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED;

struct prefix {
    uint32_t version;
    uint32_t size;
};

static bool begins_with(const struct prefix *prefix, uint32_t version, uint32_t size)
{
    return prefix->version == version && size <= 4096;
}

/* MS-docs, SEC_WINNT_AUTH_IDENTITY_INFO: the first number decides. An address with that lower
 * half (one of 2^32) would be refused for its header; a block whose header is wrong is never
 * taken for addresses. */
static bool is_flat(const struct prefix *prefix)
{
    return prefix->version == SEC_WINNT_AUTH_IDENTITY_VERSION_2;
}

static struct strings read_plain(const SEC_WINNT_AUTH_IDENTITY_A *plain)
{
    return (struct strings){.user = plain->User,
                            .user_length = plain->UserLength,
                            .domain = plain->Domain,
                            .domain_length = plain->DomainLength,
                            .password = plain->Password,
                            .password_length = plain->PasswordLength,
                            .flags = plain->Flags};
}

static struct strings read_extended(const SEC_WINNT_AUTH_IDENTITY_EXA *extended)
{
    return (struct strings){.user = extended->User,
                            .user_length = extended->UserLength,
                            .domain = extended->Domain,
                            .domain_length = extended->DomainLength,
                            .password = extended->Password,
                            .password_length = extended->PasswordLength,
                            .package_list = extended->PackageList,
                            .package_list_length = extended->PackageListLength,
                            .flags = extended->Flags};
}

static SECURITY_STATUS copy_string(const void *source, uint32_t length, uint32_t flags,
                                   const char **target)
{
    char *copy;
    SECURITY_STATUS status;

    if (source == NULL)
        return length == 0 ? SEC_E_OK : SEC_E_INVALID_PARAMETER;
    if ((flags & SEC_WINNT_AUTH_IDENTITY_UNICODE) != 0)
        status = text_from_utf16(source, length, &copy);
    else
        status = text_from_utf8(source, length, &copy);
    *target = copy;
    return status;
}

/* An empty name is no name; an empty password is a password. */
static SECURITY_STATUS copy_name(const void *source, uint32_t length, uint32_t flags,
                                 const char **target)
{
    return length == 0 ? SEC_E_OK : copy_string(source, length, flags, target);
}

static SECURITY_STATUS copy_strings(const struct strings *strings, sspia_identity *identity,
                                    sspia_report *report)
{
    const uint32_t form =
        strings->flags & (SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE);
    SECURITY_STATUS status;

    if ((strings->flags & unsupported_flags) != 0) {
        message_report(report, "pAuthData",
                       "marshalled and encrypted identities exist on "
                       "Windows alone");
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (form != SEC_WINNT_AUTH_IDENTITY_ANSI && form != SEC_WINNT_AUTH_IDENTITY_UNICODE) {
        message_report(report, "pAuthData",
                       "Flags must have one of "
                       "SEC_WINNT_AUTH_IDENTITY_ANSI and _UNICODE");
        return SEC_E_INVALID_PARAMETER;
    }
    identity->flags = strings->flags;
    status = copy_name(strings->user, strings->user_length, form, &identity->user);
    if (status == SEC_E_OK)
        status = copy_name(strings->domain, strings->domain_length, form, &identity->domain);
    if (status == SEC_E_OK)
        status =
            copy_string(strings->password, strings->password_length, form, &identity->password);
    if (status == SEC_E_OK)
        status = copy_name(strings->package_list, strings->package_list_length, form,
                           &identity->package_list);
    if (status == SEC_E_INVALID_PARAMETER)
        message_report(report, "pAuthData", "a string is not well-formed");
    return status;
}

static SECURITY_STATUS copy_winnt(const void *auth_data, sspia_identity *identity,
                                  sspia_report *report)
{
    const struct prefix *prefix = auth_data;
    struct strings strings;

    if (begins_with(prefix, SEC_WINNT_AUTH_IDENTITY_VERSION, prefix->size)) {
        if (prefix->size < sizeof(SEC_WINNT_AUTH_IDENTITY_EXA)) {
            message_report(report, "pAuthData",
                           "Length is not that of "
                           "SEC_WINNT_AUTH_IDENTITY_EX");
            return SEC_E_INVALID_PARAMETER;
        }
        strings = read_extended(auth_data);
    } else if (is_flat(prefix)) {
        return flat_identity_read(auth_data, identity, report);
    } else {
        strings = read_plain(auth_data);
    }
    return copy_strings(&strings, identity, report);
}

static SECURITY_STATUS copy_place(const char *source, const char **target)
{
    char *copy;
    SECURITY_STATUS status =
        text_from_utf8(source, source != NULL ? text_utf8_length(source) : 0, &copy);

    *target = copy;
    return status;
}

/* Programs that were compiled before its last members came end here. */
#define FIRST_SIZE offsetof(sspia_auth_identity, ntlm_helper)

static SECURITY_STATUS copy_delegation(const sspia_auth_identity *ours,
                                       sspia_identity *identity, sspia_report *report)
{
    if (ours->reserved != 0 || (ours->delegation & ~SSPIA_DELEGATION_CONSTRAINED) != 0) {
        message_report(report, "pAuthData", "reserved or delegation has unknown bits");
        return SEC_E_INVALID_PARAMETER;
    }
    identity->delegation = ours->delegation;
    return copy_place(ours->impersonate, &identity->impersonate);
}

static SECURITY_STATUS copy_verifier(const sspia_ntlm_verifier *verifier,
                                     const sspia_ntlm_verifier **target)
{
    sspia_ntlm_verifier *copy;

    if (verifier == NULL)
        return SEC_E_OK;
    *target = copy = malloc(sizeof(*copy));
    if (copy == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *copy = *verifier;
    return SEC_E_OK;
}

static SECURITY_STATUS copy_ours(const sspia_auth_identity *given, sspia_identity *identity,
                                 sspia_report *report)
{
    sspia_auth_identity whole = {.size = 0};
    const sspia_auth_identity *ours = &whole;
    SECURITY_STATUS status = SEC_E_OK;

    memcpy(&whole, given, given->size < sizeof(whole) ? given->size : sizeof(whole));
    if (given->size < FIRST_SIZE) {
        message_report(report, "pAuthData", "size is not that of sspia_auth_identity");
        return SEC_E_INVALID_PARAMETER;
    }
    if (ours->identity != NULL)
        status = copy_winnt(ours->identity, identity, report);
    if (status == SEC_E_OK)
        status = copy_place(ours->credential_cache, &identity->credential_cache);
    if (status == SEC_E_OK)
        status = copy_place(ours->keytab, &identity->keytab);
    if (status == SEC_E_OK)
        status = copy_place(ours->client_keytab, &identity->client_keytab);
    if (status == SEC_E_OK)
        status = copy_place(ours->replay_cache, &identity->replay_cache);
    if (status == SEC_E_OK)
        status = copy_place(ours->armor_cache, &identity->armor_cache);
    if (status == SEC_E_OK)
        status = copy_place(ours->ntlm_user_file, &identity->ntlm_user_file);
    if (status == SEC_E_OK)
        status = copy_place(ours->ntlm_helper, &identity->ntlm_helper);
    if (status == SEC_E_OK)
        status = copy_verifier(ours->ntlm_verifier, &identity->ntlm_verifier);
    if (status == SEC_E_OK)
        status = copy_delegation(ours, identity, report);
    return status;
}

SECURITY_STATUS identity_copy(const void *auth_data, sspia_identity **result,
                              sspia_report *report)
{
    const struct prefix *prefix = auth_data;
    sspia_identity *identity = calloc(1, sizeof(*identity));
    SECURITY_STATUS status;

    *result = NULL;
    if (identity == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (begins_with(prefix, SSPIA_AUTH_IDENTITY_VERSION, prefix->size))
        status = copy_ours(auth_data, identity, report);
    else
        status = copy_winnt(auth_data, identity, report);
    if (status != SEC_E_OK) {
        identity_free(identity);
        return status;
    }
    *result = identity;
    return SEC_E_OK;
}

void identity_free(sspia_identity *identity)
{
    if (identity == NULL)
        return;
    memory_wipe_string((char *)identity->user);
    memory_wipe_string((char *)identity->domain);
    memory_wipe_string((char *)identity->password);
    memory_wipe_string((char *)identity->package_list);
    memory_wipe_string((char *)identity->credential_cache);
    memory_wipe_string((char *)identity->keytab);
    memory_wipe_string((char *)identity->client_keytab);
    memory_wipe_string((char *)identity->replay_cache);
    memory_wipe_string((char *)identity->armor_cache);
    memory_wipe_string((char *)identity->ntlm_user_file);
    memory_wipe_string((char *)identity->ntlm_helper);
    free((void *)(uintptr_t)identity->ntlm_verifier);
    memory_wipe_string((char *)identity->impersonate);
    memory_wipe((void *)(uintptr_t)identity->keytab_content, identity->keytab_content_size);
    free(identity);
}

/* Wipes a string of the caller's, whose length counts characters. */
static void zero_string(const void *string, uint32_t *length, uint32_t flags)
{
    const size_t unit = (flags & SEC_WINNT_AUTH_IDENTITY_UNICODE) != 0 ? sizeof(WCHAR) : 1;

    if (string != NULL && *length <= TEXT_MAX)
        explicit_bzero((void *)(uintptr_t)string, *length * unit);
    *length = 0;
}

void identity_zero(void *auth_data)
{
    const struct prefix *prefix = auth_data;
    SEC_WINNT_AUTH_IDENTITY_EXA *extended = auth_data;
    SEC_WINNT_AUTH_IDENTITY_A *plain = auth_data;

    if (is_flat(prefix)) {
        explicit_bzero(auth_data, flat_identity_size(auth_data));
    } else if (begins_with(prefix, SEC_WINNT_AUTH_IDENTITY_VERSION, prefix->size)) {
        if (prefix->size < sizeof(*extended))
            return;
        zero_string(extended->User, &extended->UserLength, extended->Flags);
        zero_string(extended->Domain, &extended->DomainLength, extended->Flags);
        zero_string(extended->Password, &extended->PasswordLength, extended->Flags);
        zero_string(extended->PackageList, &extended->PackageListLength, extended->Flags);
    } else {
        zero_string(plain->User, &plain->UserLength, plain->Flags);
        zero_string(plain->Domain, &plain->DomainLength, plain->Flags);
        zero_string(plain->Password, &plain->PasswordLength, plain->Flags);
    }
}
