/* SPDX-License-Identifier: MIT */
/* Reading the little DER that tokens are framed in. */
#include "der.h"

bool gss_der_take(gss_der *from, unsigned char tag, gss_der *content)
{
    size_t length;
    size_t head = 2;

    if (from->left < 2 || from->next[0] != tag)
        return false;
    length = from->next[1];
    if (length & 0x80) {
        size_t bytes = length & 0x7f;

        if (bytes == 0 || bytes > 4 || from->left < 2 + bytes)
            return false;
        length = 0;
        for (size_t i = 0; i < bytes; i++)
            length = length << 8 | from->next[2 + i];
        head += bytes;
    }
    if (length > from->left - head)
        return false;
    content->next = from->next + head;
    content->left = length;
    from->next += head + length;
    from->left -= head + length;
    return true;
}
