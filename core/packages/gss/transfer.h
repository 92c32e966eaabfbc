/* SPDX-License-Identifier: MIT */
#ifndef GSS_TRANSFER_H
#define GSS_TRANSFER_H

#include "context.h"

/* sspia_package.export_context and .import_context. */
SECURITY_STATUS gss_transfer_export(void *context, uint32_t flags, sspia_bytes *packed,
                                    sspia_report *report);
SECURITY_STATUS gss_transfer_import(const void *packed, size_t size, void **context,
                                    sspia_report *report);

#endif
