/* SPDX-License-Identifier: MIT */
#ifndef SSPI_ASYNC_TIMESTAMP_H
#define SSPI_ASYNC_TIMESTAMP_H

#include "sspi.h"

/* Seconds since 1970 UTC as Windows has time stamps: local time (MS-docs "TimeStamp"), 100
 * ns since 1601. INT64_MAX, and what does not fit, is "never". */
TimeStamp timestamp_from_unix(int64_t seconds);

/* The way back. Of the hour that clocks go through twice when summer time ends, local time
 * alone cannot say which of the two is meant: near is taken for it if it fits. */
int64_t timestamp_to_unix(TimeStamp stamp, int64_t near);

#endif
