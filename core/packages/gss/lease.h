/* SPDX-License-Identifier: MIT */
#ifndef GSS_LEASE_H
#define GSS_LEASE_H

#include "source.h"

/* Acquires lease->cred. mechs, raw, tickets and users of the lease are set before; the last
 * two are references that the lease owns. May block. */
SECURITY_STATUS gss_lease_make(const gss_source *source, gss_lease *lease,
                               sspia_report *report);

/* *expiry and *name of an initiator's, as gss_source_probe has them; left alone where the
 * mechanism does not tell. */
void gss_lease_describe(const gss_lease *lease, const gss_source *source, int64_t *expiry,
                        char **name);

/* Also for one that was never made; NULL is fine. */
void gss_lease_destroy(gss_lease *lease);

#endif
