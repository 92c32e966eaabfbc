/* SPDX-License-Identifier: MIT */
#ifndef NEGOTIATE_HOST_H
#define NEGOTIATE_HOST_H

#include "sspi_package.h"

/* The core's services; set before any other function of the module runs. */
extern const sspia_host *neg_host;

#endif
