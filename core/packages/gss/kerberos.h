/* SPDX-License-Identifier: MIT */
#ifndef GSS_KERBEROS_H
#define GSS_KERBEROS_H

#include "sspi_package.h"

extern const sspia_package gss_kerberos_package;

#endif
