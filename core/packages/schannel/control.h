/* SPDX-License-Identifier: MIT */
/* ApplyControlToken: what it asks for is done by the next leg. */
#ifndef SCHANNEL_CONTROL_H
#define SCHANNEL_CONTROL_H

#include "context.h"

/* Of the package table. */
SECURITY_STATUS control_apply(void *context, const SecBuffer *input, uint32_t input_count,
                              sspia_report *report);

/* Carries out context->control; the records are in context->out afterwards. */
SECURITY_STATUS control_run(struct context *context, sspia_report *report);

#endif
