/* SPDX-License-Identifier: MIT */
/* The security packages: found by name, loaded on first use, kept for ever. */
#ifndef SSPI_ASYNC_PACKAGE_H
#define SSPI_ASYNC_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "sspi_package.h"

/* NULL with the reason in report: no such package, or its module cannot be loaded. May load
 * a module. Package names ignore case, as on Windows. */
const sspia_package *package_find(const char *name, sspia_report *report);

/* Loads the module of a file name (with '/') or of a module name. */
SECURITY_STATUS package_add(const char *module, sspia_report *report);

/* Nobody finds the package of this name from now on. Statuses as of exclusion_add. */
SECURITY_STATUS package_exclude(const char *name);

/* A package under one of its names. */
struct package_entry {
    const sspia_package *package;
    const char *name;
};

/* Loads every module that can be loaded, and lists all packages; one with a second name under
 * both, as Windows lists Schannel. Freed with free; NULL without memory. */
struct package_entry *package_list(size_t *count);

/* A block for FreeContextBuffer that describes packages; NULL without memory. */
SecPkgInfoA *package_describe(const struct package_entry *entries, size_t count);
SecPkgInfoW *package_describe_wide(const struct package_entry *entries, size_t count);

/* Notes where the library was loaded from, and what modules are given in sspia_host. */
void package_start(void (*quiesce)(void), void (*resume)(void *call),
                   int (*is_wanted)(void *call));

void package_lock(void);
void package_unlock(void);

#endif
