/* SPDX-License-Identifier: MIT */
#include "status.h"
#include "host.h"

SECURITY_STATUS neg_report(sspia_report *report, SECURITY_STATUS status, const char *what,
                           const char *why)
{
    if (report != NULL)
        neg_host->report(report, what, why);
    return status;
}

bool neg_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}
