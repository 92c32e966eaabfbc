/* SPDX-License-Identifier: MIT */
/*
 * ImpersonateSecurityContext and its opposite, as the program has set them.
 *
 * The setting is one pointer to what never changes again, so that a call needs no lock and a
 * fork finds none taken. A setting that was replaced may be in use still, and is kept.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "api.h"
#include "attribute.h"
#include "memory.h"

static const char operation_impersonate[] = "ImpersonateSecurityContext";
static const char operation_revert[] = "RevertSecurityContext";

struct setting {
    uint32_t mode;
    sspia_impersonator impersonator;
    const struct setting *former; /* keeps it reachable for leak checkers */
};

static const struct setting refuse = {.mode = SSPIA_IMPERSONATE_REFUSE};
static _Atomic(const struct setting *) current = &refuse;

SECURITY_STATUS sspia_set_impersonation(uint32_t mode, const sspia_impersonator *impersonator)
{
    static const char operation[] = "sspia_set_impersonation";
    struct setting *setting;
    const struct setting *former;

    if (mode > SSPIA_IMPERSONATE_ASK ||
        (mode == SSPIA_IMPERSONATE_ASK) != (impersonator != NULL))
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "the mode is unknown, or does not go with the functions");
    if (impersonator != NULL &&
        (impersonator->size < sizeof(*impersonator) || impersonator->reserved != 0 ||
         impersonator->impersonate == NULL || impersonator->revert == NULL))
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "size is not that of sspia_impersonator, or a function is NULL");
    setting = calloc(1, sizeof(*setting));
    if (setting == NULL)
        return message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    setting->mode = mode;
    if (impersonator != NULL)
        setting->impersonator = *impersonator;
    former = atomic_load_explicit(&current, memory_order_acquire);
    do
        setting->former = former;
    while (!atomic_compare_exchange_weak_explicit(&current, &former, setting,
                                                  memory_order_acq_rel, memory_order_acquire));
    return SEC_E_OK;
}

/* The client's name, to be freed with memory_free; or that there is no such context, or nobody
 * behind it. Of an imported context (it has no credential) nobody knows whose side it was: its
 * name is that of the initiator in any case. */
static SECURITY_STATUS find_client(const SecHandle *words, char **name)
{
    sspia_report report = {.text = ""};
    SecPkgContext_NamesA names = {NULL};
    struct security_context *context;
    SECURITY_STATUS status = api_enter_context(operation_impersonate, words, &context);

    if (status != SEC_E_OK)
        return status;
    if (!context->acceptor && context->credential != NULL) {
        message_report(&report, "an initiator's context has no client", NULL);
        status = SEC_E_NO_IMPERSONATION;
    } else {
        status = attribute_query(context->package, context->state, SECPKG_ATTR_NAMES, &names,
                                 false, &report);
        if (status != SEC_E_OK || names.sUserName == NULL)
            status = SEC_E_NO_IMPERSONATION;
    }
    *name = names.sUserName;
    return api_leave_context(operation_impersonate, context, status, &report);
}

static SECURITY_STATUS not_set(const char *operation)
{
    return message_fail(operation, SEC_E_UNSUPPORTED_FUNCTION,
                        "Linux has no access tokens; sspia_set_impersonation says what shall "
                        "happen instead");
}

SECURITY_STATUS sspia_ImpersonateSecurityContext(PCtxtHandle phContext)
{
    const struct setting *setting = atomic_load_explicit(&current, memory_order_acquire);
    char *user;
    SECURITY_STATUS status;

    if (setting->mode == SSPIA_IMPERSONATE_REFUSE)
        return not_set(operation_impersonate);
    status = find_client(phContext, &user);
    if (status != SEC_E_OK)
        return status;
    if (setting->mode == SSPIA_IMPERSONATE_ASK)
        status = setting->impersonator.impersonate(setting->impersonator.data, phContext, user);
    memory_free(user);
    return message_fail(operation_impersonate, status, "the program's own function refused");
}

/* A thread must be able to leave what it has become, whatever has become of the context's state
 * meanwhile: the handle alone is looked at. */
static bool is_alive(const SecHandle *words)
{
    struct handle handle;

    if (words == NULL || !handle_from_words(HANDLE_CONTEXT, words, &handle) ||
        handle_acquire(HANDLE_CONTEXT, handle) == NULL)
        return false;
    handle_release(handle);
    return true;
}

SECURITY_STATUS sspia_RevertSecurityContext(PCtxtHandle phContext)
{
    const struct setting *setting = atomic_load_explicit(&current, memory_order_acquire);
    SECURITY_STATUS status = SEC_E_OK;

    if (setting->mode == SSPIA_IMPERSONATE_REFUSE)
        return not_set(operation_revert);
    if (!is_alive(phContext))
        return message_fail(operation_revert, SEC_E_INVALID_HANDLE, NULL);
    if (setting->mode == SSPIA_IMPERSONATE_ASK)
        status = setting->impersonator.revert(setting->impersonator.data, phContext);
    return message_fail(operation_revert, status, "the program's own function refused");
}
