/* SPDX-License-Identifier: MIT */
/*
 * Programs do pass FreeContextBuffer what it did not give out. A hash table of the live
 * blocks tells them apart without looking at memory that may not be ours: a pointer is
 * followed only after it was found in the table.
 *
 * Invariant: a block is in exactly one chain from allocate to release; whoever unlinks it
 * under the lock frees it.
 */
#include "memory.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

struct block {
    struct block *next;
    size_t size;
    _Alignas(max_align_t) unsigned char bytes[];
};

#define CHAINS_AT_FIRST 256u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block *first_chains[CHAINS_AT_FIRST];
static struct block **chains = first_chains;
static size_t chain_count = CHAINS_AT_FIRST; /* a power of two */
static size_t block_count;

static size_t chain_of(const void *bytes, size_t count)
{
    uint64_t hash = (uint64_t)((uintptr_t)bytes >> 4) * 0x9E3779B97F4A7C15ull;

    return (size_t)(hash >> 32) & (count - 1);
}

/* Doubles the table; without memory for that the chains just grow. */
static void grow(void)
{
    size_t count = chain_count * 2;
    struct block **wider = calloc(count, sizeof(struct block *));

    if (wider == NULL)
        return;
    for (size_t i = 0; i < chain_count; i++) {
        struct block *block = chains[i];

        while (block != NULL) {
            struct block *next = block->next;
            size_t chain = chain_of(block->bytes, count);

            block->next = wider[chain];
            wider[chain] = block;
            block = next;
        }
    }
    if (chains != first_chains)
        free(chains);
    chains = wider;
    chain_count = count;
}

void *memory_allocate(size_t size)
{
    struct block *block;
    size_t chain;

    if (size > SIZE_MAX - sizeof(*block) || (block = calloc(1, sizeof(*block) + size)) == NULL)
        return NULL;
    block->size = size;
    pthread_mutex_lock(&lock);
    if (block_count >= chain_count * 2)
        grow();
    chain = chain_of(block->bytes, chain_count);
    block->next = chains[chain];
    chains[chain] = block;
    block_count++;
    pthread_mutex_unlock(&lock);
    return block->bytes;
}

bool memory_release(void *memory)
{
    struct block **link, *block;

    pthread_mutex_lock(&lock);
    link = &chains[chain_of(memory, chain_count)];
    while (*link != NULL && (*link)->bytes != memory)
        link = &(*link)->next;
    block = *link;
    if (block != NULL) {
        *link = block->next;
        block_count--;
    }
    pthread_mutex_unlock(&lock);
    if (block == NULL)
        return false;
    memory_wipe(block, sizeof(*block) + block->size);
    return true;
}

void memory_free(void *memory)
{
    if (memory != NULL)
        memory_release(memory);
}

void memory_wipe(void *memory, size_t size)
{
    if (memory == NULL)
        return;
    explicit_bzero(memory, size);
    free(memory);
}

void memory_wipe_string(char *string)
{
    if (string != NULL)
        memory_wipe(string, strlen(string));
}

void memory_lock(void)
{
    pthread_mutex_lock(&lock);
}

void memory_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

SECURITY_STATUS sspia_FreeContextBuffer(void *pvContextBuffer)
{
    if (pvContextBuffer == NULL || memory_release(pvContextBuffer))
        return SEC_E_OK;
    return message_fail("FreeContextBuffer", SEC_E_INVALID_HANDLE,
                        "it is not memory that this library gave out, or it was freed before");
}
