/* SPDX-License-Identifier: MIT */
#ifndef GSS_PEER_H
#define GSS_PEER_H

#include "host.h"

#include <stdbool.h>

/* The principal of a target (name.h), as GSSAPI understands it, in text that krb5_parse_name
 * reads; freed with free. SSPIA_WAITING: the name of its host is to be made canonical by the
 * DNS, which may_block forbids. */
SECURITY_STATUS gss_peer_principal(const char *target, bool may_block, char **principal,
                                   sspia_report *report);

#endif
