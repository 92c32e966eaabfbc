/* SPDX-License-Identifier: MIT */
/* Credentials of the hub: identities that come as flat text. */
#include "hub.h"

#include <string.h>

#include "api.h"
#include "message.h"
#include "outcome.h"
#include "sspi_queue.h"

static const char operation[] = "AcquireCredentialsHandle";

struct identity {
    SEC_WINNT_AUTH_IDENTITY_EXA user;
    sspia_auth_identity all;
};

/* The identity's strings are only read, though Windows has no const. */
static unsigned char *as_windows(const char *text)
{
    union {
        const char *given;
        unsigned char *kept;
    } pointer = {.given = text};

    return pointer.kept;
}

static bool set(struct identity *identity, const char *name, const char *value)
{
    const struct {
        const char *name;
        unsigned char **text;
        uint32_t *length;
    } windows[] = {
        {"user", &identity->user.User, &identity->user.UserLength},
        {"domain", &identity->user.Domain, &identity->user.DomainLength},
        {"password", &identity->user.Password, &identity->user.PasswordLength},
        {"packages", &identity->user.PackageList, &identity->user.PackageListLength},
    };
    const struct {
        const char *name;
        const char **text;
    } ours[] = {
        {"ccache", &identity->all.credential_cache},
        {"keytab", &identity->all.keytab},
        {"client_keytab", &identity->all.client_keytab},
        {"replay_cache", &identity->all.replay_cache},
        {"ntlm_user_file", &identity->all.ntlm_user_file},
    };

    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        if (strcmp(name, windows[i].name) == 0) {
            *windows[i].text = as_windows(value);
            *windows[i].length = (uint32_t)strlen(value);
            identity->all.identity = &identity->user;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (strcmp(name, ours[i].name) == 0) {
            *ours[i].text = value;
            return true;
        }
    }
    return false;
}

static SECURITY_STATUS read_identity(const char *pairs, size_t size, struct identity *identity)
{
    const char *end = pairs + size;

    *identity = (struct identity){
        .user = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
                 .Length = sizeof(identity->user),
                 .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI},
        .all = {.version = SSPIA_AUTH_IDENTITY_VERSION, .size = sizeof(identity->all)},
    };
    if (size > 1u << 20 || pairs[size - 1] != '\0')
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "the identity does not end with a zero, or is too long");
    while (pairs < end) {
        const char *name = pairs, *value = name + strlen(name) + 1;

        if (value >= end)
            return message_fail(operation, SEC_E_INVALID_PARAMETER,
                                "a name in the identity has no value");
        if (!set(identity, name, value))
            return message_fail(operation, SEC_E_INVALID_PARAMETER,
                                "a name in the identity is not known");
        pairs = value + strlen(value) + 1;
    }
    return SEC_E_OK;
}

int32_t sspia_hub_acquire(uint64_t call, uint64_t queue, uint64_t id, const char *package,
                          const char *principal, uint32_t use, const void *identity,
                          size_t identity_size)
{
    struct acquisition_arguments arguments = {.use = use};
    struct outcome *outcome;
    struct identity parsed;
    struct job job;
    SECURITY_STATUS status = SEC_E_OK;

    if (identity_size > 0) {
        status = identity != NULL
                     ? read_identity(identity, identity_size, &parsed)
                     : message_fail(operation, SEC_E_INVALID_PARAMETER, "the identity is NULL");
        arguments.auth_data = &parsed.all;
    }
    if (status != SEC_E_OK)
        return status;
    outcome = outcome_create();
    if (outcome == NULL)
        return message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    arguments.credential = &outcome->credential;
    arguments.expiry_utc = &outcome->expiry;
    status = api_prepare_acquire(&job, false, principal, package, &arguments);
    if (status != SEC_E_OK) {
        outcome_free(outcome);
        return status;
    }
    return hub_submit(call, queue, id, &job, outcome);
}

int32_t sspia_hub_free_credential(uint64_t call, uint64_t queue, uint64_t id,
                                  uint64_t credential)
{
    const SecHandle words = hub_words(HANDLE_CREDENTIAL, credential);
    struct job job;
    SECURITY_STATUS status = api_prepare_free(&job, &words);

    return status == SEC_E_OK ? hub_submit(call, queue, id, &job, NULL) : status;
}

int32_t sspia_hub_free_credential_now(uint64_t credential)
{
    SecHandle words = hub_words(HANDLE_CREDENTIAL, credential);

    return sspia_FreeCredentialsHandle(&words);
}

int32_t sspia_hub_credential_name(uint64_t credential, sspia_hub_bytes *text)
{
    SecHandle words = hub_words(HANDLE_CREDENTIAL, credential);
    SecPkgCredentials_NamesA names = {NULL};
    SECURITY_STATUS status =
        sspia_QueryCredentialsAttributesA(&words, SECPKG_CRED_ATTR_NAMES, &names);

    if (status == SEC_E_OK)
        status = hub_text(names.sUserName, text);
    sspia_FreeContextBuffer(names.sUserName);
    return status;
}
