/* SPDX-License-Identifier: MIT */
/* Where work is put without a lock, until somebody takes all of it. */
#ifndef SSPI_ASYNC_INBOX_H
#define SSPI_ASYNC_INBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lock.h"
#include "work.h"

/* The most that an inbox holds; somebody has to empty it before. */
#define INBOX_MAX 65535u

struct inbox {
    _Alignas(CACHE_LINE) _Atomic uint64_t top;
};

/* How many were in it before. */
uint32_t inbox_push(struct inbox *inbox, struct work *work);
bool inbox_is_empty(const struct inbox *inbox);

/* Moves all of it to the end of a list, the oldest first, and says how many that were. */
uint32_t inbox_empty(struct inbox *inbox, struct work_list *list);

#endif
