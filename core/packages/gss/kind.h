/* SPDX-License-Identifier: MIT */
#ifndef GSS_KIND_H
#define GSS_KIND_H

/* Which of the three packages an object belongs to. Part of the packed form (transfer.c):
 * never renumber. */
typedef enum gss_kind { GSS_KERBEROS = 1, GSS_NTLM = 2, GSS_NEGOTIATE = 3 } gss_kind;

/* What the package says of itself. */
#define GSS_KERBEROS_NAME      "Kerberos"
#define GSS_KERBEROS_MAX_TOKEN 48000u

#endif
