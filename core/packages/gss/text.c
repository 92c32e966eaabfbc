/* SPDX-License-Identifier: MIT */
/* Strings and times in the forms that the layers need. */
#include "text.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool gss_text_copy(const char *text, char **copy)
{
    *copy = text == NULL ? NULL : strdup(text);
    return text == NULL || *copy != NULL;
}

char *gss_text_of(const void *bytes, size_t length)
{
    char *text = malloc(length + 1);

    if (text == NULL)
        return NULL;
    if (length > 0)
        memcpy(text, bytes, length);
    text[length] = '\0';
    return text;
}

void gss_text_wipe(char *secret)
{
    if (secret != NULL)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}

bool gss_text_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

char *gss_text_hand_out(const void *text, size_t length)
{
    char *copy = gss_host->allocate(length + 1);

    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* One code point of UTF-8, with the checks of RFC 3629: shortest form, no surrogate, nothing
 * above U+10FFFF. Returns the bytes taken, 0 if malformed. */
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

size_t gss_text_to_utf16(const char *text, char16_t *units, size_t capacity)
{
    const unsigned char *next = (const unsigned char *)text;
    size_t count = 0;

    while (*next != 0) {
        uint32_t point = 0;
        size_t taken = decode(next, &point);
        size_t needed = point >= 0x10000 ? 2 : 1;

        if (taken == 0 || (units != NULL && count + needed >= capacity))
            return (size_t)-1;
        if (units != NULL && needed == 1) {
            units[count] = (char16_t)point;
        } else if (units != NULL) {
            units[count] = (char16_t)(0xd800 + ((point - 0x10000) >> 10));
            units[count + 1] = (char16_t)(0xdc00 + ((point - 0x10000) & 0x3ff));
        }
        count += needed;
        next += taken;
    }
    if (units != NULL) {
        if (count >= capacity)
            return (size_t)-1;
        units[count] = 0;
    }
    return count;
}

TimeStamp gss_text_timestamp(int64_t seconds)
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
