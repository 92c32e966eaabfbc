/* SPDX-License-Identifier: MIT */
/* Messages for people: what failed, where, and why, in one line. */
#ifndef SSPI_ASYNC_MESSAGE_H
#define SSPI_ASYNC_MESSAGE_H

#include <stddef.h>

#include "sspi_package.h"
#include "sspi_queue.h"

/* A whole line: package, operation, name of the status, and the report's text. */
#define MESSAGE_SIZE (SSPIA_REPORT_SIZE + 128)

struct message {
    char text[MESSAGE_SIZE];
};

/* "Kerberos InitializeSecurityContext: SEC_E_...: why". package may be NULL; without a
 * report's text the status explains itself. */
void message_format(struct message *message, const char *package, const char *operation,
                    SECURITY_STATUS status, const sspia_report *report);

/* What a function of the API returns with: keeps the message for sspia_last_message if the
 * status is an error, and gives the status back. */
SECURITY_STATUS message_return(const char *package, const char *operation,
                               SECURITY_STATUS status, const sspia_report *report);
/* The same with a fixed text, or NULL. */
SECURITY_STATUS message_fail(const char *operation, SECURITY_STATUS status, const char *why);

/* Copies like strlcpy; returns the length of text. */
size_t message_copy(const char *text, char *buffer, size_t size);

/* sspia_host.report */
void message_report(sspia_report *report, const char *what, const char *why);

#endif
