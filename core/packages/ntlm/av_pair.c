/* SPDX-License-Identifier: MIT */
/* Attribute-value pairs: what a server says of itself, and a client of its answer. */
#include "av_pair.h"

#include <string.h>

bool ntlm_av_next(ntlm_bytes *list, unsigned *id, ntlm_bytes *value)
{
    size_t size;

    if (list->size < NTLM_AV_HEAD)
        return false;
    *id = list->data[0] | (unsigned)list->data[1] << 8;
    size = list->data[2] | (size_t)list->data[3] << 8;
    if (*id == NTLM_AV_EOL || size > list->size - NTLM_AV_HEAD)
        return false;
    value->data = list->data + NTLM_AV_HEAD;
    value->size = size;
    list->data += NTLM_AV_HEAD + size;
    list->size -= NTLM_AV_HEAD + size;
    return true;
}

bool ntlm_av_is_list(ntlm_bytes list)
{
    unsigned id;
    ntlm_bytes value;

    if (list.size == 0)
        return true;
    while (ntlm_av_next(&list, &id, &value))
        ;
    return list.size >= NTLM_AV_HEAD && (list.data[0] | list.data[1] << 8) == NTLM_AV_EOL;
}

ntlm_bytes ntlm_av_find(ntlm_bytes list, unsigned id)
{
    ntlm_bytes value = {NULL, 0};
    unsigned found;

    while (ntlm_av_next(&list, &found, &value)) {
        if (found == id)
            return value;
    }
    return (ntlm_bytes){NULL, 0};
}

unsigned char *ntlm_av_put(unsigned char *place, unsigned id, const void *value, size_t size)
{
    place[0] = (unsigned char)id;
    place[1] = (unsigned char)(id >> 8);
    place[2] = (unsigned char)size;
    place[3] = (unsigned char)(size >> 8);
    if (size > 0)
        memcpy(place + NTLM_AV_HEAD, value, size);
    return place + NTLM_AV_HEAD + size;
}
