/* SPDX-License-Identifier: MIT */
/* Query results: sizes, which members are strings, and what the core answers itself. */
#ifndef SSPI_ASYNC_ATTRIBUTE_H
#define SSPI_ASYNC_ATTRIBUTE_H

#include <stdbool.h>

#include "sspi_package.h"

/* SEC_E_INVALID_PARAMETER for NULL, SEC_E_BUFFER_TOO_SMALL if size is not enough for the
 * attribute's structure; UINT32_MAX: the caller did not say. */
SECURITY_STATUS attribute_check(uint32_t attribute, const void *buffer, uint32_t size,
                                sspia_report *report);
SECURITY_STATUS attribute_check_credential(uint32_t attribute, const void *buffer,
                                           uint32_t size, sspia_report *report);

/* With the package entered; state is its context (whose turn the caller has) or credential.
 * Nothing is written on failure. */
SECURITY_STATUS attribute_query(const sspia_package *package, void *state, uint32_t attribute,
                                void *buffer, bool wide, sspia_report *report);
/* SSPIA_ATTR_DELEGATED_CREDENTIAL; the credential is the caller's. */
SECURITY_STATUS attribute_query_delegated(const sspia_package *package, void *state,
                                          sspia_delegated *delegated, sspia_report *report);
SECURITY_STATUS attribute_query_credential(const sspia_package *package, void *state,
                                           uint32_t attribute, void *buffer, bool wide,
                                           sspia_report *report);

#endif
