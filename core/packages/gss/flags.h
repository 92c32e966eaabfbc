/* SPDX-License-Identifier: MIT */
#ifndef GSS_FLAGS_H
#define GSS_FLAGS_H

#include "host.h"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <stdbool.h>

/* The GSS flags that an initiator asks for. SEC_E_UNSUPPORTED_FUNCTION for what would be
 * unsafe to leave out silently: datagrams, an anonymous initiator, user-to-user. */
SECURITY_STATUS gss_flags_request(uint64_t requested, OM_uint32 *flags, sspia_report *report);

/* ISC_RET_* and ASC_RET_* of what a context turned out to have. */
uint32_t gss_flags_initiator(OM_uint32 flags, uint64_t requested);
uint32_t gss_flags_acceptor(OM_uint32 flags, uint64_t requested);

/* Whether signing and sealing were agreed on, from either word. */
bool gss_flags_integrity(uint32_t attributes, bool initiator);
bool gss_flags_confidentiality(uint32_t attributes);

#endif
