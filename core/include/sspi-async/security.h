/* SPDX-License-Identifier: MIT */
/*
 * security.h - what programs for Windows include for SSPI, after they have defined
 * SECURITY_WIN32. What that of Windows adds, the names of packages, is in sspi.h here.
 */
#ifndef SSPI_ASYNC_SECURITY_H
#define SSPI_ASYNC_SECURITY_H

#include "sspi.h"

#endif
