/* SPDX-License-Identifier: MIT */
/* Strings: UTF-16 and UTF-8. */
#ifndef SSPI_ASYNC_TEXT_H
#define SSPI_ASYNC_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "sspi.h"

/* No string of a caller may be longer, in code units. */
#define TEXT_MAX 65536u

/* Both give a new zero-terminated string of malloc; *result is NULL for a NULL source.
 * SEC_E_INVALID_PARAMETER: not well-formed, too long, or with a zero inside;
 * SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS text_from_utf16(const WCHAR *source, size_t units, char **result);
SECURITY_STATUS text_from_utf8(const char *source, size_t bytes, char **result);

/* Code units before the final zero; at most TEXT_MAX + 1. */
size_t text_utf16_length(const WCHAR *source);
size_t text_utf8_length(const char *source);

/* UTF-16 of a well-formed UTF-8 string, in memory for FreeContextBuffer; NULL without
 * memory, or if the string is not well-formed. */
WCHAR *text_to_utf16(const char *source);
/* Writes it without allocating; room counts units, the zero included. Returns the units
 * needed, the zero included, or 0 if the string is not well-formed. */
size_t text_write_utf16(const char *source, WCHAR *target, size_t room);

bool text_equal_ignoring_case(const char *a, const char *b); /* ASCII letters */

#endif
