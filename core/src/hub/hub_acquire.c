/* SPDX-License-Identifier: MIT */
/* Credentials of the hub: identities that come as flat text. */
#include "hub.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "message.h"
#include "outcome.h"
#include "schannel.h"
#include "verifier.h"

static const char operation[] = "AcquireCredentialsHandle";

/* What names may say: of a user, or of certificates. */
struct identity {
    SEC_WINNT_AUTH_IDENTITY_EXA user;
    sspia_auth_identity all;
    sspia_ntlm_verifier verifier;
    const char *verifier_number;
    bool is_user;

    SCH_CREDENTIALS tls;
    const char *certificate;
    const char *key;
    const char *key_password;
    const char *roots;
    bool is_tls;
    PCCERT_CONTEXT loaded;
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
        {"armor_cache", &identity->all.armor_cache},
        {"impersonate", &identity->all.impersonate},
        {"ntlm_helper", &identity->all.ntlm_helper},
        {"ntlm_verifier", &identity->verifier_number},
    };
    const struct {
        const char *name;
        const char **text;
    } tls[] = {
        {"certificate", &identity->certificate},
        {"key", &identity->key},
        {"key_password", &identity->key_password},
        {"roots", &identity->roots},
    };

    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        if (strcmp(name, windows[i].name) == 0) {
            *windows[i].text = as_windows(value);
            *windows[i].length = (uint32_t)strlen(value);
            identity->all.identity = &identity->user;
            identity->is_user = true;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (strcmp(name, ours[i].name) == 0) {
            *ours[i].text = value;
            identity->is_user = true;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(tls) / sizeof(tls[0]); i++) {
        if (strcmp(name, tls[i].name) == 0) {
            *tls[i].text = value;
            identity->is_tls = true;
            return true;
        }
    }
    if (strcmp(name, "delegation") == 0) {
        identity->all.delegation = (uint32_t)strtoul(value, NULL, 0);
        identity->is_user = true;
        return true;
    }
    if (strcmp(name, "tls_flags") == 0) {
        identity->tls.dwFlags = (uint32_t)strtoul(value, NULL, 0);
        identity->is_tls = true;
        return true;
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
        .tls = {.dwVersion = SCH_CREDENTIALS_VERSION},
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
    if (identity->is_user && identity->is_tls)
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "the identity is of a user and of certificates");
    if (identity->verifier_number == NULL)
        return SEC_E_OK;
    if (!verifier_find(hub_pointer(strtoull(identity->verifier_number, NULL, 10)),
                       &identity->verifier))
        return message_fail(operation, SEC_E_INVALID_HANDLE,
                            "the identity's ntlm_verifier is not alive");
    identity->all.ntlm_verifier = &identity->verifier;
    return SEC_E_OK;
}

static SECURITY_STATUS load_certificates(struct identity *identity)
{
    SECURITY_STATUS status = SEC_E_OK;

    if (identity->certificate != NULL) {
        status = sspia_certificate_load_file(identity->certificate, identity->key,
                                             identity->key_password, &identity->loaded);
        identity->tls.cCreds = 1;
        identity->tls.paCred = &identity->loaded;
    }
    if (status == SEC_E_OK && identity->roots != NULL)
        status = sspia_roots_load_file(identity->roots, 0, &identity->tls.hRootStore);
    return status;
}

/* The submit has copied them. */
static void unload_certificates(const struct identity *identity)
{
    sspia_certificate_free(identity->loaded);
    sspia_roots_free(identity->tls.hRootStore);
}

static SECURITY_STATUS prepare(struct job *job, struct outcome *outcome, const char *package,
                               const char *principal, uint32_t use, const void *pairs,
                               size_t size)
{
    struct acquisition_arguments arguments = {
        .use = use,
        .credential = &outcome->credential,
        .expiry_utc = &outcome->expiry,
    };
    struct identity identity;
    SECURITY_STATUS status;

    if (size == 0)
        return api_prepare_acquire(job, false, principal, package, &arguments);
    if (pairs == NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER, "the identity is NULL");
    status = read_identity(pairs, size, &identity);
    if (status == SEC_E_OK && identity.is_tls)
        status = load_certificates(&identity);
    arguments.auth_data = identity.is_tls ? (void *)&identity.tls : (void *)&identity.all;
    if (status == SEC_E_OK)
        status = api_prepare_acquire(job, false, principal, package, &arguments);
    unload_certificates(&identity);
    return status;
}

int32_t sspia_hub_acquire(uint64_t call, uint64_t queue, uint64_t id, const char *package,
                          size_t package_size, const char *principal, size_t principal_size,
                          uint32_t use, const void *identity, size_t identity_size)
{
    struct outcome *outcome = outcome_create();
    char *package_name = NULL, *principal_name = NULL;
    struct job job;
    SECURITY_STATUS status;

    if (outcome == NULL)
        return message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    status = hub_string(operation, "package", package, package_size, &package_name);
    if (status == SEC_E_OK)
        status = hub_string(operation, "principal", principal, principal_size, &principal_name);
    if (status == SEC_E_OK)
        status =
            prepare(&job, outcome, package_name, principal_name, use, identity, identity_size);
    free(package_name);
    free(principal_name);
    if (status == SEC_E_OK)
        return hub_submit(call, queue, id, &job, outcome);
    outcome_free(outcome);
    return status;
}

int32_t sspia_hub_free_credential(uint64_t call, uint64_t queue, uint64_t id,
                                  uint64_t credential)
{
    return hub_submit_end(call, queue, id, &operation_free, HANDLE_CREDENTIAL, credential);
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
