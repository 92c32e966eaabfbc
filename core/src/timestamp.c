/* SPDX-License-Identifier: MIT */
#include "timestamp.h"

#include <time.h>

#define SECONDS_1601_TO_1970 11644473600ll
#define TICKS_A_SECOND       10000000ll

TimeStamp timestamp_from_unix(int64_t seconds)
{
    int64_t ticks = INT64_MAX;
    time_t utc = (time_t)seconds;
    struct tm local;

    if (seconds < INT64_MAX / TICKS_A_SECOND - SECONDS_1601_TO_1970 - 86400 &&
        seconds > -SECONDS_1601_TO_1970 && localtime_r(&utc, &local) != NULL)
        ticks = (seconds + local.tm_gmtoff + SECONDS_1601_TO_1970) * TICKS_A_SECOND;
    return (TimeStamp){.LowPart = (uint32_t)(ticks & 0xFFFFFFFF),
                       .HighPart = (int32_t)(ticks >> 32)};
}
