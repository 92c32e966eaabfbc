/* SPDX-License-Identifier: MIT */
#ifndef NTLM_STATUS_H
#define NTLM_STATUS_H

#include "sspi_package.h"

/* Puts "<what>: <why>" into the report, and returns status. why may be NULL. */
SECURITY_STATUS ntlm_report(sspia_report *report, SECURITY_STATUS status, const char *what,
                            const char *why);

/* What a false of crypto.h amounts to. */
SECURITY_STATUS ntlm_report_crypto(sspia_report *report);

#endif
