/* SPDX-License-Identifier: MIT */
/*
 * The offer of an acceptor that speaks before the initiator has, as SMB and LDAP servers do. It
 * names mechanisms and nothing else; the initiator answers with a NegTokenInit of its own.
 * GSSAPI's offer would name the mechanism of one gss_cred_id_t, and an acceptor has one for
 * each.
 */
#include "greeting.h"

#include <stdint.h>
#include <string.h>

/* What Windows writes where a name has no meaning (MS-SPNG 2.2.1). */
static const char hint[] = "not_defined_in_RFC4178@please_ignore";

/* Kerberos as Windows names it too: 1.2.840.48018.1.2.2 (MS-KILE 3.1.5.2). */
static const unsigned char windows_kerberos[] = {0x2a, 0x86, 0x48, 0x82, 0xf7,
                                                 0x12, 0x01, 0x02, 0x02};

/* DER is written back to front: what an element holds is there before its length. */
struct writer {
    unsigned char bytes[GSS_GREETING_MAX];
    size_t start;
};

static void put(struct writer *writer, const void *bytes, size_t size)
{
    writer->start -= size;
    memcpy(writer->bytes + writer->start, bytes, size);
}

/* Tag and length in front of all from `end` on. It is less than 128 bytes. */
static void wrap(struct writer *writer, unsigned char tag, size_t end)
{
    const unsigned char head[] = {tag, (unsigned char)(end - writer->start)};

    put(writer, head, sizeof head);
}

static void put_oid(struct writer *writer, const void *bytes, size_t size)
{
    size_t end = writer->start;

    put(writer, bytes, size);
    wrap(writer, 0x06, end);
}

size_t gss_greeting_write(unsigned mechs, unsigned char *token)
{
    struct writer writer = {.start = GSS_GREETING_MAX};
    const size_t end = GSS_GREETING_MAX;
    size_t list;

    put(&writer, hint, sizeof hint - 1);
    wrap(&writer, 0x1b, end); /* GeneralString */
    wrap(&writer, 0xa0, end); /* hintName */
    wrap(&writer, 0x30, end);
    wrap(&writer, 0xa3, end); /* negHints */
    list = writer.start;
    if (mechs & GSS_MECH_NTLM)
        put_oid(&writer, gss_oid_ntlm.elements, gss_oid_ntlm.length);
    if (mechs & GSS_MECH_KERBEROS) {
        put_oid(&writer, gss_oid_kerberos.elements, gss_oid_kerberos.length);
        put_oid(&writer, windows_kerberos, sizeof windows_kerberos);
    }
    wrap(&writer, 0x30, list);
    wrap(&writer, 0xa0, list); /* mechTypes */
    wrap(&writer, 0x30, end);  /* NegTokenInit2 */
    wrap(&writer, 0xa0, end);
    put_oid(&writer, gss_oid_spnego.elements, gss_oid_spnego.length);
    wrap(&writer, 0x60, end); /* RFC 2743 3.1 */
    memcpy(token, writer.bytes + writer.start, end - writer.start);
    return end - writer.start;
}
