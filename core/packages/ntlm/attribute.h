/* SPDX-License-Identifier: MIT */
#ifndef NTLM_ATTRIBUTE_H
#define NTLM_ATTRIBUTE_H

#include "sspi_package.h"

/* sspia_package.query_context and set_context. */
SECURITY_STATUS ntlm_attribute_query(void *context, uint32_t attribute, void *buffer,
                                     sspia_report *report);
SECURITY_STATUS ntlm_attribute_set(void *context, uint32_t attribute, const void *buffer,
                                   size_t size, sspia_report *report);

#endif
