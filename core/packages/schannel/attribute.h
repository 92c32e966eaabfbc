/* SPDX-License-Identifier: MIT */
/* QueryContextAttributes and SetContextAttributes. */
#ifndef SCHANNEL_ATTRIBUTE_H
#define SCHANNEL_ATTRIBUTE_H

#include "context.h"

/* Of the package table. */
SECURITY_STATUS attribute_query(void *context, uint32_t attribute, void *buffer,
                                sspia_report *report);
SECURITY_STATUS attribute_set(void *context, uint32_t attribute, const void *buffer,
                              size_t size, sspia_report *report);

#endif
