/* SPDX-License-Identifier: MIT */
#ifndef NEGOTIATE_TRANSFER_H
#define NEGOTIATE_TRANSFER_H

#include "sspi_package.h"

/* sspia_package's functions. */
SECURITY_STATUS neg_export(void *context, uint32_t flags, sspia_bytes *packed,
                           sspia_report *report);
SECURITY_STATUS neg_import(const void *packed, size_t size, void **context,
                           sspia_report *report);

#endif
