/* SPDX-License-Identifier: MIT */
/* pszTargetName: the host whose certificate an initiator expects. */
#ifndef SCHANNEL_TARGET_H
#define SCHANNEL_TARGET_H

#include <stdbool.h>

#include "sspi_package.h"

#define TARGET_SIZE 256u /* RFC 1035: 253 characters at most */

struct target {
    char name[TARGET_SIZE]; /* in lower case, without final dot or brackets; "": none */
    bool is_address;
};

/* SEC_E_TARGET_UNKNOWN if it is neither a host name in ASCII nor an IP address. */
SECURITY_STATUS target_parse(const char *text, struct target *target, sspia_report *report);

#endif
