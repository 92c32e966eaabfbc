/* SPDX-License-Identifier: MIT */
#include "signature.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>

/* NTLM's own MIC, where it has one, does not cover what was negotiated around it, so that the
 * list must then be signed even if its first mechanism was chosen (MS-SPNG 3.3.5.1). */
static bool mechanism_insists(const neg_context *context)
{
    uint32_t insists = 0;
    sspia_report ignored;

    return context->package->query_context != NULL &&
           context->package->query_context(context->inner, SSPIA_ATTR_LIST_SIGNED, &insists,
                                           &ignored) == SEC_E_OK &&
           insists != 0;
}

bool neg_signature_needed(const neg_context *context)
{
    return context->inner_done && neg_context_integrity(context) &&
           (context->changed || context->mic_wanted || context->mic_received ||
            context->mic_sent || mechanism_insists(context));
}

static SECURITY_STATUS lacks(sspia_report *report, const sspia_package *package)
{
    return neg_report(report, SEC_E_UNSUPPORTED_FUNCTION, package->name,
                      "it promises integrity but signs nothing");
}

SECURITY_STATUS neg_signature_make(neg_context *context, sspia_bytes *mic, sspia_report *report)
{
    const sspia_package *package = context->package;
    SecPkgContext_Sizes sizes = {0};
    SecBuffer buffers[2] = {
        {0, SECBUFFER_TOKEN, NULL},
        {(uint32_t)context->list_size, SECBUFFER_DATA, context->list},
    };
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status;

    if (package->make_signature == NULL || package->query_context == NULL)
        return lacks(report, package);
    status = package->query_context(context->inner, SECPKG_ATTR_SIZES, &sizes, report);
    if (status != SEC_E_OK)
        return status;
    buffers[0].pvBuffer = malloc(sizes.cbMaxSignature > 0 ? sizes.cbMaxSignature : 1);
    if (buffers[0].pvBuffer == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    buffers[0].cbBuffer = sizes.cbMaxSignature;
    status = package->make_signature(context->inner, 0, &message, report);
    if (status != SEC_E_OK) {
        free(buffers[0].pvBuffer);
        return status;
    }
    *mic = (sspia_bytes){buffers[0].pvBuffer, buffers[0].cbBuffer};
    context->mic_sent = true;
    return SEC_E_OK;
}

SECURITY_STATUS neg_signature_check(neg_context *context, neg_bytes mic, sspia_report *report)
{
    const sspia_package *package = context->package;
    SecBuffer buffers[2] = {
        {(uint32_t)mic.size, SECBUFFER_TOKEN, (void *)(uintptr_t)mic.data},
        {(uint32_t)context->list_size, SECBUFFER_DATA, context->list},
    };
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status;
    sspia_report reason = {""};

    if (!neg_context_integrity(context))
        return neg_report(report, SEC_E_INVALID_TOKEN, "mechListMIC",
                          "the chosen mechanism cannot sign");
    if (context->mic_received)
        return neg_report(report, SEC_E_INVALID_TOKEN, "mechListMIC", "it comes twice");
    if (package->verify_signature == NULL)
        return lacks(report, package);
    status = package->verify_signature(context->inner, &message, NULL, &reason);
    if (status == SEC_E_OK)
        context->mic_received = true;
    else if (status == SEC_E_INSUFFICIENT_MEMORY)
        *report = reason;
    else
        status = neg_report(report, SEC_E_MESSAGE_ALTERED, "mechListMIC",
                            "the list of mechanisms was changed on the way");
    return status;
}

SECURITY_STATUS neg_signature_end(neg_context *context, sspia_report *report)
{
    const sspia_package *package = context->package;
    SECURITY_STATUS status;

    if ((!context->mic_sent && !context->mic_received) || package->set_context == NULL)
        return SEC_E_OK;
    status = package->set_context(context->inner, SSPIA_ATTR_LIST_SIGNED, NULL, 0, report);
    return status == SEC_E_UNSUPPORTED_FUNCTION ? SEC_E_OK : status;
}
