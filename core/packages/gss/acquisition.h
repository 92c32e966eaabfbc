/* SPDX-License-Identifier: MIT */
#ifndef GSS_ACQUISITION_H
#define GSS_ACQUISITION_H

#include "host.h"
#include "kind.h"

/* sspia_package.acquire of each package. */
SECURITY_STATUS gss_acquire(gss_kind kind, const char *principal, uint32_t use,
                            const sspia_identity *identity, void **credential, int64_t *expiry,
                            sspia_report *report);

#endif
