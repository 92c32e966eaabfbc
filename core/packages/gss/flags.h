/* SPDX-License-Identifier: MIT */
#ifndef GSS_FLAGS_H
#define GSS_FLAGS_H

#include "host.h"
#include "kind.h"
#include "mech.h"

/* The GSS flags that an initiator asks for. SEC_E_UNSUPPORTED_FUNCTION for what would be
 * unsafe to leave out silently: datagrams, and with Kerberos an anonymous initiator and
 * user-to-user (MS-docs: no other package has that). */
SECURITY_STATUS gss_flags_request(gss_kind kind, uint64_t requested, OM_uint32 *flags,
                                  sspia_report *report);

/* ISC_RET_* and ASC_RET_* of what a context turned out to have. mech is 0 while it is
 * undecided. */
uint32_t gss_flags_initiator(OM_uint32 flags, unsigned mech, uint64_t requested);
uint32_t gss_flags_acceptor(OM_uint32 flags, unsigned mech, uint64_t requested);

/* Whether signing and sealing were agreed on, from either word. */
bool gss_flags_integrity(uint32_t attributes, bool initiator);
bool gss_flags_confidentiality(uint32_t attributes);

#endif
