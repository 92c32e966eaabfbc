/* SPDX-License-Identifier: MIT */
#include "credential.h"

#include <string.h>

#include "host.h"
#include "policy.h"
#include "status.h"
#include "suite.h"

void credential_retain(struct credential *credential)
{
    /* Relaxed: who retains has a reference already. */
    atomic_fetch_add_explicit(&credential->references, 1, memory_order_relaxed);
}

void credential_release(void *released)
{
    struct credential *credential = released;

    if (credential == NULL)
        return;
    /* Acquire-release with the other releases: the last one sees what the others wrote. */
    if (atomic_fetch_sub_explicit(&credential->references, 1, memory_order_acq_rel) != 1)
        return;
    session_cache_destroy(&credential->sessions);
    ticket_destroy(&credential->tickets);
    profile_release(credential->profile);
    OPENSSL_free(credential);
}

SECURITY_STATUS credential_acquire(uint32_t use, const void *auth_data,
                                   profile_install *install, void **result, int64_t *expiry,
                                   sspia_report *report)
{
    const struct settings *settings = auth_data;
    struct settings defaults;
    struct credential *credential;
    struct profile *profile;
    SECURITY_STATUS status;

    if (use != SECPKG_CRED_INBOUND && use != SECPKG_CRED_OUTBOUND) {
        report_line(report, "fCredentialUse must be SECPKG_CRED_INBOUND or _OUTBOUND");
        return SEC_E_INVALID_PARAMETER;
    }
    if (settings != NULL && use == SECPKG_CRED_INBOUND &&
        (settings->flags & SCH_CRED_SNI_ENABLE_OCSP) != 0) {
        report_line(report, "SCH_CRED_SNI_ENABLE_OCSP: there is no OCSP stapling");
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (settings == NULL) {
        settings_default(&defaults);
        settings = &defaults;
    }
    credential = OPENSSL_zalloc(sizeof(*credential));
    if (credential == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    status = profile_acquire(settings, use == SECPKG_CRED_INBOUND, install, &profile, report);
    if (status != SEC_E_OK) {
        OPENSSL_free(credential);
        return status;
    }
    credential->references = 1;
    credential->profile = profile;
    session_cache_init(&credential->sessions);
    ticket_init(&credential->tickets);
    atomic_init(&credential->policy, 0);
    *result = credential;
    *expiry = profile->expiry;
    return SEC_E_OK;
}

static SECURITY_STATUS query_name(const struct profile *profile, void *buffer,
                                  sspia_report *report)
{
    char text[512];
    char *copy;

    if (profile->identity_count == 0) {
        report_line(report, "the credential has no certificate");
        return SEC_E_NO_CREDENTIALS;
    }
    certificate_name_text(X509_get_subject_name(profile->identities[0].leaf), text,
                          sizeof(text));
    copy = host->allocate(strlen(text) + 1);
    if (copy == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    ((SecPkgCredentials_NamesA *)buffer)->sUserName = strcpy(copy, text);
    return SEC_E_OK;
}

/* MS-docs QueryCredentialsAttributes: all that there are, whether or not the settings leave
 * them. */
static SECURITY_STATUS query_algorithms(SecPkgCred_SupportedAlgs *result)
{
    const ALG_ID *algorithms;
    const size_t count = suite_algorithms(&algorithms);
    ALG_ID *copy = host->allocate(count * sizeof(*copy));

    if (copy == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(copy, algorithms, count * sizeof(*copy));
    *result = (SecPkgCred_SupportedAlgs){.cSupportedAlgs = (uint32_t)count,
                                         .palgSupportedAlgs = copy};
    return SEC_E_OK;
}

SECURITY_STATUS credential_query(void *state, uint32_t attribute, void *buffer,
                                 sspia_report *report)
{
    const struct profile *profile = ((struct credential *)state)->profile;
    SECURITY_STATUS status = SEC_E_OK;

    switch (attribute) {
    case SECPKG_CRED_ATTR_NAMES:
        status = query_name(profile, buffer, report);
        break;
    case SECPKG_ATTR_SUPPORTED_ALGS:
        status = query_algorithms(buffer);
        break;
    case SECPKG_ATTR_CIPHER_STRENGTHS:
        *(SecPkgCred_CipherStrengths *)buffer = (SecPkgCred_CipherStrengths){
            .dwMinimumCipherStrength = profile->min_bits,
            .dwMaximumCipherStrength = profile->max_bits,
        };
        break;
    case SECPKG_ATTR_SUPPORTED_PROTOCOLS:
        *(SecPkgCred_SupportedProtocols *)buffer =
            (SecPkgCred_SupportedProtocols){.grbitProtocol = profile->protocols};
        break;
    default:
        status = SEC_E_UNSUPPORTED_FUNCTION;
    }
    return status;
}

SECURITY_STATUS credential_set(void *state, uint32_t attribute, const void *buffer, size_t size,
                               sspia_report *report)
{
    struct credential *credential = state;
    unsigned long flags;
    SECURITY_STATUS status;

    if (attribute != SECPKG_ATTR_CLIENT_CERT_POLICY &&
        attribute != SECPKG_ATTR_SESSION_TICKET_KEYS) {
        report_line(report, "attribute 0x%X", (unsigned)attribute);
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (!credential->profile->server) {
        report_line(report, "attribute 0x%X is of inbound credentials", (unsigned)attribute);
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (attribute == SECPKG_ATTR_SESSION_TICKET_KEYS)
        return ticket_set(&credential->tickets, buffer, size, report);
    status = policy_read(buffer, size, &flags, report);
    /* Relaxed: it says nothing of other memory. */
    if (status == SEC_E_OK)
        atomic_store_explicit(&credential->policy, flags, memory_order_relaxed);
    return status;
}
