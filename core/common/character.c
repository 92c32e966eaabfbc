/* SPDX-License-Identifier: MIT */
/* Written out here because iconv and the C locale functions take their tables and their idea of
 * a character from the process's environment. */
#include "character.h"

size_t character_from_utf8(const void *source, size_t left, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = source;
    uint32_t value = bytes[0];
    size_t length = value < 0x80 ? 1 : value < 0xE0 ? 2 : value < 0xF0 ? 3 : 4;

    if ((value >= 0x80 && value < 0xC2) || value > 0xF4 || length > left)
        return 0;
    if (length > 1)
        value &= 0x7Fu >> length;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3Fu);
    }
    if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
        return 0;
    *character = value;
    return length;
}

size_t character_to_utf8(uint32_t character, void *target)
{
    unsigned char *bytes = target;
    size_t length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

    if (length == 1) {
        bytes[0] = (unsigned char)character;
        return 1;
    }
    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (unsigned char)(0x80 | (character & 0x3F));
        character >>= 6;
    }
    bytes[0] = (unsigned char)((0xF00u >> length) | character);
    return length;
}

size_t character_to_utf16(uint32_t character, char16_t units[2])
{
    if (character < 0x10000) {
        units[0] = (char16_t)character;
        return 1;
    }
    units[0] = (char16_t)(0xD800 + ((character - 0x10000) >> 10));
    units[1] = (char16_t)(0xDC00 + (character & 0x3FF));
    return 2;
}

size_t character_from_utf16(const char16_t *source, size_t left, uint32_t *character)
{
    if (source[0] < 0xD800 || source[0] >= 0xE000) {
        *character = source[0];
        return 1;
    }
    if (source[0] >= 0xDC00 || left < 2 || (source[1] & 0xFC00) != 0xDC00)
        return 0;
    *character = 0x10000 + ((source[0] - 0xD800u) << 10) + (source[1] - 0xDC00u);
    return 2;
}
