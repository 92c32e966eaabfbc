/* SPDX-License-Identifier: MIT */
/* Contexts that are packed, and unpacked elsewhere. */
#include <stdlib.h>

#include "api.h"
#include "gate.h"
#include "package.h"

SECURITY_STATUS sspia_ExportSecurityContext(PCtxtHandle phContext, uint32_t fFlags,
                                            PSecBuffer pPackedContext, void **pToken)
{
    static const char operation[] = "ExportSecurityContext";
    const uint32_t known = SECPKG_CONTEXT_EXPORT_RESET_NEW | SECPKG_CONTEXT_EXPORT_DELETE_OLD;
    sspia_report report = {.text = ""};
    struct security_context *context;
    sspia_bytes packed = {NULL, 0};
    SECURITY_STATUS status;

    if (pPackedContext == NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER, "pPackedContext is NULL");
    if ((fFlags & ~known) != 0)
        return message_fail(operation, SEC_E_UNSUPPORTED_FUNCTION, "a flag is unknown");
    status = api_enter_context(operation, phContext, &context);
    if (status != SEC_E_OK)
        return status;
    status = SEC_E_UNSUPPORTED_FUNCTION;
    if (context->package->export_context != NULL)
        status = context->package->export_context(context->state, fFlags, &packed, &report);
    status = api_leave_context(operation, context, status, &report);
    if (status != SEC_E_OK)
        return status;
    *pPackedContext = (SecBuffer){.cbBuffer = (uint32_t)packed.size,
                                  .BufferType = SECBUFFER_EMPTY,
                                  .pvBuffer = packed.data};
    if (pToken != NULL)
        *pToken = NULL;
    if ((fFlags & SECPKG_CONTEXT_EXPORT_DELETE_OLD) != 0)
        sspia_DeleteSecurityContext(phContext);
    return SEC_E_OK;
}

static SECURITY_STATUS import(const sspia_package *package, const SecBuffer *packed,
                              PCtxtHandle words, sspia_report *report)
{
    struct security_context *context;
    void *state = NULL;
    SECURITY_STATUS status;

    if (package->import_context == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!gate_enter())
        return SEC_E_SHUTDOWN_IN_PROGRESS;
    status = package->import_context(packed->pvBuffer, packed->cbBuffer, &state, report);
    gate_leave();
    if (status != SEC_E_OK)
        return status;
    context = security_context_create(package, NULL, false, state);
    if (context == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    handle_to_words(HANDLE_CONTEXT, context->handle, words);
    return SEC_E_OK;
}

static SECURITY_STATUS import_by_name(bool wide, const void *name, const SecBuffer *packed,
                                      const void *token, PCtxtHandle words)
{
    static const char operation[] = "ImportSecurityContext";
    const sspia_package *package;
    sspia_report report = {.text = ""};
    char *text;
    SECURITY_STATUS status;

    if (name == NULL || packed == NULL || words == NULL ||
        (packed->cbBuffer > 0 && packed->pvBuffer == NULL))
        return message_fail(operation, SEC_E_INVALID_PARAMETER, "a required pointer is NULL");
    if (token != NULL)
        return message_fail(operation, SEC_E_UNSUPPORTED_FUNCTION, "Token must be NULL");
    status = api_text(operation, wide, name, &text);
    if (status != SEC_E_OK)
        return status;
    package = package_find(text, &report);
    status = package != NULL ? import(package, packed, words, &report) : SEC_E_SECPKG_NOT_FOUND;
    message_return(text, operation, status, &report);
    free(text);
    return status;
}

SECURITY_STATUS sspia_ImportSecurityContextA(const SEC_CHAR *pszPackage,
                                             PSecBuffer pPackedContext, void *Token,
                                             PCtxtHandle phContext)
{
    return import_by_name(false, pszPackage, pPackedContext, Token, phContext);
}

SECURITY_STATUS sspia_ImportSecurityContextW(const SEC_WCHAR *pszPackage,
                                             PSecBuffer pPackedContext, void *Token,
                                             PCtxtHandle phContext)
{
    return import_by_name(true, pszPackage, pPackedContext, Token, phContext);
}
