/* SPDX-License-Identifier: MIT */
#ifndef GSS_PEER_H
#define GSS_PEER_H

#include "host.h"

/* The principal of a target that is one already, or an account (name.h), as GSSAPI understands
 * it, in text that krb5_parse_name reads; freed with free. */
SECURITY_STATUS gss_peer_principal(const char *target, char **principal, sspia_report *report);

#endif
