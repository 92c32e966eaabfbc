/* SPDX-License-Identifier: MIT */
#ifndef NTLM_TEXT_H
#define NTLM_TEXT_H

#include "bytes.h"
#include "sspi.h"

#include <stdbool.h>

#define NTLM_TEXT_BAD ((size_t)-1)

/* UTF-8 to UTF-16LE. Returns the bytes written, or NTLM_TEXT_BAD if text is malformed or needs
 * more than capacity. */
size_t ntlm_text_to_wire(const char *text, unsigned char *wire, size_t capacity);

/* UTF-16LE to UTF-8 with a NUL. Returns the length without it, or NTLM_TEXT_BAD if wire is
 * malformed, has a NUL in it, or needs more than capacity (3 bytes for 2, and 1, are enough).
 */
size_t ntlm_text_from_wire(ntlm_bytes wire, char *text, size_t capacity);

/* True for a string that is neither NULL nor empty. */
bool ntlm_text_given(const char *text);

/* A copy in memory that FreeContextBuffer takes; NULL if there is none. */
char *ntlm_text_hand_out(const char *text, size_t length);

#endif
