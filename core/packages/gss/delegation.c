/* SPDX-License-Identifier: MIT */
/*
 * What an initiator delegated, as a credential. GSSAPI's cred serves one call at a time, so its
 * tickets are copied, and leases are made of them as of any others.
 */
#include "delegation.h"
#include "status.h"
#include "text.h"

SECURITY_STATUS gss_delegation_query(const gss_context *context, sspia_delegated *delegated,
                                     sspia_report *report)
{
    gss_credential *made;
    gss_source *source;
    SECURITY_STATUS status;

    if (context->initiator)
        return gss_status_report(report, SEC_E_NO_CREDENTIALS, "delegated credential",
                                 "only an acceptor has one");
    if (context->delegated == GSS_C_NO_CREDENTIAL)
        return gss_status_report(report, SEC_E_NO_CREDENTIALS, "delegated credential",
                                 "the initiator delegated nothing: it has to ask for "
                                 "ISC_REQ_DELEGATE and to have a forwardable ticket");
    made = gss_credential_create(SECPKG_CRED_OUTBOUND);
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    source = &made->outbound;
    source->recipe.usage = GSS_C_INITIATE;
    status = gss_tickets_copy(context->delegated, &source->stock.tickets, &source->recipe.s4u,
                              report);
    if (status == SEC_E_OK &&
        !gss_text_copy(gss_tickets_ccache(source->stock.tickets), &source->recipe.ccache))
        status = SEC_E_INSUFFICIENT_MEMORY;
    if (status != SEC_E_OK) {
        gss_credential_release(made);
        return status;
    }
    delegated->credential = made;
    delegated->expiry = gss_tickets_expiry(source->stock.tickets);
    return SEC_E_OK;
}
