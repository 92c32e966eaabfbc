/* SPDX-License-Identifier: MIT */
#include "der.h"

#include <string.h>

bool neg_bytes_equal(neg_bytes a, neg_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool neg_der_take(neg_bytes *rest, unsigned char tag, neg_bytes *content)
{
    size_t head = 2;
    size_t length;

    if (rest->size < head || rest->data[0] != tag)
        return false;
    length = rest->data[1];
    if (length >= 0x80) {
        size_t count = length & 0x7f;

        if (count == 0 || count > 4 || rest->size - head < count)
            return false;
        length = 0;
        for (; count > 0; count--)
            length = length << 8 | rest->data[head++];
    }
    if (rest->size - head < length)
        return false;
    *content = (neg_bytes){rest->data + head, length};
    rest->data += head + length;
    rest->size -= head + length;
    return true;
}

/* How many bytes the length takes after its first one. */
static size_t more_bytes(size_t content)
{
    size_t count = 0;

    for (size_t left = content; content >= 0x80 && left > 0; left >>= 8)
        count++;
    return count;
}

size_t neg_der_size(size_t content)
{
    return 2 + more_bytes(content) + content;
}

unsigned char *neg_der_put(unsigned char *place, unsigned char tag, size_t content)
{
    size_t count = more_bytes(content);

    *place++ = tag;
    *place++ = (unsigned char)(count > 0 ? 0x80 | count : content);
    for (; count > 0; count--)
        *place++ = (unsigned char)(content >> (8 * (count - 1)));
    return place;
}
