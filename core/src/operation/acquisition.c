/* SPDX-License-Identifier: MIT */
#include "acquisition.h"

#include <stdlib.h>

#include "gate.h"
#include "identity.h"
#include "memory.h"
#include "message.h"
#include "package.h"
#include "timestamp.h"

static SECURITY_STATUS check(const struct acquisition_arguments *arguments,
                             sspia_report *report)
{
    SECURITY_STATUS status = SEC_E_INVALID_PARAMETER;

    if (arguments->credential == NULL) {
        message_report(report, "phCredential is NULL", NULL);
    } else if (arguments->package_name == NULL) {
        message_report(report, "pszPackage is NULL", NULL);
    } else if ((arguments->use & SECPKG_CRED_BOTH) == 0) {
        message_report(report, "fCredentialUse", "needs SECPKG_CRED_INBOUND or _OUTBOUND");
    } else if (arguments->logon_id != NULL || arguments->get_key != NULL ||
               arguments->get_key_argument != NULL) {
        message_report(report, "pvLogonId, pGetKeyFn and pvGetKeyArgument must be NULL", NULL);
        status = SEC_E_UNSUPPORTED_FUNCTION;
    } else {
        status = SEC_E_OK;
    }
    return status;
}

static SECURITY_STATUS copy_auth_data(struct acquisition *acquisition, const void *auth_data,
                                      sspia_report *report)
{
    sspia_identity *identity = NULL;
    SECURITY_STATUS status;

    if (acquisition->package->copy_auth_data != NULL)
        return acquisition->package->copy_auth_data(auth_data, &acquisition->auth_data, report);
    status = identity_copy(auth_data, &identity, report);
    acquisition->auth_data = identity;
    return status;
}

static void release_state(struct acquisition *acquisition)
{
    if (acquisition->state != NULL && gate_enter()) {
        acquisition->package->release(acquisition->state);
        gate_leave();
    }
    acquisition->state = NULL;
}

/* A credential that was not published is released. */
static void wipe_and_free(struct acquisition *acquisition)
{
    release_state(acquisition);
    if (acquisition->credential != NULL &&
        handle_close(HANDLE_CREDENTIAL, acquisition->credential->handle) != NULL)
        credential_close(acquisition->credential);
    if (acquisition->auth_data != NULL && acquisition->package->free_auth_data != NULL)
        acquisition->package->free_auth_data(acquisition->auth_data);
    else
        identity_free(acquisition->auth_data);
    memory_wipe_string(acquisition->principal);
    memory_wipe_string(acquisition->package_name);
    free(acquisition);
}

SECURITY_STATUS acquisition_prepare(const struct acquisition_arguments *arguments,
                                    struct acquisition **result, sspia_report *report)
{
    struct acquisition *acquisition = calloc(1, sizeof(*acquisition));
    SECURITY_STATUS status = check(arguments, report);

    *result = NULL;
    if (acquisition == NULL) {
        memory_wipe_string(arguments->principal);
        memory_wipe_string(arguments->package_name);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    acquisition->principal = arguments->principal;
    acquisition->package_name = arguments->package_name;
    acquisition->use = arguments->use;
    acquisition->credential_place = arguments->credential;
    acquisition->expiry_place = arguments->expiry;
    acquisition->expiry_utc_place = arguments->expiry_utc;
    if (status == SEC_E_OK) {
        sspia_report why = {.text = ""};

        acquisition->package = package_find(arguments->package_name, &why);
        if (acquisition->package != NULL && arguments->auth_data != NULL)
            status = copy_auth_data(acquisition, arguments->auth_data, report);
    }
    if (status != SEC_E_OK) {
        wipe_and_free(acquisition);
        return status;
    }
    *result = acquisition;
    return SEC_E_OK;
}

/* Of acquire, *credential speaks on success only. */
static SECURITY_STATUS ask_to_acquire(struct acquisition *acquisition, sspia_report *report)
{
    const sspia_package *package = acquisition->package;
    void *state = NULL;
    SECURITY_STATUS status;

    if (!gate_enter())
        return SEC_E_SHUTDOWN_IN_PROGRESS;
    status = package->acquire(acquisition->principal, acquisition->use, acquisition->auth_data,
                              &state, &acquisition->expiry, report);
    gate_leave();
    acquisition->state = status == SEC_E_OK ? state : NULL;
    return status != SSPIA_WAITING ? status : SEC_E_INTERNAL_ERROR; /* it was given no wait */
}

static SECURITY_STATUS ask_to_acquire_waiting(struct acquisition *acquisition,
                                              sspia_report *report)
{
    SECURITY_STATUS status = waiting_enter(&acquisition->waiting);

    if (status != SEC_E_OK)
        return status;
    status = acquisition->package->acquire_waiting(
        acquisition->principal, acquisition->use, acquisition->auth_data, &acquisition->state,
        &acquisition->expiry, &acquisition->waiting.wait, report);
    waiting_leave(&acquisition->waiting, status);
    return status;
}

static SECURITY_STATUS acquire(struct acquisition *acquisition, sspia_report *report)
{
    SECURITY_STATUS status;
    void *state;

    if (acquisition->package == NULL)
        acquisition->package = package_find(acquisition->package_name, report);
    if (acquisition->package == NULL)
        return SEC_E_SECPKG_NOT_FOUND;
    acquisition->expiry = INT64_MAX;
    if (acquisition->package->acquire_waiting != NULL)
        status = ask_to_acquire_waiting(acquisition, report);
    else
        status = ask_to_acquire(acquisition, report);
    if (status == SSPIA_WAITING)
        return status;
    if (status != SEC_E_OK) {
        release_state(acquisition);
        return status;
    }
    state = acquisition->state;
    acquisition->state = NULL;
    acquisition->credential = credential_create(acquisition->package, acquisition->use, state);
    return acquisition->credential != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static void run(struct job *job, sspia_report *report)
{
    job->status = acquire(job->arguments, report);
}

static struct waiting *waiting_of(const struct job *job)
{
    return &((struct acquisition *)job->arguments)->waiting;
}

static void publish(struct job *job)
{
    struct acquisition *acquisition = job->arguments;

    if (acquisition->credential == NULL)
        return;
    handle_to_words(HANDLE_CREDENTIAL, acquisition->credential->handle,
                    acquisition->credential_place);
    if (acquisition->expiry_place != NULL)
        *acquisition->expiry_place = timestamp_from_unix(acquisition->expiry);
    if (acquisition->expiry_utc_place != NULL)
        *acquisition->expiry_utc_place = acquisition->expiry;
    acquisition->credential = NULL; /* the handle is the owner now */
}

static void discard(struct job *job)
{
    wipe_and_free(job->arguments);
}

static const char *package_of(const struct job *job)
{
    return ((const struct acquisition *)job->arguments)->package_name;
}

const struct operation operation_acquire = {
    .name = "AcquireCredentialsHandle",
    .run = run,
    .waiting = waiting_of,
    .thread_lane = LANE_NETWORK,
    .publish = publish,
    .discard = discard,
    .package = package_of,
};
