/* SPDX-License-Identifier: MIT */
#include "api.h"

#include "gate.h"
#include "memory.h"

SECURITY_STATUS api_text(const char *operation, bool wide, const void *source, char **result)
{
    SECURITY_STATUS status = SEC_E_OK;

    *result = NULL;
    if (source != NULL && wide)
        status = text_from_utf16(source, text_utf16_length(source), result);
    else if (source != NULL)
        status = text_from_utf8(source, text_utf8_length(source), result);
    return message_fail(operation, status,
                        status == SEC_E_INVALID_PARAMETER
                            ? wide ? "a string is not well-formed UTF-16, or too long"
                                   : "a string is not well-formed UTF-8, or too long"
                            : NULL);
}

SECURITY_STATUS api_prepare_acquire(struct job *job, bool wide, const void *principal,
                                    const void *package,
                                    struct acquisition_arguments *arguments)
{
    static const char operation[] = "AcquireCredentialsHandle";
    sspia_report report = {.text = ""};
    SECURITY_STATUS status = api_text(operation, wide, package, &arguments->package_name);

    if (status == SEC_E_OK)
        status = api_text(operation, wide, principal, &arguments->principal);
    if (status != SEC_E_OK) {
        memory_wipe_string(arguments->package_name);
        return status;
    }
    status = operation_prepare_acquire(job, arguments, &report);
    return message_return(NULL, operation, status, &report);
}

SECURITY_STATUS api_prepare_step(struct job *job, bool wide, const void *target,
                                 struct step_arguments *arguments)
{
    const char *operation =
        arguments->acceptor ? "AcceptSecurityContext" : "InitializeSecurityContext";
    sspia_report report = {.text = ""};
    SECURITY_STATUS status = api_text(operation, wide, target, &arguments->target);

    if (status != SEC_E_OK)
        return status;
    status = operation_prepare_step(job, arguments, &report);
    return message_return(NULL, operation, status, &report);
}

SECURITY_STATUS api_enter_context(const char *operation, const SecHandle *words,
                                  struct security_context **context)
{
    struct security_context *found = NULL;
    struct handle handle;
    SECURITY_STATUS status = SEC_E_INVALID_HANDLE;
    const char *why = NULL;

    if (words != NULL && handle_from_words(HANDLE_CONTEXT, words, &handle))
        found = handle_acquire(HANDLE_CONTEXT, handle);
    if (found == NULL)
        return message_fail(operation, status, why);
    if (turn_take(&found->turns)) {
        if (found->state != NULL && !found->broken && gate_enter()) {
            *context = found;
            return SEC_E_OK;
        }
        status = gate_is_closing() ? SEC_E_SHUTDOWN_IN_PROGRESS : SEC_E_OUT_OF_SEQUENCE;
        why = gate_is_closing() ? NULL : "a call on this context was abandoned; delete it";
        turn_end(&found->turns);
    }
    handle_release(found->handle);
    return message_fail(operation, status, why);
}

SECURITY_STATUS api_leave_context(const char *operation, struct security_context *context,
                                  SECURITY_STATUS status, const sspia_report *report)
{
    gate_leave();
    message_return(context->package->name, operation, status, report);
    turn_end(&context->turns);
    handle_release(context->handle);
    return status;
}
