/* SPDX-License-Identifier: MIT */
#include "status.h"
#include "host.h"

SECURITY_STATUS ntlm_report(sspia_report *report, SECURITY_STATUS status, const char *what,
                            const char *why)
{
    if (report != NULL)
        ntlm_host->report(report, what, why);
    return status;
}

SECURITY_STATUS ntlm_report_crypto(sspia_report *report)
{
    return ntlm_report(report, SEC_E_CRYPTO_SYSTEM_INVALID, "OpenSSL",
                       "MD5 or random numbers failed, probably for want of memory");
}
