/* SPDX-License-Identifier: MIT */
#ifndef GSS_STATUS_H
#define GSS_STATUS_H

#include "host.h"

#include <gssapi/gssapi.h>
#include <krb5.h>

/* Where an error came up: the same code means different things there. */
typedef enum gss_where {
    GSS_AT_ACQUIRE,
    GSS_AT_INITIATE,
    GSS_AT_ACCEPT,
    GSS_AT_MESSAGE
} gss_where;

/* The status for a result of GSSAPI; SEC_E_OK if it is none of an error. On failure the
 * text of both codes goes into report. Call it on the thread that got the codes, before its
 * next GSS call: libkrb5 keeps the detailed text for each thread. */
SECURITY_STATUS gss_status(OM_uint32 major, OM_uint32 minor, gss_where where,
                           sspia_report *report);

/* The same for libkrb5's own functions. what names the step, for the report. */
SECURITY_STATUS gss_status_krb5(krb5_context context, krb5_error_code code, gss_where where,
                                const char *what, sspia_report *report);

/* The same for what GSSAPI would have met in libkrb5, and would have told so. */
SECURITY_STATUS gss_status_initiate(krb5_context context, krb5_error_code code,
                                    sspia_report *report);

/* SSPIA_HINT_* of the logons that failed on this thread since it was asked last: a KDC that
 * cannot be had, or that does not know the account. */
uint32_t gss_status_take_hints(void);

/* An error of our own. Returns status. */
SECURITY_STATUS gss_status_report(sspia_report *report, SECURITY_STATUS status,
                                  const char *what, const char *why);

#endif
