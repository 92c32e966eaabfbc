/* SPDX-License-Identifier: MIT */
#ifndef GSS_DELEGATION_H
#define GSS_DELEGATION_H

#include "context.h"

/* SSPIA_ATTR_DELEGATED_CREDENTIAL of an established context. */
SECURITY_STATUS gss_delegation_query(const gss_context *context, sspia_delegated *delegated,
                                     sspia_report *report);

#endif
