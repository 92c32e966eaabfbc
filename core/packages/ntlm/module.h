/* SPDX-License-Identifier: MIT */
#ifndef NTLM_MODULE_H
#define NTLM_MODULE_H

#include "sspi_package.h"

/* MS-NLMP names no limit; Windows says this in SecPkgInfo.cbMaxToken. */
#define NTLM_MAX_TOKEN 2888u

/* The core's services; set before any other function of the module runs. */
extern const sspia_host *ntlm_host;

extern const sspia_package ntlm_package;

#endif
