/* SPDX-License-Identifier: MIT */
/*
 * Identities made, copied and taken apart. Each function reads what it is given, whatever its
 * shape, as AcquireCredentialsHandle does, and makes its answer of that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "flat_identity.h"
#include "identity.h"
#include "memory.h"

#define CRED_TYPE_DOMAIN_PASSWORD 2u

/* The caller's structure, read; NULL with the message set and *status. */
static sspia_identity *read_identity(const char *operation, const void *auth_data,
                                     SECURITY_STATUS *status)
{
    sspia_report report = {.text = ""};
    sspia_identity *identity = NULL;

    if (auth_data == NULL) {
        *status = message_fail(operation, SEC_E_INVALID_PARAMETER, "the identity is NULL");
        return NULL;
    }
    *status = identity_copy(auth_data, &identity, &report);
    message_return(NULL, operation, *status, &report);
    return identity;
}

/* The other way, and the end of identity. */
static SECURITY_STATUS write_identity(const char *operation, sspia_identity *identity,
                                      void **result)
{
    sspia_report report = {.text = ""};
    SECURITY_STATUS status = flat_identity_write(identity, result, &report);

    identity_free(identity);
    return message_return(NULL, operation, status, &report);
}

static SECURITY_STATUS no_place(const char *operation)
{
    return message_fail(operation, SEC_E_INVALID_PARAMETER,
                        "the pointer for the result is NULL");
}

SECURITY_STATUS
sspia_SspiEncodeStringsAsAuthIdentity(PCWSTR pszUserName, PCWSTR pszDomainName,
                                      PCWSTR pszPackedCredentialsString,
                                      PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity)
{
    static const char operation[] = "SspiEncodeStringsAsAuthIdentity";
    sspia_identity *identity;
    char *user = NULL, *domain = NULL, *password = NULL;
    SECURITY_STATUS status;

    if (ppAuthIdentity == NULL)
        return no_place(operation);
    identity = calloc(1, sizeof(*identity));
    if (identity == NULL)
        return message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    status = api_text(operation, true, pszUserName, &user);
    if (status == SEC_E_OK)
        status = api_text(operation, true, pszDomainName, &domain);
    if (status == SEC_E_OK)
        status = api_text(operation, true, pszPackedCredentialsString, &password);
    identity->user = user;
    identity->domain = domain;
    identity->password = password;
    if (status == SEC_E_OK)
        return write_identity(operation, identity, ppAuthIdentity);
    identity_free(identity);
    return status;
}

/* New memory of the caller's; NULL for NULL. False without memory. */
static bool hand_out(const char *text, PCWSTR *result)
{
    *result = text != NULL ? text_to_utf16(text) : NULL;
    return text == NULL || *result != NULL;
}

static void take_back(PCWSTR text)
{
    memory_free((void *)(uintptr_t)text);
}

SECURITY_STATUS
sspia_SspiEncodeAuthIdentityAsStrings(PSEC_WINNT_AUTH_IDENTITY_OPAQUE pAuthIdentity,
                                      PCWSTR *ppszUserName, PCWSTR *ppszDomainName,
                                      PCWSTR *ppszPackedCredentialsString)
{
    static const char operation[] = "SspiEncodeAuthIdentityAsStrings";
    PCWSTR user = NULL, domain = NULL, password = NULL;
    sspia_identity *identity;
    SECURITY_STATUS status;

    if (ppszUserName == NULL || ppszDomainName == NULL || ppszPackedCredentialsString == NULL)
        return no_place(operation);
    identity = read_identity(operation, pAuthIdentity, &status);
    if (identity == NULL)
        return status;
    if (identity->keytab_content != NULL)
        status = message_fail(operation, SEC_E_UNSUPPORTED_FUNCTION,
                              "a keytab has no form as a string; SspiMarshalAuthIdentity gives "
                              "bytes");
    else if (!hand_out(identity->user, &user) || !hand_out(identity->domain, &domain) ||
             !hand_out(identity->password, &password))
        status = message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    identity_free(identity);
    if (status != SEC_E_OK) {
        take_back(user);
        take_back(domain);
        take_back(password);
        return status;
    }
    *ppszUserName = user;
    *ppszDomainName = domain;
    *ppszPackedCredentialsString = password;
    return SEC_E_OK;
}

SECURITY_STATUS sspia_SspiValidateAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData)
{
    SECURITY_STATUS status;

    identity_free(read_identity("SspiValidateAuthIdentity", AuthData, &status));
    return status;
}

SECURITY_STATUS sspia_SspiCopyAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData,
                                           PSEC_WINNT_AUTH_IDENTITY_OPAQUE *AuthDataCopy)
{
    static const char operation[] = "SspiCopyAuthIdentity";
    sspia_identity *identity;
    SECURITY_STATUS status;

    if (AuthDataCopy == NULL)
        return no_place(operation);
    identity = read_identity(operation, AuthData, &status);
    return identity != NULL ? write_identity(operation, identity, AuthDataCopy) : status;
}

SECURITY_STATUS sspia_SspiMarshalAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                                              uint32_t *AuthIdentityLength,
                                              char **AuthIdentityByteArray)
{
    static const char operation[] = "SspiMarshalAuthIdentity";
    sspia_identity *identity;
    void *bytes;
    SECURITY_STATUS status;

    if (AuthIdentityLength == NULL || AuthIdentityByteArray == NULL)
        return no_place(operation);
    identity = read_identity(operation, AuthIdentity, &status);
    if (identity == NULL)
        return status;
    status = write_identity(operation, identity, &bytes);
    if (status != SEC_E_OK)
        return status;
    *AuthIdentityLength = flat_identity_size(bytes);
    *AuthIdentityByteArray = bytes;
    return SEC_E_OK;
}

SECURITY_STATUS
sspia_SspiUnmarshalAuthIdentity(uint32_t AuthIdentityLength, char *AuthIdentityByteArray,
                                PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity)
{
    static const char operation[] = "SspiUnmarshalAuthIdentity";
    sspia_report report = {.text = ""};
    sspia_identity *identity;
    uint32_t size = 0;
    SECURITY_STATUS status;

    if (ppAuthIdentity == NULL)
        return no_place(operation);
    if (AuthIdentityByteArray != NULL &&
        AuthIdentityLength >= sizeof(SEC_WINNT_AUTH_IDENTITY_EX2))
        size = flat_identity_size(AuthIdentityByteArray);
    if (size == 0 || size > AuthIdentityLength)
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "not a SEC_WINNT_AUTH_IDENTITY_EX2, or cut short");
    /* It is nothing else, whatever its bytes look like: none of them is an address. */
    identity = calloc(1, sizeof(*identity));
    if (identity == NULL)
        return message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    status = flat_identity_read(AuthIdentityByteArray, identity, &report);
    if (status == SEC_E_OK)
        return write_identity(operation, identity, ppAuthIdentity);
    identity_free(identity);
    return message_return(NULL, operation, status, &report);
}

/* The target as it was given, or the user's name. */
static SECURITY_STATUS entry_name(const char *operation, const sspia_identity *identity,
                                  PCWSTR target, PCWSTR *result)
{
    char *text = NULL;
    SECURITY_STATUS status = api_text(operation, true, target, &text);

    if (status != SEC_E_OK)
        return status;
    if (text == NULL && identity->user == NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "neither a target nor a user name was given");
    status = hand_out(text != NULL ? text : identity->user, result)
                 ? SEC_E_OK
                 : message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    free(text);
    return status;
}

static sspia_identity *read_password(const char *operation, const void *auth_data,
                                     SECURITY_STATUS *status)
{
    sspia_identity *identity = read_identity(operation, auth_data, status);

    if (identity == NULL || identity->keytab_content == NULL)
        return identity;
    identity_free(identity);
    *status = message_fail(operation, SEC_E_UNSUPPORTED_FUNCTION,
                           "a store of passwords has no place for a keytab");
    return NULL;
}

SECURITY_STATUS sspia_SspiPrepareForCredRead(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                                             PCWSTR pszTargetName,
                                             uint32_t *pCredmanCredentialType,
                                             PCWSTR *ppszCredmanTargetName)
{
    static const char operation[] = "SspiPrepareForCredRead";
    sspia_identity *identity;
    SECURITY_STATUS status;

    if (pCredmanCredentialType == NULL || ppszCredmanTargetName == NULL)
        return no_place(operation);
    identity = read_password(operation, AuthIdentity, &status);
    if (identity == NULL)
        return status;
    status = entry_name(operation, identity, pszTargetName, ppszCredmanTargetName);
    identity_free(identity);
    if (status == SEC_E_OK)
        *pCredmanCredentialType = CRED_TYPE_DOMAIN_PASSWORD;
    return status;
}

/* DOMAIN\user, in one string of malloc; NULL without memory. */
static char *qualified_name(const sspia_identity *identity)
{
    const char *domain = identity->domain != NULL ? identity->domain : "";
    const char *user = identity->user != NULL ? identity->user : "";
    const size_t size = strlen(domain) + 1 + strlen(user) + 1;
    char *name = malloc(size);

    if (name == NULL)
        return NULL;
    name[0] = '\0';
    if (domain[0] != '\0') {
        strcat(name, domain);
        strcat(name, "\\");
    }
    return strcat(name, user);
}

/* The password as UTF-16; size counts its bytes without the zero that stands behind it. */
static bool password_blob(const sspia_identity *identity, PUCHAR *blob, uint32_t *size)
{
    const char *password = identity->password != NULL ? identity->password : "";
    WCHAR *units = text_to_utf16(password);

    if (units == NULL)
        return false;
    *size = (uint32_t)(text_utf16_length(units) * sizeof(WCHAR));
    *blob = (PUCHAR)units;
    return true;
}

SECURITY_STATUS sspia_SspiPrepareForCredWrite(
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszTargetName,
    uint32_t *pCredmanCredentialType, PCWSTR *ppszCredmanTargetName,
    PCWSTR *ppszCredmanUserName, PUCHAR *ppCredentialBlob, uint32_t *pCredentialBlobSize)
{
    static const char operation[] = "SspiPrepareForCredWrite";
    PCWSTR target = NULL, user = NULL;
    sspia_identity *identity;
    char *name;
    SECURITY_STATUS status;

    if (pCredmanCredentialType == NULL || ppszCredmanTargetName == NULL ||
        ppszCredmanUserName == NULL || ppCredentialBlob == NULL || pCredentialBlobSize == NULL)
        return no_place(operation);
    identity = read_password(operation, AuthIdentity, &status);
    if (identity == NULL)
        return status;
    name = qualified_name(identity);
    status = entry_name(operation, identity, pszTargetName, &target);
    if (status == SEC_E_OK && (name == NULL || !hand_out(name, &user) ||
                               !password_blob(identity, ppCredentialBlob, pCredentialBlobSize)))
        status = message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    free(name);
    identity_free(identity);
    if (status != SEC_E_OK) {
        take_back(target);
        take_back(user);
        return status;
    }
    *pCredmanCredentialType = CRED_TYPE_DOMAIN_PASSWORD;
    *ppszCredmanTargetName = target;
    *ppszCredmanUserName = user;
    return SEC_E_OK;
}

static bool same_name(const char *one, const char *other)
{
    return text_equal_ignoring_case(one != NULL ? one : "", other != NULL ? other : "");
}

/* In a time that tells nothing but the sizes. */
static bool same_secret(const void *one, size_t one_size, const void *other, size_t other_size)
{
    const unsigned char *a = one, *b = other;
    unsigned char difference = 0;

    if ((one == NULL) != (other == NULL) || one_size != other_size)
        return false;
    for (size_t i = 0; i < one_size; i++)
        difference |= a[i] ^ b[i];
    return difference == 0;
}

static size_t length_of(const char *text)
{
    return text != NULL ? strlen(text) : 0;
}

static bool same_credential(const sspia_identity *one, const sspia_identity *other)
{
    return same_secret(one->password, length_of(one->password), other->password,
                       length_of(other->password)) &&
           same_secret(one->keytab_content, one->keytab_content_size, other->keytab_content,
                       other->keytab_content_size);
}

SECURITY_STATUS sspia_SspiCompareAuthIdentities(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity1,
                                                PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity2,
                                                BOOLEAN *SameSuppliedUser,
                                                BOOLEAN *SameSuppliedIdentity)
{
    static const char operation[] = "SspiCompareAuthIdentities";
    sspia_identity *one, *other = NULL;
    SECURITY_STATUS status;
    bool same;

    one = read_identity(operation, AuthIdentity1, &status);
    if (one != NULL)
        other = read_identity(operation, AuthIdentity2, &status);
    if (other != NULL) {
        same = same_name(one->user, other->user) && same_name(one->domain, other->domain);
        if (SameSuppliedUser != NULL)
            *SameSuppliedUser = same;
        if (SameSuppliedIdentity != NULL)
            *SameSuppliedIdentity = same && same_credential(one, other);
    }
    identity_free(one);
    identity_free(other);
    return status;
}

/* list,!name; NULL without memory. */
static char *exclude(const char *list, const char *name)
{
    const size_t size = length_of(list) + strlen(name) + sizeof(",!");
    char *result = malloc(size);

    if (result != NULL)
        snprintf(result, size, "%s%s!%s", list != NULL ? list : "",
                 length_of(list) > 0 ? "," : "", name);
    return result;
}

SECURITY_STATUS sspia_SspiExcludePackage(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                                         PCWSTR pszPackageName,
                                         PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppNewAuthIdentity)
{
    static const char operation[] = "SspiExcludePackage";
    sspia_identity *identity;
    char *name = NULL, *list;
    SECURITY_STATUS status;

    if (ppNewAuthIdentity == NULL)
        return no_place(operation);
    status = api_text(operation, true, pszPackageName, &name);
    if (status != SEC_E_OK)
        return status;
    if (name == NULL || name[0] == '\0' || strchr(name, ',') != NULL) {
        free(name);
        return message_fail(operation, SEC_E_INVALID_PARAMETER, "one package has to be named");
    }
    identity = read_identity(operation, AuthIdentity, &status);
    if (identity == NULL) {
        free(name);
        return status;
    }
    list = exclude(identity->package_list, name);
    free(name);
    if (list == NULL) {
        identity_free(identity);
        return message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    }
    free((void *)(uintptr_t)identity->package_list);
    identity->package_list = list;
    return write_identity(operation, identity, ppNewAuthIdentity);
}

/* Cuts service, port and name off: service/host:port/name; an IPv6 address stands in brackets.
 */
static const char *host_of(char *target)
{
    char *host = strchr(target, '/');
    char *end;

    host = host != NULL ? host + 1 : target;
    end = host[0] == '[' ? strchr(host, ']') : NULL;
    if (end != NULL)
        end[1] = '\0';
    else
        host[strcspn(host, ":/")] = '\0';
    return host;
}

SECURITY_STATUS sspia_SspiGetTargetHostName(PCWSTR pszTargetName, PWSTR *pszHostName)
{
    static const char operation[] = "SspiGetTargetHostName";
    char *target = NULL;
    const char *host;
    PCWSTR result;
    SECURITY_STATUS status;

    if (pszHostName == NULL)
        return no_place(operation);
    status = api_text(operation, true, pszTargetName, &target);
    if (status != SEC_E_OK)
        return status;
    host = target != NULL ? host_of(target) : "";
    if (host[0] == '\0')
        status = message_fail(operation, SEC_E_INVALID_PARAMETER, "the target names no host");
    else if (!hand_out(host, &result))
        status = message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    else
        *pszHostName = (PWSTR)(uintptr_t)result;
    free(target);
    return status;
}

void sspia_SspiZeroAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData)
{
    if (AuthData != NULL)
        identity_zero(AuthData);
}

void sspia_SspiFreeAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData)
{
    sspia_SspiLocalFree(AuthData);
}

void sspia_SspiLocalFree(PVOID DataBuffer)
{
    if (DataBuffer != NULL && !memory_release(DataBuffer))
        message_fail("SspiLocalFree", SEC_E_INVALID_HANDLE,
                     "it is not memory that this library gave out, or it was freed before");
}
