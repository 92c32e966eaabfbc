/* SPDX-License-Identifier: MIT */
#ifndef GSS_MECH_H
#define GSS_MECH_H

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <stdbool.h>

extern gss_OID_desc gss_oid_kerberos;

/* Whether the system's GSSAPI has Kerberos. The first call loads what there is of it. */
bool gss_mech_probe(void);

#endif
