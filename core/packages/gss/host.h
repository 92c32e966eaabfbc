/* SPDX-License-Identifier: MIT */
#ifndef GSS_HOST_H
#define GSS_HOST_H

#include "sspi_package.h"

/* The core's services; set before any other function of the module runs. */
extern const sspia_host *gss_host;

#endif
