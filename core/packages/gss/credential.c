/* SPDX-License-Identifier: MIT */
/* A credential: made, asked for its name, released. */
#include "credential.h"
#include "owner.h"
#include "plan.h"
#include "status.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static const sspia_identity no_identity;

SECURITY_STATUS gss_credential_acquire(gss_kind kind, const char *principal, uint32_t use,
                                       const sspia_identity *identity, void **credential,
                                       int64_t *expiry, sspia_report *report)
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
    made = calloc(1, sizeof *made);
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    atomic_init(&made->references, 1);
    made->kind = kind;
    made->use = use & SECPKG_CRED_BOTH;
    gss_source_init(&made->outbound);
    gss_source_init(&made->kerberos_in);
    gss_source_init(&made->ntlm_in);
    *expiry = INT64_MAX; /* that of tickets is known when there are some */
    if (use & SECPKG_CRED_OUTBOUND) {
        made->outbound.mechs = mechs;
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

uint32_t gss_credential_may_block_ntlm(void *object)
{
    const gss_credential *credential = object;
    uint32_t may_block = 0;

    /* Without hash and accounts gss-ntlmssp asks winbind, and that a domain controller. */
    if (credential->outbound.nt_hash == NULL)
        may_block |= SSPIA_OP_INITIALIZE;
    if (credential->ntlm_in.user_file == NULL && credential->ntlm_in.users == NULL)
        may_block |= SSPIA_OP_ACCEPT;
    return may_block;
}

gss_credential *gss_credential_keep(gss_credential *credential)
{
    atomic_fetch_add_explicit(&credential->references, 1, memory_order_relaxed);
    return credential;
}

void gss_credential_release(void *object)
{
    gss_credential *credential = object;

    /* acq_rel: the last one frees after everyone else's use. */
    if (credential == NULL ||
        atomic_fetch_sub_explicit(&credential->references, 1, memory_order_acq_rel) != 1)
        return;
    gss_source_clear(&credential->outbound);
    gss_source_clear(&credential->kerberos_in);
    gss_source_clear(&credential->ntlm_in);
    free(credential->principal);
    free(credential);
}

SECURITY_STATUS gss_credential_query(void *object, uint32_t attribute, void *buffer,
                                     sspia_report *report)
{
    gss_credential *credential = object;
    SecPkgCredentials_NamesA *names = buffer;
    char *name = NULL;
    SECURITY_STATUS status = SEC_E_OK;

    if (attribute != SECPKG_CRED_ATTR_NAMES)
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "attribute", NULL);
    if (credential->use & SECPKG_CRED_OUTBOUND)
        status = gss_owner_name(&credential->outbound, &name, report);
    else if (credential->principal == NULL)
        status = gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "name",
                                   "the credential stands for every key of a keytab");
    else if (!gss_text_copy(credential->principal, &name))
        status = SEC_E_INSUFFICIENT_MEMORY;
    if (status == SEC_E_OK) {
        names->sUserName = gss_text_hand_out(name, strlen(name));
        status = names->sUserName == NULL ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
    }
    free(name);
    return status;
}
