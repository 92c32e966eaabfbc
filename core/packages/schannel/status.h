/* SPDX-License-Identifier: MIT */
/* OpenSSL's errors: kept apart from those of the host program, and turned into statuses and
 * text. */
#ifndef SCHANNEL_STATUS_H
#define SCHANNEL_STATUS_H

#include <stddef.h>

#include "sspi_package.h"

/* What the host program has in the thread's error queue is set aside, and put back: the
 * functions of the package table run between these two. They nest. */
#define ERROR_SCOPE_MAX 16u /* OpenSSL's queue is not longer */
struct error_scope {
    size_t count;
    struct {
        unsigned long code;
        int line;
        char *file, *function, *data; /* ours, or NULL */
    } errors[ERROR_SCOPE_MAX];
};
void error_scope_open(struct error_scope *scope);
void error_scope_close(struct error_scope *scope);

/* The newest error that was queued since the scope was opened, 0 for none. */
unsigned long error_newest(void);

/* The status that an error of OpenSSL amounts to. */
SECURITY_STATUS status_from_error(unsigned long error);
/* The status of an alert that the peer sent. */
SECURITY_STATUS status_from_alert(uint8_t description);

/* Writes one line into the report. */
__attribute__((format(printf, 2, 3))) void report_line(sspia_report *report, const char *format,
                                                       ...);
/* "<what>: <OpenSSL's reason>"; takes the errors out of the queue and returns
 * status_from_error of the one that says most. */
SECURITY_STATUS report_openssl(sspia_report *report, const char *what);

#endif
