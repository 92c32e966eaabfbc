/* SPDX-License-Identifier: MIT */
/* The life of a security context. */
#include "context.h"
#include "bindings.h"
#include "flags.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>

gss_context *gss_context_create(bool initiator)
{
    gss_context *context = calloc(1, sizeof *context);

    if (context == NULL)
        return NULL;
    context->initiator = initiator;
    context->handle = GSS_C_NO_CONTEXT;
    context->delegated = GSS_C_NO_CREDENTIAL;
    context->expiry = INT64_MAX;
    return context;
}

void gss_context_settle(gss_context *context)
{
    gss_flight_leave(&context->seat);
    if (context->lease != NULL)
        gss_source_give(context->source, context->lease);
    gss_credential_release(context->credential);
    context->lease = NULL;
    context->source = NULL;
    context->credential = NULL;
    gss_bindings_free(context->bindings);
    context->bindings = GSS_C_NO_CHANNEL_BINDINGS;
}

/* Deleting a GSS context sends nothing and waits for nothing: the token of RFC 2743 2.2.3 is
 * obsolete. */
static void drop_handle(gss_context *context)
{
    OM_uint32 minor;

    if (context->handle != GSS_C_NO_CONTEXT)
        gss_delete_sec_context(&minor, &context->handle, GSS_C_NO_BUFFER);
    context->handle = GSS_C_NO_CONTEXT;
    gss_release_cred(&minor, &context->delegated);
    if (context->parked.value != NULL) {
        explicit_bzero(context->parked.value, context->parked.length);
        gss_release_buffer(&minor, &context->parked);
    }
}

SECURITY_STATUS gss_context_fail(gss_context *context, SECURITY_STATUS status)
{
    context->state = GSS_FAILED;
    drop_handle(context);
    gss_context_settle(context);
    return status;
}

void gss_context_delete(void *object)
{
    gss_context *context = object;

    if (context == NULL)
        return;
    drop_handle(context);
    gss_context_settle(context);
    free(context->target_text);
    free(context->client);
    free(context);
}

SECURITY_STATUS gss_context_ready(gss_context *context, sspia_report *report)
{
    OM_uint32 major;
    OM_uint32 minor;

    if (context->state != GSS_ESTABLISHED)
        return gss_status_report(report, SEC_E_OUT_OF_SEQUENCE, "context",
                                 context->state == GSS_FAILED
                                     ? "its handshake failed"
                                     : "its handshake is not complete");
    if (context->parked.value == NULL)
        return SEC_E_OK;
    major = gss_import_sec_context(&minor, &context->parked, &context->handle);
    if (GSS_ERROR(major))
        return gss_status(major, minor, GSS_AT_MESSAGE, report);
    explicit_bzero(context->parked.value, context->parked.length);
    gss_release_buffer(&minor, &context->parked);
    return SEC_E_OK;
}

SECURITY_STATUS gss_context_may_sign(const gss_context *context, sspia_report *report)
{
    if (gss_flags_integrity(context->attributes, context->initiator) ||
        gss_flags_confidentiality(context->attributes))
        return SEC_E_OK;
    return gss_status_report(report, SEC_E_QOP_NOT_SUPPORTED, "context",
                             "integrity was not requested in its handshake");
}

SECURITY_STATUS gss_context_may_encrypt(const gss_context *context, uint32_t qop,
                                        sspia_report *report)
{
    bool encrypt = qop != SECQOP_WRAP_NO_ENCRYPT;
    SECURITY_STATUS status;

    if (qop != 0 && encrypt)
        return gss_status_report(report, SEC_E_QOP_NOT_SUPPORTED, "fQOP", NULL);
    status = gss_context_may_sign(context, report);
    if (status != SEC_E_OK)
        return status;
    if (encrypt && !gss_flags_confidentiality(context->attributes))
        return gss_status_report(report, SEC_E_QOP_NOT_SUPPORTED, "context",
                                 "confidentiality was not requested in its handshake; "
                                 "SECQOP_WRAP_NO_ENCRYPT wraps without");
    return SEC_E_OK;
}
