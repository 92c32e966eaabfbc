/* SPDX-License-Identifier: MIT */
/* Validation of the peer's certificate. */
#ifndef SCHANNEL_VERIFY_H
#define SCHANNEL_VERIFY_H

#include "context.h"

/* Tells the SSL of a new context what to check. SEC_E_TARGET_UNKNOWN: the name is to be
 * checked, and there is none. */
SECURITY_STATUS verify_prepare(struct context *context, sspia_report *report);

/* What validation found, and the X509_V_ERR_* behind it. */
SECURITY_STATUS verify_result(const struct context *context, long *error);

/* The peer proved who it is, and that was checked. */
bool verify_is_proven(const struct context *context);

#endif
