/* SPDX-License-Identifier: MIT */
/* Characters of Unicode, in UTF-8 (RFC 3629) and UTF-16 (RFC 2781). */
#ifndef SSPI_ASYNC_CHARACTER_H
#define SSPI_ASYNC_CHARACTER_H

#include <stddef.h>
#include <stdint.h>
#include <uchar.h>

/* Reads the one that begins at source, of which `left` bytes are there. Returns the bytes that
 * it takes; 0 if it is malformed: cut off, in other than its shortest form, a surrogate, or
 * above U+10FFFF. */
size_t character_from_utf8(const void *source, size_t left, uint32_t *character);

/* Writes 1 to 4 bytes, and returns how many. */
size_t character_to_utf8(uint32_t character, void *target);

/* Gives 1 or 2 units, and returns how many. */
size_t character_to_utf16(uint32_t character, char16_t units[2]);

/* The same the other way: 0 units taken if source begins with half a character. */
size_t character_from_utf16(const char16_t *source, size_t left, uint32_t *character);

#endif
