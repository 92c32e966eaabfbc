/* SPDX-License-Identifier: MIT */
/* Traffic secrets as callers get them (SEC_TRAFFIC_SECRETS). */
#ifndef SCHANNEL_SECRET_H
#define SCHANNEL_SECRET_H

#include "context.h"

/* Adds those to the outputs that the caller is to know with this flight and was not told of.
 * When it has been told of all, what they were derived from is forgotten. */
SECURITY_STATUS secret_give(struct context *context, sspia_step_result *result,
                            sspia_report *report);

#endif
