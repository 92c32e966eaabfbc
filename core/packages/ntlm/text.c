/* SPDX-License-Identifier: MIT */
/* Strings and times, between what SSPI's callers have and what NTLM's messages have. */
#include "text.h"
#include "host.h"

#include <string.h>
#include <time.h>

/* One code point of UTF-8 (RFC 3629: shortest form, no surrogate, nothing above U+10FFFF).
 * Returns the bytes taken, 0 if malformed. */
static size_t decode(const unsigned char *bytes, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = bytes[0] < 0x80   ? 1
                    : bytes[0] < 0xc2 ? 0
                    : bytes[0] < 0xe0 ? 2
                    : bytes[0] < 0xf0 ? 3
                    : bytes[0] < 0xf5 ? 4
                                      : 0;

    if (length == 0)
        return 0;
    *point = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0u) != 0x80)
            return 0;
        *point = *point << 6 | (bytes[i] & 0x3fu);
    }
    if (*point < least[length] || *point > 0x10ffff || (*point >= 0xd800 && *point < 0xe000))
        return 0;
    return length;
}

static void put_unit(unsigned char *wire, uint32_t unit)
{
    wire[0] = (unsigned char)unit;
    wire[1] = (unsigned char)(unit >> 8);
}

size_t ntlm_text_to_wire(const char *text, unsigned char *wire, size_t capacity)
{
    const unsigned char *next = (const unsigned char *)text;
    size_t size = 0;

    while (*next != 0) {
        uint32_t point = 0;
        size_t taken = decode(next, &point);
        size_t needed = point >= 0x10000 ? 4 : 2;

        if (taken == 0 || needed > capacity - size)
            return NTLM_TEXT_BAD;
        if (needed == 2) {
            put_unit(wire + size, point);
        } else {
            put_unit(wire + size, 0xd800 + ((point - 0x10000) >> 10));
            put_unit(wire + size + 2, 0xdc00 + ((point - 0x10000) & 0x3ff));
        }
        size += needed;
        next += taken;
    }
    return size;
}

static size_t encode(uint32_t point, unsigned char out[4])
{
    if (point < 0x80) {
        out[0] = (unsigned char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (unsigned char)(0xc0 | point >> 6);
        out[1] = (unsigned char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (unsigned char)(0xe0 | point >> 12);
        out[1] = (unsigned char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (unsigned char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (unsigned char)(0xf0 | point >> 18);
    out[1] = (unsigned char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (unsigned char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (unsigned char)(0x80 | (point & 0x3f));
    return 4;
}

/* The code point at the start of wire, 0 if there is none that may stand in a name. */
static uint32_t take_point(ntlm_bytes *wire)
{
    uint32_t unit = wire->data[0] | (uint32_t)wire->data[1] << 8;
    uint32_t low;

    wire->data += 2;
    wire->size -= 2;
    if (unit < 0xd800 || unit >= 0xe000)
        return unit;
    if (unit >= 0xdc00 || wire->size < 2)
        return 0;
    low = wire->data[0] | (uint32_t)wire->data[1] << 8;
    if (low < 0xdc00 || low >= 0xe000)
        return 0;
    wire->data += 2;
    wire->size -= 2;
    return 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
}

size_t ntlm_text_from_wire(ntlm_bytes wire, char *text, size_t capacity)
{
    size_t length = 0;

    if (wire.size % 2 != 0)
        return NTLM_TEXT_BAD;
    while (wire.size > 0) {
        unsigned char out[4];
        uint32_t point = take_point(&wire);
        size_t needed = encode(point, out);

        if (point == 0 || capacity - length <= needed)
            return NTLM_TEXT_BAD;
        memcpy(text + length, out, needed);
        length += needed;
    }
    if (capacity == length)
        return NTLM_TEXT_BAD;
    text[length] = '\0';
    return length;
}

bool ntlm_text_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

char *ntlm_text_hand_out(const char *text, size_t length)
{
    char *copy = ntlm_host->allocate(length + 1);

    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

TimeStamp ntlm_text_timestamp(int64_t seconds)
{
    const int64_t epoch = 11644473600; /* from 1601-01-01 to 1970-01-01 */
    TimeStamp stamp = {0xffffffffu, 0x7fffffff};
    time_t moment = (time_t)seconds;
    struct tm local;
    int64_t ticks;

    if (seconds >= INT64_MAX / 10000000 - epoch - 86400)
        return stamp;
    ticks = seconds + epoch;
    if (localtime_r(&moment, &local) != NULL)
        ticks += local.tm_gmtoff;
    ticks = ticks < 0 ? 0 : ticks * 10000000;
    stamp.LowPart = (uint32_t)((uint64_t)ticks & 0xffffffffu);
    stamp.HighPart = (int32_t)(ticks >> 32);
    return stamp;
}
