/* SPDX-License-Identifier: MIT */
#ifndef NTLM_MODULE_H
#define NTLM_MODULE_H

#include "sspi_package.h"

extern const sspia_package ntlm_package;

#endif
