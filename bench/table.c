/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <pthread.h>
#include <stdlib.h>

#define BUCKETS 2048 /* twice the objects that there are here */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct table_object *buckets[BUCKETS];

static struct table_object **bucket_of(const struct table_key *key)
{
    uint64_t hash = (key->words[0] ^ key->words[1]) * 0x9e3779b97f4a7c15u;

    return &buckets[hash >> 32 & (BUCKETS - 1)];
}

void table_add(struct table_object *object)
{
    struct table_object **bucket = bucket_of(&object->key);

    pthread_mutex_lock(&lock);
    atomic_init(&object->references, 1);
    object->next = *bucket;
    *bucket = object;
    pthread_mutex_unlock(&lock);
}

struct table_object *table_get(const struct table_key *key)
{
    struct table_object *object;

    pthread_mutex_lock(&lock);
    object = *bucket_of(key);
    while (object != NULL &&
           (object->key.words[0] != key->words[0] || object->key.words[1] != key->words[1]))
        object = object->next;
    if (object != NULL)
        atomic_fetch_add_explicit(&object->references, 1, memory_order_relaxed);
    pthread_mutex_unlock(&lock);
    return object;
}

void table_drop(struct table_object *object)
{
    /* Release and acquire: what others did with the object comes before its end. */
    if (atomic_fetch_sub_explicit(&object->references, 1, memory_order_acq_rel) == 1)
        free(object);
}
