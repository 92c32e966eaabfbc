/* SPDX-License-Identifier: MIT */
#ifndef GSS_MIC_FIELD_H
#define GSS_MIC_FIELD_H

#include <gssapi/gssapi.h>
#include <stdbool.h>

/* Puts the mechListMIC of a NegTokenResp where the system's SPNEGO looks for it, if that is
 * not where RFC 4178 4.2.2 has it. *moved is a buffer to use in place of token, to be released
 * with free, or empty: the token goes on as it is. False: no memory. */
bool gss_mic_field_move(const gss_buffer_desc *token, gss_buffer_desc *moved);

#endif
