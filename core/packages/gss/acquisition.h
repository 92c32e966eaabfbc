/* SPDX-License-Identifier: MIT */
#ifndef GSS_ACQUISITION_H
#define GSS_ACQUISITION_H

#include "host.h"

/* sspia_package.acquire. */
SECURITY_STATUS gss_acquire(const char *principal, uint32_t use, const void *auth_data,
                            void **credential, int64_t *expiry, sspia_report *report);

#endif
