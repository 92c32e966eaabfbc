/* SPDX-License-Identifier: MIT */
#ifndef NEGOTIATE_STATUS_H
#define NEGOTIATE_STATUS_H

#include "sspi_package.h"

#include <stdbool.h>

/* Puts "<what>: <why>" into the report, and returns status. why may be NULL. */
SECURITY_STATUS neg_report(sspia_report *report, SECURITY_STATUS status, const char *what,
                           const char *why);

/* Whether the string is there and not empty. */
bool neg_given(const char *text);

#endif
