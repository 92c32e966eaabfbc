/* SPDX-License-Identifier: MIT */
/* Channel bindings of a TLS connection, for other packages to bind to. */
#ifndef SCHANNEL_BINDINGS_H
#define SCHANNEL_BINDINGS_H

#include "context.h"

SECURITY_STATUS bindings_unique(const struct context *context, SecPkgContext_Bindings *bindings,
                                sspia_report *report);
SECURITY_STATUS bindings_endpoint(const struct context *context,
                                  SecPkgContext_Bindings *bindings, sspia_report *report);
SECURITY_STATUS bindings_exporter(const struct context *context,
                                  SecPkgContext_Bindings *bindings, sspia_report *report);

#endif
