/* SPDX-License-Identifier: MIT */
#ifndef GSS_BINDINGS_H
#define GSS_BINDINGS_H

#include "host.h"

#include <gssapi/gssapi.h>

/* A copy of the first CHANNEL_BINDINGS buffer among the inputs; *bindings stays NULL if
 * there is none. SEC_E_INVALID_PARAMETER if an offset points outside the buffer. Freed with
 * gss_bindings_free. */
SECURITY_STATUS gss_bindings_read(const SecBuffer *input, uint32_t count,
                                  gss_channel_bindings_t *bindings, sspia_report *report);
void gss_bindings_free(gss_channel_bindings_t bindings);

#endif
