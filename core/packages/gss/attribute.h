/* SPDX-License-Identifier: MIT */
#ifndef GSS_ATTRIBUTE_H
#define GSS_ATTRIBUTE_H

#include "context.h"

/* sspia_package.query_context. */
SECURITY_STATUS gss_attribute_query(void *context, uint32_t attribute, void *buffer,
                                    sspia_report *report);

#endif
