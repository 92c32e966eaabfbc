/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdlib.h>
#include <string.h>

#include "character.h"

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
        explicit_bzero(secret, strlen(secret));
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

size_t gss_text_to_utf16(const char *text, char16_t *units, size_t capacity)
{
    size_t left = strlen(text), count = 0;

    while (left > 0) {
        uint32_t character = 0;
        char16_t of_it[2];
        size_t taken = character_from_utf8(text, left, &character);
        size_t needed = character_to_utf16(character, of_it);

        if (taken == 0 || (units != NULL && count + needed >= capacity))
            return (size_t)-1;
        if (units != NULL)
            memcpy(units + count, of_it, needed * sizeof(*units));
        count += needed;
        text += taken;
        left -= taken;
    }
    if (units != NULL) {
        if (count >= capacity)
            return (size_t)-1;
        units[count] = 0;
    }
    return count;
}
