/* SPDX-License-Identifier: MIT */
#ifndef GSS_PACKED_KEYTAB_H
#define GSS_PACKED_KEYTAB_H

#include "host.h"

#include <stddef.h>

/* A keytab that came as bytes (SEC_WINNT_AUTH_DATA_TYPE_KEYTAB), under a name that GSSAPI and
 * libkrb5 resolve as long as it is there. */
typedef struct gss_packed_keytab gss_packed_keytab;

/* SEC_E_UNKNOWN_CREDENTIALS: the bytes are not a keytab, or hold no key. */
SECURITY_STATUS gss_packed_keytab_open(const void *content, size_t size,
                                       gss_packed_keytab **keytab, sspia_report *report);
const char *gss_packed_keytab_name(const gss_packed_keytab *keytab);
void gss_packed_keytab_close(gss_packed_keytab *keytab); /* NULL is fine */

#endif
