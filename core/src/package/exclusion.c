/* SPDX-License-Identifier: MIT */
#include "exclusion.h"

#include <stddef.h>
#include <string.h>

#include "text.h"

#define NAMES_MAX 16
#define NAME_SIZE 256

static char names[NAMES_MAX][NAME_SIZE];
static size_t count;

bool exclusion_names(const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal_ignoring_case(names[i], name))
            return true;
    }
    return false;
}

bool exclusion_covers(const sspia_package *package)
{
    return exclusion_names(package->name) ||
           (package->alias != NULL && exclusion_names(package->alias));
}

SECURITY_STATUS exclusion_add(const char *name)
{
    if (name == NULL || name[0] == '\0' || strlen(name) >= NAME_SIZE)
        return SEC_E_INVALID_PARAMETER;
    if (exclusion_names(name))
        return SEC_E_OK;
    if (count == NAMES_MAX)
        return SEC_E_INSUFFICIENT_MEMORY;
    strcpy(names[count++], name);
    return SEC_E_OK;
}
