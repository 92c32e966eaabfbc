/* SPDX-License-Identifier: MIT */
/*
 * The first token of an initiator, as far as it says which mechanism is wanted. SPNEGO's
 * acceptor takes the first offered mechanism that it has a credential for (RFC 4178 4.2), so
 * to give it a credential of that mechanism alone changes nothing. Windows clients also
 * send Negotiate acceptors NTLM and Kerberos tokens without SPNEGO around them (MS-SPNG
 * 3.2.5.2, MS-N2HT).
 */
#include "sniff.h"
#include "der.h"

#include <string.h>

static unsigned mech_of(const gss_der *content)
{
    gss_OID_desc oid = {(OM_uint32)content->left, (void *)(uintptr_t)content->next};

    return gss_mech_of_oid(&oid);
}

void gss_sniff(const void *token, size_t size, gss_sniffed *sniffed)
{
    gss_der rest = {token, size};
    gss_der frame;
    gss_der oid;
    gss_der list;

    memset(sniffed, 0, sizeof *sniffed);
    if (size >= 8 && memcmp(token, "NTLMSSP", 8) == 0) {
        sniffed->raw = true;
        sniffed->offered = sniffed->favourite = GSS_MECH_NTLM;
        return;
    }
    if (size > 0 && rest.next[0] == 0x6e) { /* an AP-REQ without any frame */
        sniffed->raw = true;
        sniffed->offered = sniffed->favourite = GSS_MECH_KERBEROS;
        return;
    }
    if (!gss_der_take(&rest, 0x60, &frame) ||
        !gss_der_take(&frame, 0x06, &oid)) /* RFC 2743 3.1 */
        return;
    sniffed->favourite = mech_of(&oid);
    if (sniffed->favourite != 0) {
        sniffed->raw = true;
        sniffed->offered = sniffed->favourite;
        return;
    }
    /* [0] SEQUENCE { [0] SEQUENCE OF OBJECT IDENTIFIER ... */
    if (oid.left != gss_oid_spnego.length ||
        memcmp(oid.next, gss_oid_spnego.elements, oid.left) != 0 ||
        !gss_der_take(&frame, 0xa0, &rest) || !gss_der_take(&rest, 0x30, &frame) ||
        !gss_der_take(&frame, 0xa0, &rest) || !gss_der_take(&rest, 0x30, &list))
        return;
    while (gss_der_take(&list, 0x06, &oid)) {
        unsigned mech = mech_of(&oid);

        sniffed->offered |= mech;
        if (sniffed->favourite == 0)
            sniffed->favourite = mech;
    }
}
