/* SPDX-License-Identifier: MIT */
/*
 * Servers of SMB and LDAP send a NegTokenInit2 (MS-SPNG 2.2.1) before the client has said
 * anything. The client answers with a NegTokenInit of its own, as if there had been none
 * (MS-SPNG 3.2.5.2), so nothing of the greeting needs to be kept. libgssapi_krb5 would make
 * one too, but of a single credential, and the two mechanisms have one each (credential.h).
 */
#include "greeting.h"
#include "lease.h"

#include <string.h>

/* All lengths fit in one byte: the largest greeting has less than 90. */
#define GREETING_MAX 120

typedef struct piece {
    unsigned char bytes[GREETING_MAX];
    size_t size;
} piece;

static void append(piece *to, const void *bytes, size_t size)
{
    memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
}

/* Puts a tag and the length in front of all that is there. */
static void wrap(piece *content, unsigned char tag)
{
    memmove(content->bytes + 2, content->bytes, content->size);
    content->bytes[0] = tag;
    content->bytes[1] = (unsigned char)content->size;
    content->size += 2;
}

static void append_oid(piece *to, const gss_OID_desc *oid)
{
    piece one = {.size = 0};

    append(&one, oid->elements, oid->length);
    wrap(&one, 0x06);
    append(to, one.bytes, one.size);
}

/* InitialContextToken { SPNEGO, [0] NegTokenInit2 { [0] mechTypes, [3] negHints } } */
static void compose(unsigned mechs, piece *greeting)
{
    static const char hint_name[] = "not_defined_in_RFC4178@please_ignore";
    piece types = {.size = 0};
    piece hints = {.size = 0};

    if (mechs & GSS_MECH_KERBEROS)
        append_oid(&types, &gss_oid_kerberos);
    if (mechs & GSS_MECH_NTLM)
        append_oid(&types, &gss_oid_ntlm);
    wrap(&types, 0x30);
    wrap(&types, 0xa0);
    append(&hints, hint_name, sizeof hint_name - 1);
    wrap(&hints, 0x1b); /* GeneralString */
    wrap(&hints, 0xa0);
    wrap(&hints, 0x30);
    wrap(&hints, 0xa3);
    append(&types, hints.bytes, hints.size);
    wrap(&types, 0x30);
    wrap(&types, 0xa0);
    greeting->size = 0;
    append_oid(greeting, &gss_oid_spnego);
    append(greeting, types.bytes, types.size);
    wrap(greeting, 0x60);
}

SECURITY_STATUS gss_greeting_make(gss_credential *credential, sspia_bytes *token,
                                  sspia_report *report)
{
    gss_source *sources[] = {&credential->kerberos_in, &credential->ntlm_in};
    SECURITY_STATUS status = SEC_E_OK;
    sspia_report ignored;
    unsigned mechs = 0;
    piece greeting;

    /* The first lack is told, if there is nothing else: Kerberos has more to say. */
    for (int i = 0; i < 2; i++) {
        gss_lease *lease = NULL;
        SECURITY_STATUS result;

        if (sources[i]->recipe.mechs == 0)
            continue;
        result = gss_source_take(sources[i], sources[i]->recipe.mechs, false, &lease,
                                 status == SEC_E_OK ? report : &ignored);
        gss_source_give(sources[i], lease);
        if (result == SEC_E_OK)
            mechs |= sources[i]->recipe.mechs;
        else if (status == SEC_E_OK)
            status = result;
    }
    if (mechs == 0)
        return status;
    compose(mechs, &greeting);
    token->data = gss_host->allocate(greeting.size);
    if (token->data == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(token->data, greeting.bytes, greeting.size);
    token->size = greeting.size;
    return SEC_E_OK;
}
