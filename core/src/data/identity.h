/* SPDX-License-Identifier: MIT */
/* pAuthData of the packages that log a user on: copied, converted to UTF-8, wiped. */
#ifndef SSPI_ASYNC_IDENTITY_H
#define SSPI_ASYNC_IDENTITY_H

#include "sspi_package.h"

/* SEC_E_INVALID_PARAMETER: not such a structure, malformed strings; SEC_E_UNSUPPORTED_FUNCTION:
 * marshalled or encrypted; SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS identity_copy(const void *auth_data, sspia_identity **identity,
                              sspia_report *report);
void identity_free(sspia_identity *identity);

/* Wipes the strings of a caller's structure, or all of it if it is one block. */
void identity_zero(void *auth_data);

#endif
