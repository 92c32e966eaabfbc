/* SPDX-License-Identifier: MIT */
#ifndef GSS_MODULE_H
#define GSS_MODULE_H

#include "sspi_package.h"

/* Which of the three packages an object belongs to. Part of the packed form (transfer.c):
 * never renumber. */
typedef enum gss_kind { GSS_KERBEROS = 1, GSS_NTLM = 2, GSS_NEGOTIATE = 3 } gss_kind;

/* The core's services; set before any other function of the module runs. */
extern const sspia_host *gss_host;

extern const sspia_package gss_kerberos_package;
extern const sspia_package gss_ntlm_package;
extern const sspia_package gss_negotiate_package;

#endif
