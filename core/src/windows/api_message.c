/* SPDX-License-Identifier: MIT */
/* Messages on an established context, and control tokens. The packages number messages for
 * themselves: MessageSeqNo is not looked at. */
#include "api.h"
#include "buffer.h"

/* Enters the context for a function that takes a buffer descriptor. */
static SECURITY_STATUS enter(const char *operation, const SecHandle *words,
                             const SecBufferDesc *message, struct security_context **context)
{
    if (message == NULL || !buffer_is_valid(message))
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "the buffer descriptor is malformed");
    return api_enter_context(operation, words, context);
}

SECURITY_STATUS sspia_MakeSignature(PCtxtHandle phContext, uint32_t fQOP,
                                    PSecBufferDesc pMessage, uint32_t MessageSeqNo)
{
    static const char operation[] = "MakeSignature";
    sspia_report report = {.text = ""};
    struct security_context *context;
    SECURITY_STATUS status = enter(operation, phContext, pMessage, &context);

    (void)MessageSeqNo;
    if (status != SEC_E_OK)
        return status;
    status = SEC_E_UNSUPPORTED_FUNCTION;
    if (context->package->make_signature != NULL)
        status = context->package->make_signature(context->state, fQOP, pMessage, &report);
    return api_leave_context(operation, context, status, &report);
}

SECURITY_STATUS sspia_VerifySignature(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                      uint32_t MessageSeqNo, uint32_t *pfQOP)
{
    static const char operation[] = "VerifySignature";
    sspia_report report = {.text = ""};
    struct security_context *context;
    SECURITY_STATUS status = enter(operation, phContext, pMessage, &context);

    (void)MessageSeqNo;
    if (status != SEC_E_OK)
        return status;
    status = SEC_E_UNSUPPORTED_FUNCTION;
    if (context->package->verify_signature != NULL)
        status = context->package->verify_signature(context->state, pMessage, pfQOP, &report);
    return api_leave_context(operation, context, status, &report);
}

SECURITY_STATUS sspia_EncryptMessage(PCtxtHandle phContext, uint32_t fQOP,
                                     PSecBufferDesc pMessage, uint32_t MessageSeqNo)
{
    static const char operation[] = "EncryptMessage";
    sspia_report report = {.text = ""};
    struct security_context *context;
    SECURITY_STATUS status = enter(operation, phContext, pMessage, &context);

    (void)MessageSeqNo;
    if (status != SEC_E_OK)
        return status;
    status = SEC_E_UNSUPPORTED_FUNCTION;
    if (context->package->encrypt != NULL)
        status = context->package->encrypt(context->state, fQOP, pMessage, &report);
    return api_leave_context(operation, context, status, &report);
}

SECURITY_STATUS sspia_DecryptMessage(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                     uint32_t MessageSeqNo, uint32_t *pfQOP)
{
    static const char operation[] = "DecryptMessage";
    sspia_report report = {.text = ""};
    struct security_context *context;
    SECURITY_STATUS status = enter(operation, phContext, pMessage, &context);

    (void)MessageSeqNo;
    if (status != SEC_E_OK)
        return status;
    status = SEC_E_UNSUPPORTED_FUNCTION;
    if (context->package->decrypt != NULL)
        status = context->package->decrypt(context->state, pMessage, pfQOP, &report);
    return api_leave_context(operation, context, status, &report);
}

SECURITY_STATUS sspia_ApplyControlToken(PCtxtHandle phContext, PSecBufferDesc pInput)
{
    static const char operation[] = "ApplyControlToken";
    sspia_report report = {.text = ""};
    struct security_context *context;
    SECURITY_STATUS status = enter(operation, phContext, pInput, &context);

    if (status != SEC_E_OK)
        return status;
    status = SEC_E_UNSUPPORTED_FUNCTION;
    if (context->package->control != NULL)
        status = context->package->control(context->state, pInput->pBuffers, pInput->cBuffers,
                                           &report);
    return api_leave_context(operation, context, status, &report);
}

SECURITY_STATUS sspia_CompleteAuthToken(PCtxtHandle phContext, PSecBufferDesc pToken)
{
    static const char operation[] = "CompleteAuthToken";
    sspia_report report = {.text = ""};
    struct security_context *context;
    SECURITY_STATUS status = api_enter_context(operation, phContext, &context);

    (void)pToken;
    return status == SEC_E_OK ? api_leave_context(operation, context, status, &report) : status;
}
