/* SPDX-License-Identifier: MIT */
/*
 * From the caller's identity to recipes (recipe.h). A password does not go into GSSAPI's cred
 * store, where it would exclude a ticket cache: tickets are got with it (tickets.h), and these
 * are what the store is given.
 *
 * No server is contacted here: MS-docs has AcquireCredentialsHandle gather no credentials, so
 * that a lack of tickets or keys, or a wrong password, shows on the first leg. What can never
 * work is refused at once.
 */
#include "plan.h"
#include "name.h"
#include "owner.h"
#include "status.h"
#include "text.h"

/* What an initiator needs: a ccache that exists, or the means to get tickets. */
static SECURITY_STATUS plan_tickets(gss_recipe *recipe, const sspia_identity *identity,
                                    sspia_report *report)
{
    bool copied = true;

    if (gss_text_given(identity->credential_cache)) {
        if (identity->password != NULL)
            return gss_status_report(report, SEC_E_INVALID_PARAMETER, "identity",
                                     "a password and a ticket cache exclude each other");
        copied = gss_text_copy(identity->credential_cache, &recipe->ccache) &&
                 gss_text_copy(identity->client_keytab, &recipe->client_keytab);
    } else if (identity->password != NULL) {
        copied = gss_text_copy(identity->password, &recipe->password);
    } else if (gss_text_given(identity->client_keytab)) {
        copied = gss_text_copy(identity->client_keytab, &recipe->login_keytab);
    }
    if (gss_text_given(identity->armor_cache) && recipe->password == NULL &&
        recipe->login_keytab == NULL)
        return gss_status_report(report, SEC_E_INVALID_PARAMETER, "identity",
                                 "an armor cache goes with a password or a client keytab, "
                                 "and with no ticket cache");
    if (gss_text_given(identity->armor_cache))
        copied = gss_text_copy(identity->armor_cache, &recipe->armor_cache) && copied;
    return copied ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* A service that acts for a user. */
static SECURITY_STATUS plan_impersonation(gss_recipe *recipe, const sspia_identity *identity,
                                          sspia_report *report)
{
    if (!gss_text_given(identity->impersonate))
        return SEC_E_OK;
    recipe->s4u = true;
    return gss_name_account(identity->impersonate, NULL, &recipe->impersonate, report);
}

/* An acceptor that may go on as its clients has what it needs to be an initiator in the same
 * cred: GSSAPI then makes a delegated cred of a client's ticket. */
static SECURITY_STATUS plan_constrained(gss_credential *credential, sspia_report *report)
{
    const gss_recipe *outbound = &credential->outbound.recipe;
    gss_recipe *inbound = &credential->inbound.recipe;

    if (!(credential->use & SECPKG_CRED_OUTBOUND))
        return gss_status_report(report, SEC_E_INVALID_PARAMETER, "delegation",
                                 "constrained delegation needs SECPKG_CRED_BOTH and Kerberos");
    inbound->usage = GSS_C_BOTH;
    if (!gss_text_copy(outbound->ccache, &inbound->ccache) ||
        !gss_text_copy(outbound->client_keytab, &inbound->client_keytab) ||
        !gss_text_copy(outbound->account, &inbound->account) ||
        !gss_text_copy(outbound->password, &inbound->password) ||
        !gss_text_copy(outbound->login_keytab, &inbound->login_keytab) ||
        !gss_text_copy(outbound->armor_cache, &inbound->armor_cache))
        return SEC_E_INSUFFICIENT_MEMORY;
    return SEC_E_OK;
}

SECURITY_STATUS gss_plan_outbound(gss_credential *credential, const char *principal,
                                  const sspia_identity *identity, sspia_report *report)
{
    gss_recipe *recipe = &credential->outbound.recipe;
    const char *user = gss_text_given(identity->user) ? identity->user : principal;
    SECURITY_STATUS status = SEC_E_OK;

    recipe->usage = GSS_C_INITIATE;
    if (identity->password != NULL && !gss_text_given(user))
        return gss_status_report(report, SEC_E_INVALID_PARAMETER, "identity",
                                 "a password was given without a user");
    if (gss_text_given(user)) {
        status = gss_name_account(user, user == principal ? NULL : identity->domain,
                                  &recipe->account, report);
        if (status == SEC_E_OK)
            status = gss_name_user(recipe->account, &recipe->name, report);
    }
    if (status == SEC_E_OK)
        status = plan_impersonation(recipe, identity, report);
    if (status == SEC_E_OK)
        status = plan_tickets(recipe, identity, report);
    if (status == SEC_E_OK)
        status = gss_owner_check(recipe->account, recipe->ccache,
                                 recipe->login_keytab != NULL ? recipe->login_keytab
                                                              : recipe->client_keytab,
                                 report);
    if (status == SEC_E_OK)
        status = gss_owner_check(NULL, recipe->armor_cache, NULL, report);
    return status;
}

SECURITY_STATUS gss_plan_inbound(gss_credential *credential, const char *principal,
                                 const sspia_identity *identity, sspia_report *report)
{
    gss_recipe *recipe = &credential->inbound.recipe;
    SECURITY_STATUS status;

    recipe->usage = GSS_C_ACCEPT;
    if (identity->password != NULL && !(credential->use & SECPKG_CRED_OUTBOUND))
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "identity",
                                 "an acceptor's keys come from a keytab, not a password");
    if (!gss_text_copy(identity->keytab, &recipe->keytab) ||
        !gss_text_copy(identity->replay_cache, &recipe->replay_cache))
        return SEC_E_INSUFFICIENT_MEMORY;
    status = gss_name_service(principal, &recipe->name, report);
    if (status == SEC_E_OK && (identity->delegation & SSPIA_DELEGATION_CONSTRAINED))
        status = plan_constrained(credential, report);
    if (status == SEC_E_OK)
        status = gss_owner_check(principal, NULL, recipe->keytab, report);
    return status;
}
