/* SPDX-License-Identifier: MIT */
#include "locator.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(bool good, const char *what)
{
    if (!good) {
        perror(what);
        abort();
    }
}

struct locator *locator_install(const char *folder)
{
    char path[4200];
    void *module = dlopen(SSPI_ASYNC_TEST_LOCATOR, RTLD_NOW | RTLD_LOCAL);
    struct locator *locator = module != NULL ? dlsym(module, "test_locator") : NULL;
    FILE *file;

    if (locator == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        abort();
    }
    snprintf(path, sizeof path, "%s/libkrb5", folder);
    mkdir(folder, 0700);
    check(mkdir(path, 0700) == 0, path);
    snprintf(path, sizeof path, "%s/libkrb5/locator.so", folder);
    check(symlink(SSPI_ASYNC_TEST_LOCATOR, path) == 0, path);
    snprintf(path, sizeof path, "%s/libkrb5/README", folder);
    file = fopen(path, "w");
    check(file != NULL, path);
    fputs("Plug-ins of libkrb5 live here.\n", file);
    check(fclose(file) == 0, path);
    return locator;
}
