/* SPDX-License-Identifier: MIT */
#include "host.h"

const sspia_host *ntlm_host;
