/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include <openssl/x509_vfy.h>

#include "status.h"

#define KNOWN_FLAGS                                                                            \
    (CERT_CHAIN_CACHE_END_CERT | CERT_CHAIN_CACHE_ONLY_URL_RETRIEVAL |                         \
     CERT_CHAIN_DISABLE_AIA | CERT_CHAIN_REVOCATION_CHECK_END_CERT |                           \
     CERT_CHAIN_REVOCATION_CHECK_CHAIN | CERT_CHAIN_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT |      \
     CERT_CHAIN_REVOCATION_CHECK_CACHE_ONLY)

SECURITY_STATUS policy_read(const void *buffer, size_t size, unsigned long *flags,
                            sspia_report *report)
{
    const SecPkgCred_ClientCertPolicy *policy = buffer;
    const char *what = NULL;

    if (size < sizeof(*policy)) {
        report_line(report, "the buffer is shorter than SecPkgCred_ClientCertPolicy");
        return SEC_E_INVALID_PARAMETER;
    }
    if (policy->dwFlags != 0)
        what = "dwFlags";
    else if ((policy->dwCertFlags & ~KNOWN_FLAGS) != 0)
        what = "a bit of dwCertFlags";
    else if (policy->fCheckRevocationFreshnessTime != 0)
        what = "fCheckRevocationFreshnessTime";
    else if (policy->fOmitUsageCheck != 0)
        what = "fOmitUsageCheck";
    else if (policy->pwszSslCtlStoreName != NULL || policy->pwszSslCtlIdentifier != NULL)
        what = "a list of trusted issuers in a store (give them as hRootStore)";
    if (what != NULL) {
        report_line(report, "%s in a SecPkgCred_ClientCertPolicy is not supported", what);
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    *flags = 0;
    if ((policy->dwCertFlags & CERT_CHAIN_REVOCATION_CHECK_END_CERT) != 0)
        *flags = X509_V_FLAG_CRL_CHECK;
    if ((policy->dwCertFlags & (CERT_CHAIN_REVOCATION_CHECK_CHAIN |
                                CERT_CHAIN_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT)) != 0)
        *flags = X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    return SEC_E_OK;
}
