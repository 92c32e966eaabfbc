/* SPDX-License-Identifier: MIT */
#include "acquisition.h"
#include "credential.h"
#include "plan.h"
#include "status.h"
#include "text.h"

static const sspia_identity no_identity;

/* A packed keytab gets a name, and stands where the caller would have named one. */
static SECURITY_STATUS unpack(gss_credential *credential, sspia_identity *identity,
                              sspia_report *report)
{
    SECURITY_STATUS status;

    if (identity->keytab_content == NULL)
        return SEC_E_OK;
    status = gss_packed_keytab_open(identity->keytab_content, identity->keytab_content_size,
                                    &credential->packed, report);
    if (status != SEC_E_OK)
        return status;
    identity->keytab = gss_packed_keytab_name(credential->packed);
    identity->client_keytab = identity->keytab;
    return SEC_E_OK;
}

SECURITY_STATUS gss_acquire(const char *principal, uint32_t use, const void *auth_data,
                            void **credential, int64_t *expiry, sspia_report *report)
{
    sspia_identity identity =
        auth_data != NULL ? *(const sspia_identity *)auth_data : no_identity;
    gss_credential *made = NULL;
    SECURITY_STATUS status;

    if ((use & SECPKG_CRED_BOTH) == 0 || (use & ~(uint32_t)SECPKG_CRED_BOTH) != 0)
        return gss_status_report(report, SEC_E_INVALID_PARAMETER, "fCredentialUse", NULL);
    made = gss_credential_create(use);
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *expiry = INT64_MAX; /* that of tickets is known when there are some */
    status = unpack(made, &identity, report);
    if (status == SEC_E_OK && (use & SECPKG_CRED_OUTBOUND))
        status = gss_plan_outbound(made, use & SECPKG_CRED_INBOUND ? NULL : principal,
                                   &identity, report);
    if (status == SEC_E_OK && (use & SECPKG_CRED_INBOUND)) {
        status = gss_plan_inbound(made, principal, &identity, report);
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
