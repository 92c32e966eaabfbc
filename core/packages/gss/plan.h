/* SPDX-License-Identifier: MIT */
#ifndef GSS_PLAN_H
#define GSS_PLAN_H

#include "credential.h"

/* GSS_MECH_* that a package may use for an identity: of Negotiate, what PackageList leaves of
 * those the system has. */
unsigned gss_plan_mechs(gss_kind kind, const sspia_identity *identity);

/* Fill in the sources of a credential. Outbound: credential->outbound.mechs is set before,
 * and may be fewer afterwards. Neither asks anybody, and so does not block. */
SECURITY_STATUS gss_plan_outbound(gss_credential *credential, const char *principal,
                                  const sspia_identity *identity, sspia_report *report);
SECURITY_STATUS gss_plan_inbound(gss_credential *credential, const char *principal,
                                 const sspia_identity *identity, unsigned mechs,
                                 sspia_report *report);

#endif
