/* SPDX-License-Identifier: MIT */
#include "bare.h"

#include <string.h>

#include "gate.h"
#include "sspi_package.h"

static struct gate gate = GATE_OPEN;

/* What every credential and every context points to. */
static char nothing;

static SECURITY_STATUS acquire(const char *principal, uint32_t use, const void *auth_data,
                               void **credential, int64_t *expiry, sspia_report *report)
{
    (void)principal;
    (void)use;
    (void)auth_data;
    (void)report;
    *credential = &nothing;
    *expiry = INT64_MAX;
    return SEC_E_OK;
}

static void release(void *credential)
{
    (void)credential;
}

static SECURITY_STATUS set_credential(void *credential, uint32_t attribute, const void *buffer,
                                      size_t size, sspia_report *report)
{
    uint32_t value;

    (void)credential;
    (void)report;
    if (size != sizeof(value))
        return SEC_E_INVALID_PARAMETER;
    memcpy(&value, buffer, sizeof(value));
    if (attribute == BARE_ATTR_AWAIT)
        return gate_await(&gate, (int)value) ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
    if (attribute != BARE_ATTR_SHUT)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (value != 0)
        gate_shut(&gate);
    else
        gate_open(&gate);
    return SEC_E_OK;
}

static SECURITY_STATUS leg(void **context, const sspia_step *step, sspia_step_result *result,
                           sspia_report *report)
{
    (void)step;
    (void)report;
    *context = &nothing;
    result->expiry = INT64_MAX;
    return SEC_E_OK;
}

static void delete_context(void *context)
{
    (void)context;
    gate_pass(&gate);
}

static const sspia_package package = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof(package),
    .name = BARE_NAME,
    .comment = "Contexts that hold nothing, for measurements",
    .version = 1,
    .rpc_id = 0xffff,
    .max_token = 16,
    .acquire = acquire,
    .release = release,
    .set_credential = set_credential,
    .initialize = leg,
    .accept = leg,
    .delete_context = delete_context,
};

__attribute__((visibility("default"))) const sspia_package *const *sspia_module_entry(
    const sspia_host *host, sspia_report *report);

const sspia_package *const *sspia_module_entry(const sspia_host *host, sspia_report *report)
{
    static const sspia_package *const list[] = {&package, NULL};

    (void)host;
    (void)report;
    return list;
}
