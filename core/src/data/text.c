/* SPDX-License-Identifier: MIT */
/* UTF-8 as in RFC 3629 (no surrogates, no overlong forms, up to U+10FFFF), UTF-16 as in RFC
 * 2781. Written out here because iconv and the C locale functions take their tables and
 * their idea of a character from the process's environment. */
#include "text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

size_t text_utf16_length(const WCHAR *source)
{
    size_t length = 0;

    while (length <= TEXT_MAX && source[length] != 0)
        length++;
    return length;
}

size_t text_utf8_length(const char *source)
{
    return strnlen(source, TEXT_MAX + 1);
}

/* Reads one character; returns the bytes it takes, or 0 if it is malformed. */
static size_t decode_utf8(const unsigned char *source, size_t left, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t value = source[0];
    size_t length = value < 0x80 ? 1 : value < 0xE0 ? 2 : value < 0xF0 ? 3 : 4;

    if ((value >= 0x80 && value < 0xC2) || value > 0xF4 || length > left)
        return 0;
    if (length > 1)
        value &= 0x7Fu >> length;
    for (size_t i = 1; i < length; i++) {
        if ((source[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (source[i] & 0x3Fu);
    }
    if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
        return 0;
    *character = value;
    return length;
}

static size_t encode_utf8(uint32_t character, char *target)
{
    size_t length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

    if (length == 1) {
        target[0] = (char)character;
        return 1;
    }
    for (size_t i = length - 1; i > 0; i--) {
        target[i] = (char)(0x80 | (character & 0x3F));
        character >>= 6;
    }
    target[0] = (char)((0xF00u >> length) | character);
    return length;
}

SECURITY_STATUS text_from_utf16(const WCHAR *source, size_t units, char **result)
{
    char *target;
    size_t length = 0;

    *result = NULL;
    if (source == NULL)
        return SEC_E_OK;
    if (units > TEXT_MAX)
        return SEC_E_INVALID_PARAMETER;
    target = malloc(units * 3 + 1);
    if (target == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    for (size_t i = 0; i < units; i++) {
        uint32_t character = source[i];

        if (character >= 0xD800 && character < 0xDC00 && i + 1 < units &&
            (source[i + 1] & 0xFC00) == 0xDC00) {
            character = 0x10000 + ((character - 0xD800) << 10) + (source[i + 1] - 0xDC00u);
            i++;
        } else if (character == 0 || (character >= 0xD800 && character < 0xE000)) {
            memory_wipe(target, units * 3 + 1);
            return SEC_E_INVALID_PARAMETER;
        }
        length += encode_utf8(character, target + length);
    }
    target[length] = '\0';
    *result = target;
    return SEC_E_OK;
}

SECURITY_STATUS text_from_utf8(const char *source, size_t bytes, char **result)
{
    const unsigned char *at = (const unsigned char *)source;
    char *target;

    *result = NULL;
    if (source == NULL)
        return SEC_E_OK;
    if (bytes > TEXT_MAX)
        return SEC_E_INVALID_PARAMETER;
    for (size_t i = 0; i < bytes;) {
        uint32_t character;
        size_t length = decode_utf8(at + i, bytes - i, &character);

        if (length == 0 || character == 0)
            return SEC_E_INVALID_PARAMETER;
        i += length;
    }
    target = malloc(bytes + 1);
    if (target == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(target, source, bytes);
    target[bytes] = '\0';
    *result = target;
    return SEC_E_OK;
}

size_t text_write_utf16(const char *source, WCHAR *target, size_t room)
{
    const unsigned char *at = (const unsigned char *)source;
    size_t left = strlen(source), units = 0;

    while (left > 0) {
        uint32_t character;
        size_t length = decode_utf8(at, left, &character);
        size_t needs;

        if (length == 0)
            return 0;
        needs = character >= 0x10000 ? 2 : 1;
        if (needs == 1 && units < room) {
            target[units] = (WCHAR)character;
        } else if (needs == 2 && units + 1 < room) {
            target[units] = (WCHAR)(0xD800 + ((character - 0x10000) >> 10));
            target[units + 1] = (WCHAR)(0xDC00 + (character & 0x3FF));
        }
        units += needs;
        at += length;
        left -= length;
    }
    if (units < room)
        target[units] = 0;
    return units + 1;
}

WCHAR *text_to_utf16(const char *source)
{
    size_t units = text_write_utf16(source, NULL, 0);
    WCHAR *target = units != 0 ? memory_allocate(units * sizeof(WCHAR)) : NULL;

    if (target != NULL)
        text_write_utf16(source, target, units);
    return target;
}

bool text_equal_ignoring_case(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        int x = *a >= 'A' && *a <= 'Z' ? *a + 32 : *a;
        int y = *b >= 'A' && *b <= 'Z' ? *b + 32 : *b;

        if (x != y)
            return false;
    }
    return *a == *b;
}
