/* SPDX-License-Identifier: MIT */
#include "timestamp.h"

#include <stdbool.h>
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

static bool is_same(TimeStamp a, TimeStamp b)
{
    return a.LowPart == b.LowPart && a.HighPart == b.HighPart;
}

int64_t timestamp_to_unix(TimeStamp stamp, int64_t near)
{
    int64_t ticks = (int64_t)((uint64_t)(uint32_t)stamp.HighPart << 32 | stamp.LowPart);
    int64_t local = ticks / TICKS_A_SECOND - SECONDS_1601_TO_1970;
    time_t seconds = (time_t)local;
    struct tm parts;

    if (ticks == INT64_MAX || is_same(stamp, timestamp_from_unix(near)))
        return ticks == INT64_MAX ? INT64_MAX : near;
    if (gmtime_r(&seconds, &parts) == NULL)
        return INT64_MAX;
    parts.tm_isdst = -1;
    return (int64_t)mktime(&parts);
}
