/* SPDX-License-Identifier: MIT */
/* Strings, between what SSPI's callers have and what NTLM's messages have. */
#include "text.h"
#include "character.h"
#include "host.h"

#include <string.h>

static void put_unit(unsigned char *wire, uint32_t unit)
{
    wire[0] = (unsigned char)unit;
    wire[1] = (unsigned char)(unit >> 8);
}

size_t ntlm_text_to_wire(const char *text, unsigned char *wire, size_t capacity)
{
    size_t left = strlen(text), size = 0;

    while (left > 0) {
        uint32_t character = 0;
        char16_t units[2];
        size_t taken = character_from_utf8(text, left, &character);
        size_t count = character_to_utf16(character, units);

        if (taken == 0 || 2 * count > capacity - size)
            return NTLM_TEXT_BAD;
        for (size_t i = 0; i < count; i++, size += 2)
            put_unit(wire + size, units[i]);
        text += taken;
        left -= taken;
    }
    return size;
}

static char16_t unit_at(const unsigned char *wire)
{
    return (char16_t)(wire[0] | wire[1] << 8);
}

/* The character at the start of wire, 0 if there is none that may stand in a name. */
static uint32_t take_character(ntlm_bytes *wire)
{
    const char16_t units[2] = {unit_at(wire->data),
                               wire->size < 4 ? 0 : unit_at(wire->data + 2)};
    uint32_t character = 0;
    size_t taken = character_from_utf16(units, wire->size / 2, &character);

    wire->data += 2 * taken;
    wire->size -= 2 * taken;
    return taken == 0 ? 0 : character;
}

size_t ntlm_text_from_wire(ntlm_bytes wire, char *text, size_t capacity)
{
    size_t length = 0;

    if (wire.size % 2 != 0)
        return NTLM_TEXT_BAD;
    while (wire.size > 0) {
        unsigned char out[4];
        uint32_t character = take_character(&wire);
        size_t needed = character_to_utf8(character, out);

        if (character == 0 || capacity - length <= needed)
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
