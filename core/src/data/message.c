/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <stdio.h>
#include <string.h>

static _Thread_local struct message last;

void message_format(struct message *message, const char *package, const char *operation,
                    SECURITY_STATUS status, const sspia_report *report)
{
    const char *why = sspia_status_text(status);

    if (report != NULL && report->text[0] != '\0')
        why = report->text;
    snprintf(message->text, sizeof(message->text), "%s%s%s: %s: %s",
             package != NULL ? package : "", package != NULL ? " " : "", operation,
             sspia_status_name(status), why);
    /* Texts come from libraries and peers: a line stays a line. */
    for (char *at = message->text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
    }
}

SECURITY_STATUS message_return(const char *package, const char *operation,
                               SECURITY_STATUS status, const sspia_report *report)
{
    if (status < 0)
        message_format(&last, package, operation, status, report);
    return status;
}

void message_report(sspia_report *report, const char *what, const char *why)
{
    snprintf(report->text, sizeof(report->text), "%s%s%s", what, why != NULL ? ": " : "",
             why != NULL ? why : "");
}

SECURITY_STATUS message_fail(const char *operation, SECURITY_STATUS status, const char *why)
{
    sspia_report report;

    if (status >= 0)
        return status;
    message_report(&report, why != NULL ? why : "", NULL);
    return message_return(NULL, operation, status, &report);
}

size_t message_copy(const char *text, char *buffer, size_t size)
{
    size_t length = strlen(text);

    if (buffer != NULL && size > 0) {
        size_t count = length < size ? length : size - 1;

        memcpy(buffer, text, count);
        buffer[count] = '\0';
    }
    return length;
}

size_t sspia_last_message(char *buffer, size_t size)
{
    return message_copy(last.text, buffer, size);
}
