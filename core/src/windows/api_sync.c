/* SPDX-License-Identifier: MIT */
/* Credentials and contexts, synchronously. */
#include "api.h"

static SECURITY_STATUS acquire(bool wide, const void *principal, const void *package,
                               struct acquisition_arguments *arguments)
{
    struct job job;
    SECURITY_STATUS status = api_prepare_acquire(&job, wide, principal, package, arguments);

    return status == SEC_E_OK ? operation_perform(&job) : status;
}

static SECURITY_STATUS step(bool wide, const void *target, struct step_arguments *arguments)
{
    struct job job;
    SECURITY_STATUS status = api_prepare_step(&job, wide, target, arguments);

    return status == SEC_E_OK ? operation_perform(&job) : status;
}

SECURITY_STATUS sspia_AcquireCredentialsHandleA(const SEC_CHAR *pszPrincipal,
                                                const SEC_CHAR *pszPackage,
                                                uint32_t fCredentialUse, void *pvLogonId,
                                                void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                                void *pvGetKeyArgument,
                                                PCredHandle phCredential, PTimeStamp ptsExpiry)
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

    return acquire(false, pszPrincipal, pszPackage, &arguments);
}

SECURITY_STATUS sspia_AcquireCredentialsHandleW(const SEC_WCHAR *pszPrincipal,
                                                const SEC_WCHAR *pszPackage,
                                                uint32_t fCredentialUse, void *pvLogonId,
                                                void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                                void *pvGetKeyArgument,
                                                PCredHandle phCredential, PTimeStamp ptsExpiry)
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

    return acquire(true, pszPrincipal, pszPackage, &arguments);
}

SECURITY_STATUS sspia_FreeCredentialsHandle(PCredHandle phCredential)
{
    struct job job = {.operation = &operation_free, .lane = LANE_QUICK};

    return operation_target(&operation_free, phCredential, &job.target)
               ? operation_perform(&job)
               : SEC_E_INVALID_PARAMETER;
}

SECURITY_STATUS sspia_InitializeSecurityContextA(
    PCredHandle phCredential, PCtxtHandle phContext, const SEC_CHAR *pszTargetName,
    uint32_t fContextReq, uint32_t Reserved1, uint32_t TargetDataRep, PSecBufferDesc pInput,
    uint32_t Reserved2, PCtxtHandle phNewContext, PSecBufferDesc pOutput,
    uint32_t *pfContextAttr, PTimeStamp ptsExpiry)
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
    return step(false, pszTargetName, &arguments);
}

SECURITY_STATUS sspia_InitializeSecurityContextW(
    PCredHandle phCredential, PCtxtHandle phContext, const SEC_WCHAR *pszTargetName,
    uint32_t fContextReq, uint32_t Reserved1, uint32_t TargetDataRep, PSecBufferDesc pInput,
    uint32_t Reserved2, PCtxtHandle phNewContext, PSecBufferDesc pOutput,
    uint32_t *pfContextAttr, PTimeStamp ptsExpiry)
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
    return step(true, pszTargetName, &arguments);
}

SECURITY_STATUS sspia_AcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext,
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

    return step(false, NULL, &arguments);
}

/* Not a job: it must not wait for the calls that are queued on the context. */
SECURITY_STATUS sspia_DeleteSecurityContext(PCtxtHandle phContext)
{
    static const char operation[] = "DeleteSecurityContext";
    struct security_context *context;
    struct handle handle;

    if (phContext == NULL)
        return message_fail(operation, SEC_E_INVALID_HANDLE, "phContext is NULL");
    if (phContext->dwLower == SEC_DELETED_HANDLE && phContext->dwUpper == SEC_DELETED_HANDLE)
        return SEC_E_OK;
    if (!handle_from_words(HANDLE_CONTEXT, phContext, &handle))
        return message_fail(operation, SEC_E_INVALID_HANDLE, NULL);
    context = handle_close(HANDLE_CONTEXT, handle);
    if (context == NULL && !handle_is_past(HANDLE_CONTEXT, handle))
        return message_fail(operation, SEC_E_INVALID_HANDLE, NULL);
    phContext->dwLower = SEC_DELETED_HANDLE;
    phContext->dwUpper = SEC_DELETED_HANDLE;
    if (context != NULL) {
        turn_close(&context->turns);
        handle_release(handle);
    }
    return SEC_E_OK;
}
