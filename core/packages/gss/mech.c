/* SPDX-License-Identifier: MIT */
/* The mechanism Kerberos of the system's GSSAPI. */
#include "mech.h"

gss_OID_desc gss_oid_kerberos = {9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"}; /* RFC 4121 */

/* To ask for its attributes makes the mechanism glue load what it has for it: gssproxy puts
 * itself in front of it by a plug-in. */
bool gss_mech_probe(void)
{
    gss_OID_set attributes = GSS_C_NO_OID_SET;
    OM_uint32 minor;
    OM_uint32 major = gss_inquire_attrs_for_mech(&minor, &gss_oid_kerberos, &attributes, NULL);

    gss_release_oid_set(&minor, &attributes);
    return !GSS_ERROR(major);
}
