/* SPDX-License-Identifier: MIT */
#include "protect.h"
#include "context.h"
#include "status.h"

static SECURITY_STATUS lacks(const neg_context *context, sspia_report *report)
{
    return neg_report(report, SEC_E_UNSUPPORTED_FUNCTION, context->package->name, NULL);
}

/* What was delegated is the mechanism's: it becomes one of Negotiate. */
static SECURITY_STATUS wrap_delegated(const neg_context *context, sspia_delegated *delegated,
                                      sspia_report *report)
{
    neg_credential *made;

    if (delegated->package != NULL)
        return SEC_E_OK;
    made = neg_credential_of(context->package, delegated->credential);
    if (made == NULL) {
        context->package->release(delegated->credential);
        delegated->credential = NULL;
        return neg_report(report, SEC_E_INSUFFICIENT_MEMORY, "credential", NULL);
    }
    delegated->credential = made;
    return SEC_E_OK;
}

SECURITY_STATUS neg_query(void *object, uint32_t attribute, void *buffer, sspia_report *report)
{
    neg_context *context = object;
    SECURITY_STATUS status = neg_context_ready(context, report);

    if (status != SEC_E_OK)
        return status;
    if (context->package->query_context == NULL)
        return lacks(context, report);
    status = context->package->query_context(context->inner, attribute, buffer, report);
    if (status == SEC_E_OK && attribute == SSPIA_ATTR_DELEGATED_CREDENTIAL)
        status = wrap_delegated(context, buffer, report);
    return status;
}

SECURITY_STATUS neg_set(void *object, uint32_t attribute, const void *buffer, size_t size,
                        sspia_report *report)
{
    neg_context *context = object;
    SECURITY_STATUS status = neg_context_ready(context, report);

    if (status != SEC_E_OK)
        return status;
    if (context->package->set_context == NULL || attribute == SSPIA_ATTR_LIST_SIGNED)
        return lacks(context, report);
    return context->package->set_context(context->inner, attribute, buffer, size, report);
}

SECURITY_STATUS neg_make_signature(void *object, uint32_t qop, SecBufferDesc *message,
                                   sspia_report *report)
{
    neg_context *context = object;
    SECURITY_STATUS status = neg_context_ready(context, report);

    if (status != SEC_E_OK)
        return status;
    if (context->package->make_signature == NULL)
        return lacks(context, report);
    return context->package->make_signature(context->inner, qop, message, report);
}

SECURITY_STATUS neg_verify_signature(void *object, SecBufferDesc *message, uint32_t *qop,
                                     sspia_report *report)
{
    neg_context *context = object;
    SECURITY_STATUS status = neg_context_ready(context, report);

    if (status != SEC_E_OK)
        return status;
    if (context->package->verify_signature == NULL)
        return lacks(context, report);
    return context->package->verify_signature(context->inner, message, qop, report);
}

SECURITY_STATUS neg_encrypt(void *object, uint32_t qop, SecBufferDesc *message,
                            sspia_report *report)
{
    neg_context *context = object;
    SECURITY_STATUS status = neg_context_ready(context, report);

    if (status != SEC_E_OK)
        return status;
    if (context->package->encrypt == NULL)
        return lacks(context, report);
    return context->package->encrypt(context->inner, qop, message, report);
}

SECURITY_STATUS neg_decrypt(void *object, SecBufferDesc *message, uint32_t *qop,
                            sspia_report *report)
{
    neg_context *context = object;
    SECURITY_STATUS status = neg_context_ready(context, report);

    if (status != SEC_E_OK)
        return status;
    if (context->package->decrypt == NULL)
        return lacks(context, report);
    return context->package->decrypt(context->inner, message, qop, report);
}

SECURITY_STATUS neg_control(void *object, const SecBuffer *input, uint32_t input_count,
                            sspia_report *report)
{
    neg_context *context = object;
    SECURITY_STATUS status = neg_context_ready(context, report);

    if (status != SEC_E_OK)
        return status;
    if (context->package->control == NULL)
        return lacks(context, report);
    return context->package->control(context->inner, input, input_count, report);
}
