/* SPDX-License-Identifier: MIT */
/* The mechanisms that the packages stand on, and whether the system has them. */
#include "mech.h"

#include <string.h>

#define OID(literal)                                                                           \
    {                                                                                          \
        sizeof(literal) - 1, (void *)(literal)                                                 \
    }

gss_OID_desc gss_oid_kerberos = OID("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"); /* RFC 4121 */
gss_OID_desc gss_oid_ntlm = OID("\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"); /* MS-NLMP */
gss_OID_desc gss_oid_spnego = OID("\x2b\x06\x01\x05\x05\x02");               /* RFC 4178 */

/* 1.2.840.48018.1.2.2, which Windows 2000 sent by mistake and Windows still offers, and
 * 1.3.5.1.5.2 of Kerberos's early days. */
static const gss_OID_desc microsoft_kerberos = OID("\x2a\x86\x48\x82\xf7\x12\x01\x02\x02");
static const gss_OID_desc old_kerberos = OID("\x2b\x05\x01\x05\x02");

static unsigned available;

static bool same(const gss_OID_desc *a, const gss_OID_desc *b)
{
    return a->length == b->length && memcmp(a->elements, b->elements, a->length) == 0;
}

unsigned gss_mech_of_oid(const gss_OID_desc *oid)
{
    if (oid == NULL)
        return 0;
    if (same(oid, &gss_oid_kerberos) || same(oid, &microsoft_kerberos) ||
        same(oid, &old_kerberos))
        return GSS_MECH_KERBEROS;
    return same(oid, &gss_oid_ntlm) ? GSS_MECH_NTLM : 0;
}

/* gss_indicate_mechs lists what the configuration names; to ask for its attributes makes the
 * glue load the plug-in, which a file in mech.d does not promise to exist. */
unsigned gss_mech_probe(void)
{
    OM_uint32 minor;
    gss_OID_set mechs = GSS_C_NO_OID_SET;
    gss_OID_set attributes = GSS_C_NO_OID_SET;

    available = 0;
    if (GSS_ERROR(gss_indicate_mechs(&minor, &mechs)))
        return 0;
    for (size_t i = 0; i < mechs->count; i++) {
        unsigned bit = gss_mech_of_oid(&mechs->elements[i]);

        if (bit == 0 || (available & bit))
            continue;
        if (!GSS_ERROR(
                gss_inquire_attrs_for_mech(&minor, &mechs->elements[i], &attributes, NULL)))
            available |= bit;
        gss_release_oid_set(&minor, &attributes);
    }
    gss_release_oid_set(&minor, &mechs);
    return available;
}

unsigned gss_mech_available(void)
{
    return available;
}

void gss_mech_set(unsigned mechs, gss_OID_desc storage[2], gss_OID_set_desc *set)
{
    set->count = 0;
    set->elements = storage;
    if (mechs & GSS_MECH_KERBEROS)
        storage[set->count++] = gss_oid_kerberos;
    if (mechs & GSS_MECH_NTLM)
        storage[set->count++] = gss_oid_ntlm;
}
