/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fuzz_piece(const uint8_t **data, size_t *size, uint8_t **piece, size_t *length)
{
    if (*size < 2)
        return 0;
    *length = (size_t)(*data)[0] | (size_t)(*data)[1] << 8;
    *data += 2;
    *size -= 2;
    if (*length > *size)
        *length = *size;
    *piece = malloc(*length > 0 ? *length : 1);
    if (*piece == NULL)
        abort();
    memcpy(*piece, *data, *length);
    *data += *length;
    *size -= *length;
    return 1;
}

void fuzz_seed_start(struct fuzz_seed *seed, uint8_t first)
{
    seed->bytes[0] = first;
    seed->size = 1;
}

void fuzz_seed_add(struct fuzz_seed *seed, const void *piece, size_t length)
{
    if (length > 0xffff || seed->size + 2 + length > sizeof(seed->bytes))
        return;
    seed->bytes[seed->size++] = (uint8_t)length;
    seed->bytes[seed->size++] = (uint8_t)(length >> 8);
    if (length > 0)
        memcpy(seed->bytes + seed->size, piece, length);
    seed->size += length;
}

void fuzz_seed_write(const struct fuzz_seed *seed, const char *folder, const char *name)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(seed->bytes, 1, seed->size, file) != seed->size ||
        fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}
