/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target on the files of folders, with any compiler; CI does so with the corpus.
 *
 *   replay FOLDER...         --seeds FOLDER: writes inputs of real exchanges instead
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static unsigned long run(const char *folder)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    unsigned long count = 0;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        char path[4096];
        uint8_t *data = malloc(1u << 20);
        size_t size = 0;
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        file = entry->d_name[0] != '.' ? fopen(path, "rb") : NULL;
        if (file != NULL) {
            size = fread(data, 1, 1u << 20, file);
            fclose(file);
            /* Of its exact size, as libFuzzer passes it. */
            data = realloc(data, size > 0 ? size : 1);
            LLVMFuzzerTestOneInput(data, size);
            count++;
        }
        free(data);
    }
    if (directory != NULL)
        closedir(directory);
    return count;
}

int main(int argc, char **argv)
{
    unsigned long count = 0;

    LLVMFuzzerInitialize(&argc, &argv);
    if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
        fuzz_write_seeds(argv[2]);
        return 0;
    }
    for (int i = 1; i < argc; i++)
        count += run(argv[i]);
    printf("%lu inputs\n", count);
    return count > 0 ? 0 : 1;
}
