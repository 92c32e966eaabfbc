/* SPDX-License-Identifier: MIT */
#include "acquisition.h"
#include "credential.h"
#include "plan.h"
#include "status.h"
#include "text.h"

static const sspia_identity no_identity;

SECURITY_STATUS gss_acquire(gss_kind kind, const char *principal, uint32_t use,
                            const sspia_identity *identity, void **credential, int64_t *expiry,
                            sspia_report *report)
{
    gss_credential *made = NULL;
    SECURITY_STATUS status = SEC_E_OK;
    uint32_t known = SECPKG_CRED_BOTH;
    unsigned mechs;

    if (identity == NULL)
        identity = &no_identity;
    if (kind == GSS_NEGOTIATE)
        known |= SECPKG_CRED_AUTOLOGON_RESTRICTED | SECPKG_CRED_PROCESS_POLICY_ONLY;
    if ((use & SECPKG_CRED_BOTH) == 0 || (use & ~known) != 0)
        return gss_status_report(report, SEC_E_INVALID_PARAMETER, "fCredentialUse", NULL);
    if ((use & SECPKG_CRED_AUTOLOGON_RESTRICTED) && identity == &no_identity)
        return gss_status_report(report, SEC_E_NO_CREDENTIALS, "fCredentialUse",
                                 "the default identity is excluded");
    mechs = gss_plan_mechs(kind, identity);
    if (mechs == 0)
        return gss_status_report(report, SEC_E_SECPKG_NOT_FOUND, "PackageList",
                                 "leaves no package that is available");
    made = gss_credential_create(kind, use & SECPKG_CRED_BOTH);
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *expiry = INT64_MAX; /* that of tickets is known when there are some */
    if (use & SECPKG_CRED_OUTBOUND) {
        made->outbound.recipe.mechs = mechs;
        status = gss_plan_outbound(made, use & SECPKG_CRED_INBOUND ? NULL : principal, identity,
                                   report);
    }
    if (status == SEC_E_OK && (use & SECPKG_CRED_INBOUND)) {
        status = gss_plan_inbound(made, principal, identity, mechs, report);
        if (status == SEC_E_OK && !gss_text_copy(principal, &made->principal))
            status = SEC_E_INSUFFICIENT_MEMORY;
    }
    if (status == SEC_E_OK) {
        *credential = made;
        made = NULL;
    }
    gss_credential_release(made);
    return status;
}
