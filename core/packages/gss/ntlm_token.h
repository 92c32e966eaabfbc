/* SPDX-License-Identifier: MIT */
#ifndef GSS_NTLM_TOKEN_H
#define GSS_NTLM_TOKEN_H

#include <gssapi/gssapi.h>
#include <stdbool.h>

/* Puts an initiator's NTLM token that leaves out optional parts into the full layout, which
 * gss-ntlmssp 1.2.0 insists on. *full is a buffer to use in its place, to be released, or
 * empty: the token is not NTLM's, or is full, or is malformed, and goes on as it is. False: no
 * memory. */
bool gss_ntlm_token_fill(const gss_buffer_desc *token, gss_buffer_desc *full);
/* False: a token with a challenge, of NTLM or inside SPNEGO, that gss-ntlmssp 1.2.0 crashes
 * on: it says that it names a target, and the name is empty. */
bool gss_ntlm_token_is_safe(const gss_buffer_desc *token);
/* Wipes and frees; empty is fine. */
void gss_ntlm_token_release(gss_buffer_desc *full);

#endif
