/* SPDX-License-Identifier: MIT */
#ifndef GSS_PLAN_H
#define GSS_PLAN_H

#include "credential.h"

/* Fill in the sources of a credential; outbound first. Neither asks anybody, and so does not
 * block. */
SECURITY_STATUS gss_plan_outbound(gss_credential *credential, const char *principal,
                                  const sspia_identity *identity, sspia_report *report);
SECURITY_STATUS gss_plan_inbound(gss_credential *credential, const char *principal,
                                 const sspia_identity *identity, sspia_report *report);

#endif
