/* SPDX-License-Identifier: MIT */
/* Memory that callers free with FreeContextBuffer, and the wiping of secrets. */
#ifndef SSPI_ASYNC_MEMORY_H
#define SSPI_ASYNC_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed; NULL if there is none. Size 0 gives a valid pointer. */
void *memory_allocate(size_t size);
/* False: not memory of ours, or freed before; nothing happens. Wipes. */
bool memory_release(void *memory);
/* The same for those who know that it is ours, or NULL. */
void memory_free(void *memory);

/* Wipes and frees malloc'ed memory; NULL is fine. */
void memory_wipe(void *memory, size_t size);
void memory_wipe_string(char *string);

void memory_lock(void);
void memory_unlock(void);

#endif
