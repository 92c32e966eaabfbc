/* SPDX-License-Identifier: MIT */
/*
 * Written strictly, read generously: lengths in any form, fields left out, unknown ones at the
 * end, and a NegTokenInit without the frame of RFC 2743 3.1. Every length is checked against
 * what it stands in.
 */
#include "token.h"
#include "host.h"

#include <string.h>

#define OID     0x06
#define OCTETS  0x04
#define SEQ     0x30
#define GENERAL 0x1b
#define FRAME   0x60
#define AP_REQ  0x6e
#define FIELD   0xa0 /* and the number of the field */

static const unsigned char spnego[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x02};
static const unsigned char ntlm[] = {0x2b, 0x06, 0x01, 0x04, 0x01,
                                     0x82, 0x37, 0x02, 0x02, 0x0a};
static const unsigned char kerberos[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};

#define BYTES(array)                                                                           \
    (neg_bytes)                                                                                \
    {                                                                                          \
        array, sizeof(array)                                                                   \
    }

neg_form neg_token_form(neg_bytes token, neg_bytes *oid)
{
    neg_bytes frame;

    if (token.size >= 8 && memcmp(token.data, "NTLMSSP", 8) == 0) {
        *oid = BYTES(ntlm);
        return NEG_FORM_RAW;
    }
    if (token.size == 0)
        return NEG_FORM_UNKNOWN;
    switch (token.data[0]) {
    case AP_REQ: /* as SMB clients of old send it */
        *oid = BYTES(kerberos);
        return NEG_FORM_RAW;
    case FRAME:
        if (!neg_der_take(&token, FRAME, &frame) || !neg_der_take(&frame, OID, oid))
            return NEG_FORM_UNKNOWN;
        return neg_bytes_equal(*oid, BYTES(spnego)) ? NEG_FORM_INIT : NEG_FORM_RAW;
    case FIELD:
        return NEG_FORM_INIT;
    case FIELD + 1:
        return NEG_FORM_RESPONSE;
    default:
        return NEG_FORM_UNKNOWN;
    }
}

/* An optional field. False: it is there and not what it should be. */
static bool take_field(neg_bytes *fields, unsigned number, unsigned char tag, neg_bytes *value)
{
    neg_bytes field;

    *value = (neg_bytes){NULL, 0};
    if (fields->size == 0 || fields->data[0] != FIELD + number)
        return true;
    return neg_der_take(fields, (unsigned char)(FIELD + number), &field) &&
           neg_der_take(&field, tag, value);
}

/* Field 3 is the MIC of a NegTokenInit, and the hints of a NegTokenInit2, whose MIC is 4. */
static bool take_mic(neg_bytes *fields, neg_bytes *mic)
{
    neg_bytes before = *fields;
    neg_bytes hints;

    if (take_field(fields, 3, OCTETS, mic))
        return true;
    *fields = before;
    return take_field(fields, 3, SEQ, &hints) && take_field(fields, 4, OCTETS, mic);
}

bool neg_token_read_init(neg_bytes token, neg_init *init)
{
    neg_bytes rest = token;
    neg_bytes frame;
    neg_bytes oid;
    neg_bytes flags;

    memset(init, 0, sizeof *init);
    if (rest.size > 0 && rest.data[0] == FRAME) {
        if (!neg_der_take(&rest, FRAME, &frame) || !neg_der_take(&frame, OID, &oid))
            return false;
        rest = frame;
    }
    if (!neg_der_take(&rest, FIELD, &frame) || !neg_der_take(&frame, SEQ, &rest))
        return false;
    if (rest.size > 0 && rest.data[0] == FIELD) {
        if (!neg_der_take(&rest, FIELD, &frame))
            return false;
        init->list = frame;
        if (!neg_der_take(&frame, SEQ, &init->mechs))
            return false;
        init->list.size -= frame.size;
    }
    return take_field(&rest, 1, 0x03, &flags) && take_field(&rest, 2, OCTETS, &init->token) &&
           take_mic(&rest, &init->mic);
}

bool neg_token_read_response(neg_bytes token, neg_response *response)
{
    neg_bytes fields;
    neg_bytes frame;
    neg_bytes state;

    memset(response, 0, sizeof *response);
    response->state = NEG_STATE_NONE;
    if (!neg_der_take(&token, FIELD + 1, &frame) || !neg_der_take(&frame, SEQ, &fields) ||
        !take_field(&fields, 0, 0x0a, &state) ||
        !take_field(&fields, 1, OID, &response->mech) ||
        !take_field(&fields, 2, OCTETS, &response->token) ||
        !take_field(&fields, 3, OCTETS, &response->mic))
        return false;
    if (state.data == NULL)
        return true;
    if (state.size != 1 || state.data[0] > NEG_STATE_REQUEST_MIC)
        return false;
    response->state = (neg_state)state.data[0];
    return true;
}

static unsigned char *put_bytes(unsigned char *place, neg_bytes bytes)
{
    if (bytes.size > 0)
        memcpy(place, bytes.data, bytes.size);
    return place + bytes.size;
}

/* A field with one element in it; nothing for one that is left out. */
static size_t field_size(neg_bytes value)
{
    return value.data != NULL ? neg_der_size(neg_der_size(value.size)) : 0;
}

static unsigned char *put_field(unsigned char *place, unsigned number, unsigned char tag,
                                neg_bytes value)
{
    if (value.data == NULL)
        return place;
    place = neg_der_put(place, (unsigned char)(FIELD + number), neg_der_size(value.size));
    place = neg_der_put(place, tag, value.size);
    return put_bytes(place, value);
}

static unsigned char *allocate(size_t size, sspia_bytes *made)
{
    made->data = neg_host->allocate(size);
    made->size = made->data != NULL ? size : 0;
    return made->data;
}

/* InitialContextToken { SPNEGO, [0] SEQUENCE { [0] list, rest }}: all before the rest. */
static unsigned char *begin_init(neg_bytes list, size_t rest, sspia_bytes *made)
{
    const size_t fields = neg_der_size(list.size) + rest;
    const size_t init = neg_der_size(neg_der_size(fields));
    const size_t frame = neg_der_size(sizeof spnego) + init;
    unsigned char *place = allocate(neg_der_size(frame), made);

    if (place == NULL)
        return NULL;
    place = neg_der_put(place, FRAME, frame);
    place = neg_der_put(place, OID, sizeof spnego);
    place = put_bytes(place, BYTES(spnego));
    place = neg_der_put(place, FIELD, neg_der_size(fields));
    place = neg_der_put(place, SEQ, fields);
    place = neg_der_put(place, FIELD, list.size);
    return put_bytes(place, list);
}

bool neg_token_write_init(neg_bytes list, neg_bytes token, sspia_bytes *made)
{
    unsigned char *place = begin_init(list, field_size(token), made);

    if (place != NULL)
        put_field(place, 2, OCTETS, token);
    return place != NULL;
}

bool neg_token_write_greeting(neg_bytes list, sspia_bytes *made)
{
    static const unsigned char hint[] = "not_defined_in_RFC4178@please_ignore";
    const neg_bytes name = {hint, sizeof hint - 1};
    const size_t hints = field_size(name);
    unsigned char *place = begin_init(list, neg_der_size(neg_der_size(hints)), made);

    if (place == NULL)
        return false;
    place = neg_der_put(place, FIELD + 3, neg_der_size(hints));
    place = neg_der_put(place, SEQ, hints);
    put_field(place, 0, GENERAL, name);
    return true;
}

bool neg_token_write_response(const neg_response *response, sspia_bytes *made)
{
    const unsigned char number = (unsigned char)response->state;
    const neg_bytes state = {&number, 1};
    const size_t fields = field_size(state) + field_size(response->mech) +
                          field_size(response->token) + field_size(response->mic);
    unsigned char *place = allocate(neg_der_size(neg_der_size(fields)), made);

    if (place == NULL)
        return false;
    place = neg_der_put(place, FIELD + 1, neg_der_size(fields));
    place = neg_der_put(place, SEQ, fields);
    place = put_field(place, 0, 0x0a, state);
    place = put_field(place, 1, OID, response->mech);
    place = put_field(place, 2, OCTETS, response->token);
    put_field(place, 3, OCTETS, response->mic);
    return true;
}
