/* SPDX-License-Identifier: MIT */
#ifndef GSS_TEXT_H
#define GSS_TEXT_H

#include "host.h"

#include <stdbool.h>

/* A copy that free releases; NULL stays NULL. False if memory ran out. */
bool gss_text_copy(const char *text, char **copy);

/* Bytes as text, which free releases; NULL if memory ran out. */
char *gss_text_of(const void *bytes, size_t length);

/* For secrets: overwritten, then freed. NULL is fine. */
void gss_text_wipe(char *secret);

/* True unless text is NULL or "". */
bool gss_text_given(const char *text);

/* A copy from the core's allocator, which a caller of the API will free; NULL if memory
 * ran out. */
char *gss_text_hand_out(const void *text, size_t length);

/* UTF-8 to UTF-16 in host order, with a final zero. Returns the number of units without it,
 * or (size_t)-1 if the text is not UTF-8 or does not fit. units may be NULL to count. */
size_t gss_text_to_utf16(const char *text, char16_t *units, size_t capacity);

#endif
