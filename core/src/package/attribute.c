/* SPDX-License-Identifier: MIT */
/*
 * Packages answer in the A structures. The W structures have the same layout with pointers to
 * UTF-16, so a W answer is the A answer with its strings exchanged.
 */
#include "attribute.h"

#include <stddef.h>
#include <string.h>

#include "memory.h"
#include "message.h"
#include "package.h"
#include "schannel.h"
#include "text.h"

#define STRINGS_MAX 2

struct shape {
    uint32_t attribute;
    uint32_t size;
    uint32_t string_count;
    size_t strings[STRINGS_MAX]; /* offsets */
};

static const struct shape context_shapes[] = {
    {SECPKG_ATTR_SIZES, sizeof(SecPkgContext_Sizes), 0, {0}},
    {SSPIA_ATTR_MESSAGE_LIMIT, sizeof(sspia_message_limit), 0, {0}},
    {SSPIA_ATTR_DELEGATED_CREDENTIAL, sizeof(sspia_delegated_credential), 0, {0}},
    {SSPIA_ATTR_LIST_SIGNED, sizeof(uint32_t), 0, {0}},
    {SECPKG_ATTR_NAMES,
     sizeof(SecPkgContext_NamesA),
     1,
     {offsetof(SecPkgContext_NamesA, sUserName)}},
    {SECPKG_ATTR_LIFESPAN, sizeof(SecPkgContext_Lifespan), 0, {0}},
    {SECPKG_ATTR_STREAM_SIZES, sizeof(SecPkgContext_StreamSizes), 0, {0}},
    {SECPKG_ATTR_KEY_INFO,
     sizeof(SecPkgContext_KeyInfoA),
     2,
     {offsetof(SecPkgContext_KeyInfoA, sSignatureAlgorithmName),
      offsetof(SecPkgContext_KeyInfoA, sEncryptAlgorithmName)}},
    {SECPKG_ATTR_AUTHORITY,
     sizeof(SecPkgContext_AuthorityA),
     1,
     {offsetof(SecPkgContext_AuthorityA, sAuthorityName)}},
    {SECPKG_ATTR_SESSION_KEY, sizeof(SecPkgContext_SessionKey), 0, {0}},
    {SECPKG_ATTR_PACKAGE_INFO, sizeof(SecPkgContext_PackageInfoA), 0, {0}},
    {SECPKG_ATTR_NEGOTIATION_INFO, sizeof(SecPkgContext_NegotiationInfoA), 0, {0}},
    {SECPKG_ATTR_NATIVE_NAMES,
     sizeof(SecPkgContext_NativeNamesA),
     2,
     {offsetof(SecPkgContext_NativeNamesA, sClientName),
      offsetof(SecPkgContext_NativeNamesA, sServerName)}},
    {SECPKG_ATTR_DTLS_MTU, sizeof(SEC_DTLS_MTU), 0, {0}},
    {SSPIA_ATTR_DTLS_PATIENCE, sizeof(uint32_t), 0, {0}},
    {SECPKG_ATTR_FLAGS, sizeof(SecPkgContext_Flags), 0, {0}},
    {SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, sizeof(SecPkgContext_ClientSpecifiedTarget), 0, {0}},
    {SECPKG_ATTR_UNIQUE_BINDINGS, sizeof(SecPkgContext_Bindings), 0, {0}},
    {SECPKG_ATTR_ENDPOINT_BINDINGS, sizeof(SecPkgContext_Bindings), 0, {0}},
    {SSPIA_ATTR_EXPORTER_BINDINGS, sizeof(SecPkgContext_Bindings), 0, {0}},
    {SECPKG_ATTR_APPLICATION_PROTOCOL, sizeof(SecPkgContext_ApplicationProtocol), 0, {0}},
    {SECPKG_ATTR_REMOTE_CERT_CONTEXT, sizeof(PCCERT_CONTEXT), 0, {0}},
    {SECPKG_ATTR_LOCAL_CERT_CONTEXT, sizeof(PCCERT_CONTEXT), 0, {0}},
    {SECPKG_ATTR_ISSUER_LIST_EX, sizeof(SecPkgContext_IssuerListInfoEx), 0, {0}},
    {SECPKG_ATTR_CONNECTION_INFO, sizeof(SecPkgContext_ConnectionInfo), 0, {0}},
    {SECPKG_ATTR_SESSION_INFO, sizeof(SecPkgContext_SessionInfo), 0, {0}},
    {SECPKG_ATTR_REMOTE_CERTIFICATES, sizeof(SecPkgContext_Certificates), 0, {0}},
    {SECPKG_ATTR_CIPHER_INFO, sizeof(SecPkgContext_CipherInfo), 0, {0}},
    {SECPKG_ATTR_KEYING_MATERIAL, sizeof(SecPkgContext_KeyingMaterial), 0, {0}},
    {SECPKG_ATTR_KEYING_MATERIAL_INPROC, sizeof(SecPkgContext_KeyingMaterial), 0, {0}},
    {SECPKG_ATTR_CERT_CHECK_RESULT, sizeof(SecPkgContext_CertificateValidationResult), 0, {0}},
    {SECPKG_ATTR_CERT_CHECK_RESULT_INPROC,
     sizeof(SecPkgContext_CertificateValidationResult),
     0,
     {0}},
};

static const struct shape credential_shapes[] = {
    {SECPKG_CRED_ATTR_NAMES,
     sizeof(SecPkgCredentials_NamesA),
     1,
     {offsetof(SecPkgCredentials_NamesA, sUserName)}},
    {SECPKG_ATTR_SUPPORTED_ALGS, sizeof(SecPkgCred_SupportedAlgs), 0, {0}},
    {SECPKG_ATTR_CIPHER_STRENGTHS, sizeof(SecPkgCred_CipherStrengths), 0, {0}},
    {SECPKG_ATTR_SUPPORTED_PROTOCOLS, sizeof(SecPkgCred_SupportedProtocols), 0, {0}},
};

static const struct shape *find(const struct shape *shapes, size_t count, uint32_t attribute)
{
    for (size_t i = 0; i < count; i++) {
        if (shapes[i].attribute == attribute)
            return &shapes[i];
    }
    return NULL;
}

static const struct shape *context_shape(uint32_t attribute)
{
    return find(context_shapes, sizeof(context_shapes) / sizeof(context_shapes[0]), attribute);
}

static const struct shape *credential_shape(uint32_t attribute)
{
    return find(credential_shapes, sizeof(credential_shapes) / sizeof(credential_shapes[0]),
                attribute);
}

static SECURITY_STATUS check(const struct shape *shape, const void *buffer, uint32_t size,
                             sspia_report *report)
{
    if (buffer == NULL) {
        message_report(report, "pBuffer is NULL", NULL);
        return SEC_E_INVALID_PARAMETER;
    }
    if (shape != NULL && size < shape->size) {
        message_report(report, "cbBuffer is less than the attribute's structure", NULL);
        return SEC_E_BUFFER_TOO_SMALL;
    }
    return SEC_E_OK;
}

SECURITY_STATUS attribute_check(uint32_t attribute, const void *buffer, uint32_t size,
                                sspia_report *report)
{
    return check(context_shape(attribute), buffer, size, report);
}

SECURITY_STATUS attribute_check_credential(uint32_t attribute, const void *buffer,
                                           uint32_t size, sspia_report *report)
{
    return check(credential_shape(attribute), buffer, size, report);
}

/* Exchanges the strings of an A answer for UTF-16. */
static SECURITY_STATUS widen(const struct shape *shape, void *buffer)
{
    WCHAR *wide[STRINGS_MAX] = {NULL};
    bool failed = false;

    for (uint32_t i = 0; shape != NULL && i < shape->string_count; i++) {
        char *narrow;

        memcpy(&narrow, (char *)buffer + shape->strings[i], sizeof(narrow));
        wide[i] = narrow != NULL ? text_to_utf16(narrow) : NULL;
        failed = failed || (narrow != NULL && wide[i] == NULL);
    }
    for (uint32_t i = 0; shape != NULL && i < shape->string_count; i++) {
        char *narrow;

        memcpy(&narrow, (char *)buffer + shape->strings[i], sizeof(narrow));
        memory_free(narrow);
        if (failed) {
            memory_free(wide[i]);
            wide[i] = NULL;
        }
        memcpy((char *)buffer + shape->strings[i], &wide[i], sizeof(wide[i]));
    }
    return failed ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}

/* PACKAGE_INFO and NEGOTIATION_INFO: of the package that was chosen, or is being tried. */
static SECURITY_STATUS describe(const sspia_package *package, void *context, uint32_t attribute,
                                void *buffer, bool wide, sspia_report *report)
{
    const sspia_package *named = NULL;
    uint32_t state = SECPKG_NEGOTIATION_COMPLETE;
    SecPkgContext_NegotiationInfoA info;
    struct package_entry entry;

    if (package->negotiated != NULL) {
        const char *name = package->negotiated(context, &state);

        if (name != NULL)
            named = package_find(name, report);
        if (named != NULL)
            package = named;
    }
    entry = (struct package_entry){package, package->name};
    if (wide)
        info.PackageInfo = (SecPkgInfoA *)(void *)package_describe_wide(&entry, 1);
    else
        info.PackageInfo = package_describe(&entry, 1);
    if (info.PackageInfo == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    info.NegotiationState = state;
    if (attribute == SECPKG_ATTR_PACKAGE_INFO)
        memcpy(buffer, &info.PackageInfo, sizeof(info.PackageInfo));
    else
        memcpy(buffer, &info, sizeof(info));
    return SEC_E_OK;
}

SECURITY_STATUS attribute_query(const sspia_package *package, void *state, uint32_t attribute,
                                void *buffer, bool wide, sspia_report *report)
{
    SECURITY_STATUS status;

    if (attribute == SECPKG_ATTR_PACKAGE_INFO || attribute == SECPKG_ATTR_NEGOTIATION_INFO)
        return describe(package, state, attribute, buffer, wide, report);
    /* Of this a package gives an object: attribute_query_delegated. */
    if (package->query_context == NULL || attribute == SSPIA_ATTR_DELEGATED_CREDENTIAL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    status = package->query_context(state, attribute, buffer, report);
    return status == SEC_E_OK && wide ? widen(context_shape(attribute), buffer) : status;
}

SECURITY_STATUS attribute_query_delegated(const sspia_package *package, void *state,
                                          sspia_delegated *delegated, sspia_report *report)
{
    SECURITY_STATUS status;

    *delegated = (sspia_delegated){.expiry = INT64_MAX};
    if (package->query_context == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    status = package->query_context(state, SSPIA_ATTR_DELEGATED_CREDENTIAL, delegated, report);
    if (delegated->package == NULL)
        delegated->package = package;
    return status;
}

SECURITY_STATUS attribute_query_credential(const sspia_package *package, void *state,
                                           uint32_t attribute, void *buffer, bool wide,
                                           sspia_report *report)
{
    SECURITY_STATUS status;

    if (package->query_credential == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    status = package->query_credential(state, attribute, buffer, report);
    return status == SEC_E_OK && wide ? widen(credential_shape(attribute), buffer) : status;
}
