/* SPDX-License-Identifier: MIT */
#ifndef GSS_NTLM_H
#define GSS_NTLM_H

#include "sspi_package.h"

extern const sspia_package gss_ntlm_package;

#endif
