/* SPDX-License-Identifier: MIT */
#include "sspi_queue.h"

const char *sspia_version(void)
{
    return SSPI_ASYNC_VERSION;
}
