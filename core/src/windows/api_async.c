/* SPDX-License-Identifier: MIT */
/* The asynchronous calls that do work: each prepares the job of its synchronous twin and
 * submits it. */
#include "api.h"
#include "inline.h"
#include "submission.h"

static SECURITY_STATUS acquire(SspiAsyncContext *async, bool wide, const void *principal,
                               const void *package, struct acquisition_arguments *arguments)
{
    struct job job;
    SECURITY_STATUS status = api_prepare_acquire(&job, wide, principal, package, arguments);

    return status == SEC_E_OK ? async_submit(async, &job) : status;
}

static SECURITY_STATUS step(SspiAsyncContext *async, bool wide, const void *target,
                            struct step_arguments *arguments)
{
    struct job job;
    SECURITY_STATUS status = api_prepare_step(&job, wide, target, arguments);

    return status == SEC_E_OK ? async_submit(async, &job) : status;
}

static inline SECURITY_STATUS end(SspiAsyncContext *async, const struct operation *operation,
                                  const SecHandle *words)
{
    struct handle target;

    return operation_target(operation, words, &target)
               ? async_submit_end(async, operation, target, NULL)
               : SEC_E_INVALID_PARAMETER;
}

SECURITY_STATUS SspiAcquireCredentialsHandleAsyncA(
    SspiAsyncContext *AsyncContext, const SEC_CHAR *pszPrincipal, const SEC_CHAR *pszPackage,
    uint32_t fCredentialUse, void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
    void *pvGetKeyArgument, PCredHandle phCredential, PTimeStamp ptsExpiry)
{
    struct acquisition_arguments arguments = {
        .use = fCredentialUse,
        .logon_id = pvLogonId,
        .auth_data = pAuthData,
        .get_key = pGetKeyFn,
        .get_key_argument = pvGetKeyArgument,
        .credential = phCredential,
        .expiry = ptsExpiry,
    };

    return acquire(AsyncContext, false, pszPrincipal, pszPackage, &arguments);
}

SECURITY_STATUS SspiAcquireCredentialsHandleAsyncW(
    SspiAsyncContext *AsyncContext, const SEC_WCHAR *pszPrincipal, const SEC_WCHAR *pszPackage,
    uint32_t fCredentialUse, void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
    void *pvGetKeyArgument, PCredHandle phCredential, PTimeStamp ptsExpiry)
{
    struct acquisition_arguments arguments = {
        .use = fCredentialUse,
        .logon_id = pvLogonId,
        .auth_data = pAuthData,
        .get_key = pGetKeyFn,
        .get_key_argument = pvGetKeyArgument,
        .credential = phCredential,
        .expiry = ptsExpiry,
    };

    return acquire(AsyncContext, true, pszPrincipal, pszPackage, &arguments);
}

SECURITY_STATUS SspiFreeCredentialsHandleAsync(SspiAsyncContext *AsyncContext,
                                               PCredHandle phCredential)
{
    return end(AsyncContext, &operation_free, phCredential);
}

SECURITY_STATUS SspiInitializeSecurityContextAsyncA(
    SspiAsyncContext *AsyncContext, PCredHandle phCredential, PCtxtHandle phContext,
    const SEC_CHAR *pszTargetName, uint32_t fContextReq, uint32_t Reserved1,
    uint32_t TargetDataRep, PSecBufferDesc pInput, uint32_t Reserved2, PCtxtHandle phNewContext,
    PSecBufferDesc pOutput, uint32_t *pfContextAttr, PTimeStamp ptsExpiry)
{
    struct step_arguments arguments = {
        .credential = phCredential,
        .context = phContext,
        .requested = fContextReq,
        .data_rep = TargetDataRep,
        .input = pInput,
        .new_context = phNewContext,
        .output = pOutput,
        .attributes = pfContextAttr,
        .expiry = ptsExpiry,
    };

    (void)Reserved1;
    (void)Reserved2;
    return step(AsyncContext, false, pszTargetName, &arguments);
}

SECURITY_STATUS SspiInitializeSecurityContextAsyncW(
    SspiAsyncContext *AsyncContext, PCredHandle phCredential, PCtxtHandle phContext,
    const SEC_WCHAR *pszTargetName, uint32_t fContextReq, uint32_t Reserved1,
    uint32_t TargetDataRep, PSecBufferDesc pInput, uint32_t Reserved2, PCtxtHandle phNewContext,
    PSecBufferDesc pOutput, uint32_t *pfContextAttr, PTimeStamp ptsExpiry)
{
    struct step_arguments arguments = {
        .credential = phCredential,
        .context = phContext,
        .requested = fContextReq,
        .data_rep = TargetDataRep,
        .input = pInput,
        .new_context = phNewContext,
        .output = pOutput,
        .attributes = pfContextAttr,
        .expiry = ptsExpiry,
    };

    (void)Reserved1;
    (void)Reserved2;
    return step(AsyncContext, true, pszTargetName, &arguments);
}

SECURITY_STATUS SspiAcceptSecurityContextAsync(SspiAsyncContext *AsyncContext,
                                               PCredHandle phCredential, PCtxtHandle phContext,
                                               PSecBufferDesc pInput, uint32_t fContextReq,
                                               uint32_t TargetDataRep, PCtxtHandle phNewContext,
                                               PSecBufferDesc pOutput, uint32_t *pfContextAttr,
                                               PTimeStamp ptsExpiry)
{
    struct step_arguments arguments = {
        .acceptor = true,
        .credential = phCredential,
        .context = phContext,
        .requested = fContextReq,
        .data_rep = TargetDataRep,
        .input = pInput,
        .new_context = phNewContext,
        .output = pOutput,
        .attributes = pfContextAttr,
        .expiry = ptsExpiry,
    };

    return step(AsyncContext, false, NULL, &arguments);
}

ENGINE_FLAT SECURITY_STATUS SspiDeleteSecurityContextAsync(SspiAsyncContext *AsyncContext,
                                                           PCtxtHandle phContext)
{
    return end(AsyncContext, &operation_delete, phContext);
}

static bool context_at(const void *contexts, uint32_t index, struct handle *handle)
{
    return handle_from_words(HANDLE_CONTEXT, (const CtxtHandle *)contexts + index, handle);
}

SECURITY_STATUS sspia_async_delete_contexts(SspiAsyncContext *async, const CtxtHandle *contexts,
                                            uint32_t count)
{
    if (contexts == NULL && count > 0)
        return message_fail("DeleteSecurityContext", SEC_E_INVALID_PARAMETER,
                            "contexts is NULL");
    return async_submit_batch(async, &operation_delete_many, HANDLE_CONTEXT, context_at,
                              contexts, count, NULL);
}
