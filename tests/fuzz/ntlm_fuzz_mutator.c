/* SPDX-License-Identifier: MIT */
/*
 * Changes along the structure of NTLM's messages (MS-NLMP 2.2.1): random bytes hardly ever are
 * a message whose fields point to where they should, or one whose pairs nest. For libFuzzer's
 * program alone.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FIELDS_MAX 6
#define FAR        0xffffffffu

struct shape {
    uint8_t fields[FIELDS_MAX]; /* places of length, length, offset; 0: no more */
    uint8_t flags;
    uint8_t pairs;      /* which field has the pairs, counted from 1 */
    uint8_t pairs_skip; /* and what is in front of them there */
};

static const struct shape shapes[] = {
    {{16, 24}, 12, 0, 0},
    {{12, 40}, 20, 2, 0},
    {{12, 20, 28, 36, 44, 52}, 60, 2, 44},
};

static const uint16_t ends[] = {8, 12, 16, 24, 32, 40, 48, 52, 56, 60, 64, 72, 88, 100};
static const uint32_t odd[] = {0, 1, 2, 15, 16, 17, 24, 44, 0x7f, 0xff, 0x7fff, 0x8000, 0xffff};

static uint32_t load(const uint8_t *place, unsigned bytes)
{
    uint32_t value = 0;

    for (unsigned i = bytes; i > 0; i--)
        value = value << 8 | place[i - 1];
    return value;
}

static void store(uint8_t *place, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        place[i] = (uint8_t)(value >> (8 * i));
}

/* Moves a field's bytes to the end, with room for more, and makes them other ones. */
static size_t move_field(uint8_t *message, size_t size, size_t room, uint8_t *field,
                         uint32_t random)
{
    uint32_t length = load(field, 2);
    uint32_t offset = load(field + 4, 4);
    uint32_t grown = length + (random % 3 == 0 ? random / 3 % 64 : 0);

    if (offset > size || length > size - offset || grown > 0xffff || grown > room - size)
        return size;
    memmove(message + size, message + offset, length);
    for (uint32_t i = length; i < grown; i++)
        message[size + i] = (uint8_t)(random >> (i % 24));
    if (grown > 0 && random & 0x100)
        message[size + random / 512 % grown] ^= (uint8_t)(1u << (random & 7));
    store(field, grown, 2);
    store(field + 2, grown, 2);
    store(field + 4, (uint32_t)size, 4);
    return size + grown;
}

/* The place of a pair that is chosen, in a list that may be cut off; FAR if there is none. */
static uint32_t choose_pair(const uint8_t *list, uint32_t size, uint32_t random)
{
    uint32_t place = 0;

    for (uint32_t left = random % 12; left > 0; left--) {
        uint32_t next = place + 4 + (place + 4 <= size ? load(list + place + 2, 2) : 0);

        if (next + 4 > size)
            break;
        place = next;
    }
    return place + 4 <= size ? place : FAR;
}

static void change_pair(uint8_t *list, uint32_t size, uint32_t random)
{
    const uint32_t place = choose_pair(list, size, random);
    const uint32_t other = choose_pair(list, size, random >> 8);

    if (place == FAR || other == FAR)
        return;
    switch (random >> 16 & 3) {
    case 0:
        store(list + place, random >> 18 & 15, 2); /* another kind */
        break;
    case 1:
        store(list + place + 2, odd[(random >> 18) % (sizeof odd / sizeof odd[0])], 2);
        break;
    case 2:
        memcpy(list + place, list + other, 2); /* a kind that is there twice */
        break;
    default:
        if (place + 4 < size)
            list[place + 4] ^= (uint8_t)(1u << (random >> 18 & 7));
        break;
    }
}

/* A flag, a length, an offset, the bytes of a field, the pairs of target information, the end.
 * Returns the new size, at most room; 0 if it is no such message. */
static size_t change(uint8_t *message, size_t size, size_t room, uint32_t random)
{
    const uint32_t kind = size >= 12 ? load(message + 8, 4) : 0;
    const uint32_t choice = random >> 4;
    const struct shape *shape;
    unsigned count = 0;
    uint8_t *field;

    if (kind < 1 || kind > 3 || memcmp(message, "NTLMSSP", 8) != 0)
        return 0;
    shape = &shapes[kind - 1];
    while (count < FIELDS_MAX && shape->fields[count] != 0 && shape->fields[count] + 8u <= size)
        count++;
    if (count == 0)
        return size;
    field = message + shape->fields[choice % count];
    switch (random & 7) {
    case 0:
        if (shape->flags + 4u <= size)
            message[shape->flags + (choice >> 3 & 3)] ^= (uint8_t)(1u << (choice & 7));
        return size;
    case 1:
        store(field, odd[choice / 8 % (sizeof odd / sizeof odd[0])], 2);
        return size;
    case 2:
        store(field + 4, (uint32_t)size - odd[choice / 8 % (sizeof odd / sizeof odd[0])], 4);
        return size;
    case 3:
        store(field + 4, odd[choice / 8 % (sizeof odd / sizeof odd[0])], 4);
        return size;
    case 4: {
        size_t end = ends[choice % (sizeof ends / sizeof ends[0])];

        return end < size ? end : size;
    }
    case 5:
        return move_field(message, size, room, field, choice / 8);
    default:
        if (shape->pairs == 0 || shape->pairs > count)
            return size;
        field = message + shape->fields[shape->pairs - 1];
        size = move_field(message, size, room, field, 1);
        if (load(field, 2) > shape->pairs_skip &&
            (size_t)load(field + 4, 4) + load(field, 2) <= size)
            change_pair(message + load(field + 4, 4) + shape->pairs_skip,
                        load(field, 2) - shape->pairs_skip, choice);
        return size;
    }
}

/* Of the kinds of input of ntlm_fuzz.c, the first ones are messages. */
#define LAST_KIND 1

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed);

/* Half of the changes are made to the structure of one of the messages. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed)
{
    const uint32_t random = seed * 2654435761u;
    size_t place = 1;
    size_t length;
    size_t changed;
    uint8_t message[8192];

    if (size < 3 || data[0] > LAST_KIND || (random & 1))
        return LLVMFuzzerMutate(data, size, most);
    for (uint32_t left = random >> 1 & 3;; left--) {
        length = (size_t)data[place] | (size_t)data[place + 1] << 8;
        if (length > size - place - 2)
            length = size - place - 2;
        if (left == 0 || place + 2 + length + 2 > size)
            break;
        place += 2 + length;
    }
    if (length > sizeof message / 2)
        return LLVMFuzzerMutate(data, size, most);
    memcpy(message, data + place + 2, length);
    changed = change(message, length, sizeof message, random >> 3);
    if (changed == 0 || size - length + changed > most)
        return LLVMFuzzerMutate(data, size, most);
    memmove(data + place + 2 + changed, data + place + 2 + length, size - place - 2 - length);
    memcpy(data + place + 2, message, changed);
    data[place] = (uint8_t)changed;
    data[place + 1] = (uint8_t)(changed >> 8);
    return size - length + changed;
}
