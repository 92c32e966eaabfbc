/* SPDX-License-Identifier: MIT */
/* SEC_WINNT_AUTH_IDENTITY_EX2: an identity in one block, read and written. */
#ifndef SSPI_ASYNC_FLAT_IDENTITY_H
#define SSPI_ASYNC_FLAT_IDENTITY_H

#include "sspi_package.h"

/* Fills in an identity that is empty; what there is of it after a failure is the caller's to
 * free. At most cbStructureLength bytes are read, which may lie at any address.
 * SEC_E_INVALID_PARAMETER: something leads out of them, or is malformed;
 * SEC_E_UNSUPPORTED_FUNCTION: encrypted, or a credential of a type that nothing here takes. */
SECURITY_STATUS flat_identity_read(const void *bytes, sspia_identity *identity,
                                   sspia_report *report);

/* Makes one of user, domain, package list, flags, and of password or keytab; in memory for
 * FreeContextBuffer. SEC_E_INVALID_PARAMETER: too long for its 16-bit lengths. */
SECURITY_STATUS flat_identity_write(const sspia_identity *identity, void **bytes,
                                    sspia_report *report);

/* What cbStructureLength says; 0 if that, or the header, cannot be right. */
uint32_t flat_identity_size(const void *bytes);

#endif
