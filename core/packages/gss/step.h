/* SPDX-License-Identifier: MIT */
#ifndef GSS_STEP_H
#define GSS_STEP_H

#include "context.h"

/* sspia_package.initialize and .accept. */
SECURITY_STATUS gss_step_initialize(void **context, const sspia_step *step,
                                    sspia_step_result *result, sspia_report *report);
SECURITY_STATUS gss_step_accept(void **context, const sspia_step *step,
                                sspia_step_result *result, sspia_report *report);

#endif
