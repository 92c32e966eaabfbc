/* SPDX-License-Identifier: MIT */
#ifndef GSS_LEASE_H
#define GSS_LEASE_H

#include "source.h"

/* Acquires lease->cred. mechs, raw, tickets and users of the lease are set before; the last
 * two are references that the lease owns. May block. */
SECURITY_STATUS gss_lease_make(const gss_source *source, gss_lease *lease,
                               sspia_report *report);

/* Whose an initiator's is, as the mechanism says it; freed with free, NULL if it does not. */
char *gss_lease_owner(const gss_lease *lease);

/* Also for one that was never made; NULL is fine. */
void gss_lease_destroy(gss_lease *lease);

#endif
