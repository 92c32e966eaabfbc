/* SPDX-License-Identifier: MIT */
/* UTF-16 and UTF-8 of callers: what is accepted comes back the same, the rest is refused. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "memory.h"
#include "text.h"

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    return 0;
}

static void try_utf16(const uint8_t *data, size_t size)
{
    size_t units = size / sizeof(WCHAR);
    WCHAR *source = malloc(units * sizeof(WCHAR) + 1);
    char *utf8;

    memcpy(source, data, units * sizeof(WCHAR));
    if (text_from_utf16(source, units, &utf8) == SEC_E_OK) {
        WCHAR *back = text_to_utf16(utf8);

        if (back == NULL || memcmp(back, source, units * sizeof(WCHAR)) != 0 ||
            back[units] != 0)
            abort();
        memory_free(back);
        free(utf8);
    }
    free(source);
}

static void try_utf8(const uint8_t *data, size_t size)
{
    char *source = malloc(size + 1), *copy;

    memcpy(source, data, size);
    if (text_from_utf8(source, size, &copy) == SEC_E_OK) {
        WCHAR *wide = text_to_utf16(copy);
        char *back;

        if (wide == NULL || text_from_utf16(wide, text_utf16_length(wide), &back) != SEC_E_OK ||
            strlen(back) != size || memcmp(back, source, size) != 0)
            abort();
        text_equal_ignoring_case(back, copy);
        memory_free(wide);
        free(back);
        free(copy);
    }
    free(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_utf16(data, size);
    try_utf8(data, size);
    return 0;
}

void fuzz_write_seeds(const char *folder)
{
    static const WCHAR wide[] = u"\u00df \u4f60 \U0001f600";
    static const char narrow[] = "a\xc3\x9f\xe4\xbd\xa0\xf0\x9f\x98\x80";
    struct fuzz_seed seed;

    memcpy(seed.bytes, wide, seed.size = sizeof(wide) - 2);
    fuzz_seed_write(&seed, folder, "utf16");
    memcpy(seed.bytes, narrow, seed.size = sizeof(narrow) - 1);
    fuzz_seed_write(&seed, folder, "utf8");
}
