/* SPDX-License-Identifier: MIT */
/* What a fuzz target offers, to libFuzzer or to replay.c. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes inputs of real exchanges into a folder. */
void fuzz_write_seeds(const char *folder);

/* ---- For targets ---------------------------------------------------------------- */

/* The next piece of an input: two bytes of length, then that many or as many as there are, in
 * memory of exactly that size (free it), so that a read past the end shows. False: no more. */
int fuzz_piece(const uint8_t **data, size_t *size, uint8_t **piece, size_t *length);

/* A seed: its first byte, then pieces. */
struct fuzz_seed {
    uint8_t bytes[65536];
    size_t size;
};
void fuzz_seed_start(struct fuzz_seed *seed, uint8_t first);
void fuzz_seed_add(struct fuzz_seed *seed, const void *piece, size_t length);
void fuzz_seed_write(const struct fuzz_seed *seed, const char *folder, const char *name);

#endif
