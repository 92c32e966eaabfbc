/* SPDX-License-Identifier: MIT */
/* The core's services. */
#ifndef SCHANNEL_HOST_H
#define SCHANNEL_HOST_H

#include "sspi_package.h"

/* Set once, before any other function of the package is called. */
extern const sspia_host *host;

#endif
