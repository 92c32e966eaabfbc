/* SPDX-License-Identifier: MIT */
#ifndef GSS_KIND_H
#define GSS_KIND_H

/* Which of the three packages an object belongs to. Part of the packed form (transfer.c):
 * never renumber. */
typedef enum gss_kind { GSS_KERBEROS = 1, GSS_NTLM = 2, GSS_NEGOTIATE = 3 } gss_kind;

/* What a package says of itself, and a context of the mechanism that it has found. */
#define GSS_KERBEROS_NAME      "Kerberos"
#define GSS_KERBEROS_MAX_TOKEN 48000u
#define GSS_NTLM_NAME          "NTLM"
#define GSS_NTLM_MAX_TOKEN     2888u
#define GSS_NEGOTIATE_NAME     "Negotiate"

#endif
