/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "character.h"
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
    for (size_t i = 0; i < units;) {
        uint32_t character = 0;
        size_t taken = character_from_utf16(source + i, units - i, &character);

        if (taken == 0 || character == 0) {
            memory_wipe(target, units * 3 + 1);
            return SEC_E_INVALID_PARAMETER;
        }
        i += taken;
        length += character_to_utf8(character, target + length);
    }
    target[length] = '\0';
    *result = target;
    return SEC_E_OK;
}

SECURITY_STATUS text_from_utf8(const char *source, size_t bytes, char **result)
{
    char *target;

    *result = NULL;
    if (source == NULL)
        return SEC_E_OK;
    if (bytes > TEXT_MAX)
        return SEC_E_INVALID_PARAMETER;
    for (size_t i = 0; i < bytes;) {
        uint32_t character;
        size_t length = character_from_utf8(source + i, bytes - i, &character);

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
    size_t left = strlen(source), count = 0;

    while (left > 0) {
        uint32_t character;
        WCHAR units[2];
        size_t length = character_from_utf8(source, left, &character);
        size_t needs;

        if (length == 0)
            return 0;
        needs = character_to_utf16(character, units);
        if (count + needs <= room)
            memcpy(target + count, units, needs * sizeof(*units));
        count += needs;
        source += length;
        left -= length;
    }
    if (count < room)
        target[count] = 0;
    return count + 1;
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
