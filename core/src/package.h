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

/* Loads every module that can be loaded. Returns how many packages there are; package_at
 * gives each. Packages stay and keep their number. */
size_t package_load_all(void);
const sspia_package *package_at(size_t number);

/* A block for FreeContextBuffer that describes packages; NULL without memory. */
SecPkgInfoA *package_describe(const sspia_package *const *packages, size_t count);
SecPkgInfoW *package_describe_wide(const sspia_package *const *packages, size_t count);

/* Notes where the library was loaded from. */
void package_start(void);

void package_lock(void);
void package_unlock(void);

#endif
