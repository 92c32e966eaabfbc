/* SPDX-License-Identifier: MIT */
/*
 * The peer of our handles: a hash table of objects under one mutex, keyed by the 16 bytes of a
 * handle. A look-up takes a reference, which an atomic decrement drops.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stdatomic.h>
#include <stdint.h>

struct table_key {
    uint64_t words[2];
};

struct table_object {
    struct table_key key;
    struct table_object *next; /* in its bucket */
    atomic_uint references;
    int32_t status;
};

/* The object is the table's from now on. */
void table_add(struct table_object *object);
/* NULL if there is none. Whoever gets one calls table_drop. */
struct table_object *table_get(const struct table_key *key);
void table_drop(struct table_object *object);

#endif
