/* SPDX-License-Identifier: MIT */
/* The module: what the core gave it. */
#ifndef SCHANNEL_MODULE_H
#define SCHANNEL_MODULE_H

#include "sspi_package.h"

/* Set once, before any other function of the package is called. */
const sspia_host *module_host(void);

#endif
