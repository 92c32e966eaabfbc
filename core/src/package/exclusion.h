/* SPDX-License-Identifier: MIT */
/* The packages that this process does without. */
#ifndef SSPI_ASYNC_EXCLUSION_H
#define SSPI_ASYNC_EXCLUSION_H

#include <stdbool.h>

#include "sspi_package.h"

/* The package lock is held for all of these. */

/* For good. SEC_E_INVALID_PARAMETER if it cannot be a name, SEC_E_INSUFFICIENT_MEMORY if there
 * are too many. */
SECURITY_STATUS exclusion_add(const char *name);

bool exclusion_names(const char *name);
/* By one of its names. */
bool exclusion_covers(const sspia_package *package);

#endif
