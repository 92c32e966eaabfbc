/* SPDX-License-Identifier: MIT */
#ifndef GSS_ATTRIBUTE_H
#define GSS_ATTRIBUTE_H

#include "context.h"

/* Looks up the client's name for queries to come, of a context that is established. GSSAPI
 * reads the configuration anew for that, twice. What fails here fails again, and says why, in a
 * query. */
void gss_attribute_keep_client(gss_context *context);

/* sspia_package.query_context. */
SECURITY_STATUS gss_attribute_query(void *context, uint32_t attribute, void *buffer,
                                    sspia_report *report);

#endif
