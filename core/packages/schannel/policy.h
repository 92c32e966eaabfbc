/* SPDX-License-Identifier: MIT */
/* What a server asks of client certificates beyond what its credential's flags say. */
#ifndef SCHANNEL_POLICY_H
#define SCHANNEL_POLICY_H

#include "schannel.h"
#include "sspi_package.h"

/* Reads a SecPkgCred_ClientCertPolicy: X509_V_FLAG_* for the verification of a chain. */
SECURITY_STATUS policy_read(const void *buffer, size_t size, unsigned long *flags,
                            sspia_report *report);

#endif
