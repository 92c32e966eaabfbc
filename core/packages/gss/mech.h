/* SPDX-License-Identifier: MIT */
#ifndef GSS_MECH_H
#define GSS_MECH_H

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <stdbool.h>

/* Bits of a set of mechanisms. Part of the packed form (transfer.c): never renumber. */
#define GSS_MECH_KERBEROS 0x1u
#define GSS_MECH_NTLM     0x2u

extern gss_OID_desc gss_oid_kerberos;
extern gss_OID_desc gss_oid_ntlm;
extern gss_OID_desc gss_oid_spnego;

/* Which mechanisms the system has, of those two. The first call loads them. */
unsigned gss_mech_probe(void);
unsigned gss_mech_available(void);

/* The bit of an OID, also of Kerberos's historical ones (RFC 4178 and MS-SPNG list them);
 * 0 for any other. */
unsigned gss_mech_of_oid(const gss_OID_desc *oid);

/* The OIDs of a set of mechanisms in order of preference; storage has room for two. */
void gss_mech_set(unsigned mechs, gss_OID_desc storage[2], gss_OID_set_desc *set);

#endif
