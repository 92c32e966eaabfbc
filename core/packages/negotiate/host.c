/* SPDX-License-Identifier: MIT */
#include "host.h"

const sspia_host *neg_host;
