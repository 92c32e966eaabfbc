/* SPDX-License-Identifier: MIT */
#ifndef NTLM_HOST_H
#define NTLM_HOST_H

#include "sspi_package.h"

/* The core's services; set before any other function of the module runs. */
extern const sspia_host *ntlm_host;

#endif
