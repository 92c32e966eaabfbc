/* SPDX-License-Identifier: MIT */
/* The messages of SPNEGO (RFC 4178 4.2, MS-SPNG 2.2.1), read and written. */
#ifndef NEGOTIATE_TOKEN_H
#define NEGOTIATE_TOKEN_H

#include "der.h"
#include "sspi_package.h"

/* What a token is. */
typedef enum neg_form {
    NEG_FORM_UNKNOWN,
    NEG_FORM_INIT,     /* NegTokenInit, or the NegTokenInit2 of a server */
    NEG_FORM_RESPONSE, /* NegTokenResp */
    NEG_FORM_RAW,      /* a mechanism's own, without SPNEGO around it */
} neg_form;

/* negState of RFC 4178 4.2.2. */
typedef enum neg_state {
    NEG_STATE_NONE = -1,
    NEG_STATE_COMPLETED = 0,
    NEG_STATE_INCOMPLETE = 1,
    NEG_STATE_REJECT = 2,
    NEG_STATE_REQUEST_MIC = 3,
} neg_state;

/* Parts that are not there have no bytes and no data. */
typedef struct neg_init {
    neg_bytes list;  /* the mechTypes as they came, with tag and length: what a MIC covers */
    neg_bytes mechs; /* what stands in them */
    neg_bytes token;
    neg_bytes mic;
} neg_init;

typedef struct neg_response {
    neg_state state;
    neg_bytes mech;
    neg_bytes token;
    neg_bytes mic;
} neg_response;

/* Looks at the front of a token; of a raw one *oid is the mechanism's identifier. */
neg_form neg_token_form(neg_bytes token, neg_bytes *oid);

/* False: it is malformed. What follows the known fields is ignored. */
bool neg_token_read_init(neg_bytes token, neg_init *init);
bool neg_token_read_response(neg_bytes token, neg_response *response);

/* In memory of the core's; false if there is none. A greeting is what a server says that speaks
 * first: a NegTokenInit2 with its mechanisms. */
bool neg_token_write_init(neg_bytes list, neg_bytes token, sspia_bytes *made);
bool neg_token_write_greeting(neg_bytes list, sspia_bytes *made);
bool neg_token_write_response(const neg_response *response, sspia_bytes *made);

#endif
