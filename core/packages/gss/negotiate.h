/* SPDX-License-Identifier: MIT */
#ifndef GSS_NEGOTIATE_H
#define GSS_NEGOTIATE_H

#include "sspi_package.h"

extern const sspia_package gss_negotiate_package;

#endif
