/* SPDX-License-Identifier: MIT */
/* Attributes of contexts and credentials. */
#include <string.h>

#include "api.h"
#include "attribute.h"
#include "credential.h"
#include "gate.h"
#include "timestamp.h"

static const char operation_query[] = "QueryContextAttributes";

SECURITY_STATUS api_query_delegated(const SecHandle *words, CredHandle *credential,
                                    int64_t *expiry)
{
    sspia_report report = {.text = ""};
    struct security_context *context;
    struct credential *made;
    sspia_delegated delegated;
    SECURITY_STATUS status = api_enter_context(operation_query, words, &context);

    if (status != SEC_E_OK)
        return status;
    status = attribute_query_delegated(context->package, context->state, &delegated, &report);
    status = api_leave_context(operation_query, context, status, &report);
    if (status != SEC_E_OK)
        return status;
    made = credential_create(delegated.package, SECPKG_CRED_OUTBOUND, delegated.credential);
    if (made == NULL)
        return message_fail(operation_query, SEC_E_INSUFFICIENT_MEMORY, NULL);
    handle_to_words(HANDLE_CREDENTIAL, made->handle, credential);
    *expiry = delegated.expiry;
    return SEC_E_OK;
}

static SECURITY_STATUS query_delegated(const SecHandle *words, void *buffer)
{
    sspia_delegated_credential answer;
    int64_t expiry;
    SECURITY_STATUS status = api_query_delegated(words, &answer.credential, &expiry);

    if (status != SEC_E_OK)
        return status;
    answer.expiry = timestamp_from_unix(expiry);
    memcpy(buffer, &answer, sizeof(answer));
    return SEC_E_OK;
}

static SECURITY_STATUS query_context(bool wide, const SecHandle *words, uint32_t attribute,
                                     void *buffer, uint32_t size)
{
    sspia_report report = {.text = ""};
    struct security_context *context;
    SECURITY_STATUS status = attribute_check(attribute, buffer, size, &report);

    if (status != SEC_E_OK)
        return message_return(NULL, operation_query, status, &report);
    if (attribute == SSPIA_ATTR_DELEGATED_CREDENTIAL)
        return query_delegated(words, buffer);
    status = api_enter_context(operation_query, words, &context);
    if (status != SEC_E_OK)
        return status;
    status =
        attribute_query(context->package, context->state, attribute, buffer, wide, &report);
    return api_leave_context(operation_query, context, status, &report);
}

SECURITY_STATUS sspia_QueryContextAttributesA(PCtxtHandle phContext, uint32_t ulAttribute,
                                              void *pBuffer)
{
    return query_context(false, phContext, ulAttribute, pBuffer, UINT32_MAX);
}

SECURITY_STATUS sspia_QueryContextAttributesExA(PCtxtHandle phContext, uint32_t ulAttribute,
                                                void *pBuffer, uint32_t cbBuffer)
{
    return query_context(false, phContext, ulAttribute, pBuffer, cbBuffer);
}

SECURITY_STATUS sspia_QueryContextAttributesW(PCtxtHandle phContext, uint32_t ulAttribute,
                                              void *pBuffer)
{
    return query_context(true, phContext, ulAttribute, pBuffer, UINT32_MAX);
}

SECURITY_STATUS sspia_QueryContextAttributesExW(PCtxtHandle phContext, uint32_t ulAttribute,
                                                void *pBuffer, uint32_t cbBuffer)
{
    return query_context(true, phContext, ulAttribute, pBuffer, cbBuffer);
}

static SECURITY_STATUS set_context(const SecHandle *words, uint32_t attribute,
                                   const void *buffer, uint32_t size)
{
    static const char operation[] = "SetContextAttributes";
    sspia_report report = {.text = ""};
    struct security_context *context;
    SECURITY_STATUS status;

    if (buffer == NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER, "pBuffer is NULL");
    status = api_enter_context(operation, words, &context);
    if (status != SEC_E_OK)
        return status;
    status = SEC_E_UNSUPPORTED_FUNCTION;
    if (context->package->set_context != NULL)
        status =
            context->package->set_context(context->state, attribute, buffer, size, &report);
    return api_leave_context(operation, context, status, &report);
}

/* What can be set has no strings: both forms are one. */
SECURITY_STATUS sspia_SetContextAttributesA(PCtxtHandle phContext, uint32_t ulAttribute,
                                            void *pBuffer, uint32_t cbBuffer)
{
    return set_context(phContext, ulAttribute, pBuffer, cbBuffer);
}

SECURITY_STATUS sspia_SetContextAttributesW(PCtxtHandle phContext, uint32_t ulAttribute,
                                            void *pBuffer, uint32_t cbBuffer)
{
    return set_context(phContext, ulAttribute, pBuffer, cbBuffer);
}

/* A reference to a live credential with its package entered. */
static SECURITY_STATUS enter_credential(const char *operation, const SecHandle *words,
                                        struct credential **credential)
{
    struct handle handle;

    *credential = NULL;
    if (words != NULL && handle_from_words(HANDLE_CREDENTIAL, words, &handle))
        *credential = handle_acquire(HANDLE_CREDENTIAL, handle);
    if (*credential == NULL)
        return message_fail(operation, SEC_E_INVALID_HANDLE, NULL);
    if (gate_enter())
        return SEC_E_OK;
    handle_release((*credential)->handle);
    return message_fail(operation, SEC_E_SHUTDOWN_IN_PROGRESS, NULL);
}

static SECURITY_STATUS leave_credential(const char *operation, struct credential *credential,
                                        SECURITY_STATUS status, const sspia_report *report)
{
    gate_leave();
    message_return(credential->package->name, operation, status, report);
    handle_release(credential->handle);
    return status;
}

static SECURITY_STATUS query_credential(bool wide, const SecHandle *words, uint32_t attribute,
                                        void *buffer, uint32_t size)
{
    static const char operation[] = "QueryCredentialsAttributes";
    sspia_report report = {.text = ""};
    struct credential *credential;
    SECURITY_STATUS status = attribute_check_credential(attribute, buffer, size, &report);

    if (status != SEC_E_OK)
        return message_return(NULL, operation, status, &report);
    status = enter_credential(operation, words, &credential);
    if (status != SEC_E_OK)
        return status;
    status = attribute_query_credential(credential->package, credential->state, attribute,
                                        buffer, wide, &report);
    return leave_credential(operation, credential, status, &report);
}

SECURITY_STATUS sspia_QueryCredentialsAttributesA(PCredHandle phCredential,
                                                  uint32_t ulAttribute, void *pBuffer)
{
    return query_credential(false, phCredential, ulAttribute, pBuffer, UINT32_MAX);
}

SECURITY_STATUS sspia_QueryCredentialsAttributesExA(PCredHandle phCredential,
                                                    uint32_t ulAttribute, void *pBuffer,
                                                    uint32_t cbBuffer)
{
    return query_credential(false, phCredential, ulAttribute, pBuffer, cbBuffer);
}

SECURITY_STATUS sspia_QueryCredentialsAttributesW(PCredHandle phCredential,
                                                  uint32_t ulAttribute, void *pBuffer)
{
    return query_credential(true, phCredential, ulAttribute, pBuffer, UINT32_MAX);
}

SECURITY_STATUS sspia_QueryCredentialsAttributesExW(PCredHandle phCredential,
                                                    uint32_t ulAttribute, void *pBuffer,
                                                    uint32_t cbBuffer)
{
    return query_credential(true, phCredential, ulAttribute, pBuffer, cbBuffer);
}

static SECURITY_STATUS set_credential(const SecHandle *words, uint32_t attribute,
                                      const void *buffer, uint32_t size)
{
    static const char operation[] = "SetCredentialsAttributes";
    sspia_report report = {.text = ""};
    struct credential *credential;
    SECURITY_STATUS status;

    if (buffer == NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER, "pBuffer is NULL");
    status = enter_credential(operation, words, &credential);
    if (status != SEC_E_OK)
        return status;
    status = SEC_E_UNSUPPORTED_FUNCTION;
    if (credential->package->set_credential != NULL)
        status = credential->package->set_credential(credential->state, attribute, buffer, size,
                                                     &report);
    return leave_credential(operation, credential, status, &report);
}

SECURITY_STATUS sspia_SetCredentialsAttributesA(PCredHandle phCredential, uint32_t ulAttribute,
                                                void *pBuffer, uint32_t cbBuffer)
{
    return set_credential(phCredential, ulAttribute, pBuffer, cbBuffer);
}

SECURITY_STATUS sspia_SetCredentialsAttributesW(PCredHandle phCredential, uint32_t ulAttribute,
                                                void *pBuffer, uint32_t cbBuffer)
{
    return set_credential(phCredential, ulAttribute, pBuffer, cbBuffer);
}
