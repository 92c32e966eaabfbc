/* SPDX-License-Identifier: MIT */
/*
 * The first token of an initiator, as far as it says which mechanism is wanted. SPNEGO's
 * acceptor takes the first offered mechanism that it has a credential for (RFC 4178 4.2), so
 * to give it a credential of that mechanism alone changes nothing. Windows clients also
 * send Negotiate acceptors NTLM and Kerberos tokens without SPNEGO around them (MS-SPNG
 * 3.2.5.2, MS-N2HT).
 */
#include "sniff.h"

#include <string.h>

/* A stretch of DER. */
typedef struct der {
    const unsigned char *next;
    size_t left;
} der;

/* Takes one element with the tag off the front of *from; its content. Lengths that are
 * indefinite, longer than four bytes or longer than what is there are refused. */
static bool take(der *from, unsigned char tag, der *content)
{
    size_t length;
    size_t head = 2;

    if (from->left < 2 || from->next[0] != tag)
        return false;
    length = from->next[1];
    if (length & 0x80) {
        size_t bytes = length & 0x7f;

        if (bytes == 0 || bytes > 4 || from->left < 2 + bytes)
            return false;
        length = 0;
        for (size_t i = 0; i < bytes; i++)
            length = length << 8 | from->next[2 + i];
        head += bytes;
    }
    if (length > from->left - head)
        return false;
    content->next = from->next + head;
    content->left = length;
    from->next += head + length;
    from->left -= head + length;
    return true;
}

static unsigned mech_of(const der *content)
{
    gss_OID_desc oid = {(OM_uint32)content->left, (void *)(uintptr_t)content->next};

    return gss_mech_of_oid(&oid);
}

void gss_sniff(const void *token, size_t size, gss_sniffed *sniffed)
{
    der rest = {token, size};
    der frame;
    der oid;
    der list;

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
    if (!take(&rest, 0x60, &frame) || !take(&frame, 0x06, &oid)) /* RFC 2743 3.1 */
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
        !take(&frame, 0xa0, &rest) || !take(&rest, 0x30, &frame) ||
        !take(&frame, 0xa0, &rest) || !take(&rest, 0x30, &list))
        return;
    while (take(&list, 0x06, &oid)) {
        unsigned mech = mech_of(&oid);

        sniffed->offered |= mech;
        if (sniffed->favourite == 0)
            sniffed->favourite = mech;
    }
}
