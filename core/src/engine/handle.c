/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 *
 *  1. A slot's word holds generation, kind, an open bit and the count of references; all
 *     moves are compare-and-swap on that one word. open implies references >= 1 (the
 *     owner's).
 *  2. A lookup adds a reference only to an open slot of the same generation and kind. So a
 *     handle whose open bit was cleared once never leads anywhere again.
 *  3. Clearing the open bit passes the owner's reference to the one who cleared it.
 *  4. Whoever drops the last reference owns slot and object alone: it destroys the object,
 *     raises the generation and returns the slot. A slot whose generations are used up is
 *     not returned.
 *  5. Slots never move and are never freed: a stale index is always safe to read.
 *
 * `object` is written before the word that opens the slot is stored (release) and read
 * after a successful compare-and-swap (acquire). A kind whose handles are closed, looked up by
 * handle_find and given other objects under the engine lock alone needs no reference for that.
 *
 * handle_look reads the owner's word, the object and then the slot's word, each with acquire:
 * if the last shows the handle open, the first two belong to it. Whoever then
 * compares-and-swaps the owner's word knows that nothing has changed in between, if its owner
 * makes each move of it a different value.
 */
#include "handle.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

/* word = generation:29 | kind:3 | open:1 | references:31 */
#define REFERENCE        1ull
#define REFERENCES       0x7fffffffull
#define OPEN             (1ull << 31)
#define KIND_SHIFT       32
#define GENERATION_SHIFT 35

/* A pointer-sized handle holds slot, kind and generation. On 64 bits they take 53: as a number
 * it passes through a language whose numbers are doubles. */
#if UINTPTR_MAX > UINT32_MAX
#define SLOT_BITS       26
#define GENERATION_BITS 25
#else
#define SLOT_BITS       18
#define GENERATION_BITS 12
#endif
#define SLOT_MAX       ((1u << SLOT_BITS) - 1)
#define GENERATION_MAX ((1u << GENERATION_BITS) - 1)

struct slot {
    _Atomic uint64_t word;
    void *_Atomic object;   /* open, or references > 0 */
    _Atomic uint64_t owner; /* handle_word; closed: in its low half the next in a list */
};

/* Slots are made by the chunk. The directory has room for all of them; of a table that is small
 * only its first page is ever touched. */
#define CHUNK_BITS 12
#define CHUNK      (1u << CHUNK_BITS)

static struct {
    bool (*destroy)(void *object);
    void (*after_fork)(void *object);
    void (*fetch)(const void *object);
} kinds[HANDLE_KINDS];
static struct slot *_Atomic chunks[(SLOT_MAX >> CHUNK_BITS) + 1];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t slots_made; /* slots 1 .. slots_made exist */
static uint32_t first_free;
static uintptr_t salt;

/* The salt keeps words of other processes, and most garbage, from looking like ours. Its two
 * top bits are 01 and a generation never reaches them: a word is never 0, -1 or -2. */
void handle_start(void)
{
    const unsigned top = sizeof(salt) * 8 - 2;

    if (getrandom(&salt, sizeof(salt), GRND_NONBLOCK) != (ssize_t)sizeof(salt))
        salt = (uintptr_t)time(NULL) * 2654435761u;
    salt = (salt & (((uintptr_t)1 << top) - 1)) | (uintptr_t)1 << top;
}

void handle_define(enum handle_kind kind, bool (*destroy)(void *object),
                   void (*after_fork)(void *object))
{
    kinds[kind].destroy = destroy;
    kinds[kind].after_fork = after_fork;
}

void handle_define_fetch(enum handle_kind kind, void (*fetch)(const void *object))
{
    kinds[kind].fetch = fetch;
}

static struct slot *chunk_of(uint32_t slot)
{
    return atomic_load_explicit(&chunks[slot >> CHUNK_BITS], memory_order_acquire);
}

/* A slot that was made. */
static struct slot *slot_at(uint32_t slot)
{
    return &chunk_of(slot)[slot & (CHUNK - 1)];
}

/* NULL for a slot that was never made. Slot 0, which is none, is the first of its chunk. */
static struct slot *find(uint32_t slot)
{
    struct slot *chunk = slot <= SLOT_MAX ? chunk_of(slot) : NULL;

    return chunk != NULL ? &chunk[slot & (CHUNK - 1)] : NULL;
}

static uint32_t generation_of(uint64_t word)
{
    return (uint32_t)(word >> GENERATION_SHIFT);
}

static enum handle_kind kind_of(uint64_t word)
{
    return (enum handle_kind)(word >> KIND_SHIFT & 7);
}

static uint64_t make_word(uint32_t generation, enum handle_kind kind)
{
    return (uint64_t)generation << GENERATION_SHIFT | (uint64_t)kind << KIND_SHIFT;
}

static uint32_t next_of(struct slot *slot)
{
    return (uint32_t)atomic_load_explicit(&slot->owner, memory_order_relaxed);
}

static void set_next(struct slot *slot, uint32_t next)
{
    uint64_t owner = atomic_load_explicit(&slot->owner, memory_order_relaxed);

    /* Release: who reads the link as its own word sees the handle closed as well. */
    atomic_store_explicit(&slot->owner, (owner & ~(uint64_t)UINT32_MAX) | next,
                          memory_order_release);
}

static void *object_of(struct slot *slot)
{
    return atomic_load_explicit(&slot->object, memory_order_relaxed);
}

/* A free slot, or 0. Table lock held. */
static uint32_t take_slot(void)
{
    uint32_t slot = first_free;

    if (slot != 0) {
        first_free = next_of(slot_at(slot));
        return slot;
    }
    if (slots_made == SLOT_MAX)
        return 0;
    slot = slots_made + 1;
    if (chunk_of(slot) == NULL) {
        struct slot *chunk = calloc(CHUNK, sizeof(*chunk));

        if (chunk == NULL)
            return 0;
        atomic_store_explicit(&chunks[slot >> CHUNK_BITS], chunk, memory_order_release);
    }
    slots_made = slot;
    return slot;
}

bool handle_open(enum handle_kind kind, void *object, struct handle *handle)
{
    struct slot *slot;
    uint32_t number;

    pthread_mutex_lock(&lock);
    number = take_slot();
    pthread_mutex_unlock(&lock);
    if (number == 0)
        return false;
    slot = slot_at(number);
    handle->slot = number;
    handle->generation =
        generation_of(atomic_load_explicit(&slot->word, memory_order_relaxed)) + 1;
    atomic_store_explicit(&slot->object, object, memory_order_relaxed);
    atomic_store_explicit(&slot->word, make_word(handle->generation, kind) | OPEN | REFERENCE,
                          memory_order_release);
    return true;
}

static bool is_open_as(uint64_t word, enum handle_kind kind, struct handle handle)
{
    return (word & ~REFERENCES) == (make_word(handle.generation, kind) | OPEN);
}

void *handle_acquire(enum handle_kind kind, struct handle handle)
{
    struct slot *slot = find(handle.slot);
    uint64_t word;

    if (slot == NULL)
        return NULL;
    word = atomic_load_explicit(&slot->word, memory_order_relaxed);
    do {
        if (!is_open_as(word, kind, handle) || (word & REFERENCES) == REFERENCES)
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(
        &slot->word, &word, word + REFERENCE, memory_order_acquire, memory_order_relaxed));
    return object_of(slot);
}

void handle_retain(struct handle handle)
{
    atomic_fetch_add_explicit(&slot_at(handle.slot)->word, REFERENCE, memory_order_relaxed);
}

/* Drops a reference. Whether the slot is to be given back now. */
static bool drop(struct slot *slot)
{
    /* Release pairs with the acquire of the one who drops the last reference. */
    uint64_t word =
        atomic_fetch_sub_explicit(&slot->word, REFERENCE, memory_order_acq_rel) - REFERENCE;

    if ((word & REFERENCES) != 0 || !kinds[kind_of(word)].destroy(object_of(slot)))
        return false;
    atomic_store_explicit(&slot->object, NULL, memory_order_relaxed);
    return generation_of(word) < GENERATION_MAX;
}

/* From first to last they are linked. */
static void give_back(uint32_t first, uint32_t last)
{
    pthread_mutex_lock(&lock);
    set_next(slot_at(last), first_free);
    first_free = first;
    pthread_mutex_unlock(&lock);
}

/* Slots that this thread is to give back together. In a forked child those of other threads are
 * lost; there are few. */
static _Thread_local struct {
    bool gathers;
    uint32_t first;
    uint32_t last;
} gathered;

static void add_to_chain(uint32_t number, uint32_t *first, uint32_t *last)
{
    set_next(slot_at(number), *first);
    *first = number;
    if (*last == 0)
        *last = number;
}

void handle_gather(void)
{
    gathered.gathers = true;
}

void handle_give_back(void)
{
    if (gathered.first != 0)
        give_back(gathered.first, gathered.last);
    gathered.gathers = false;
    gathered.first = gathered.last = 0;
}

void handle_release(struct handle handle)
{
    if (!drop(slot_at(handle.slot)))
        return;
    if (gathered.gathers)
        add_to_chain(handle.slot, &gathered.first, &gathered.last);
    else
        give_back(handle.slot, handle.slot);
}

void *handle_close(enum handle_kind kind, struct handle handle)
{
    bool alone;

    return handle_close_alone(kind, handle, &alone);
}

void *handle_close_alone(enum handle_kind kind, struct handle handle, bool *alone)
{
    struct slot *slot = find(handle.slot);
    uint64_t word;

    *alone = false;
    if (slot == NULL)
        return NULL;
    word = atomic_load_explicit(&slot->word, memory_order_relaxed);
    do {
        if (!is_open_as(word, kind, handle))
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(
        &slot->word, &word, word & ~OPEN, memory_order_acq_rel, memory_order_relaxed));
    *alone = (word & REFERENCES) == REFERENCE;
    return object_of(slot);
}

bool handle_close_if_alone(enum handle_kind kind, struct handle handle, void **object)
{
    struct slot *slot = find(handle.slot);
    uint64_t word = make_word(handle.generation, kind) | OPEN | REFERENCE;

    *object = NULL;
    if (slot == NULL)
        return true;
    if (atomic_compare_exchange_strong_explicit(&slot->word, &word, word & ~OPEN,
                                                memory_order_acq_rel, memory_order_relaxed)) {
        *object = object_of(slot);
        return true;
    }
    return !is_open_as(word, kind, handle);
}

void handle_prefetch(struct handle handle)
{
    __builtin_prefetch(find(handle.slot), 1);
}

void *handle_find(enum handle_kind kind, struct handle handle)
{
    struct slot *slot = find(handle.slot);

    if (slot == NULL ||
        !is_open_as(atomic_load_explicit(&slot->word, memory_order_acquire), kind, handle))
        return NULL;
    return object_of(slot);
}

void handle_replace(enum handle_kind kind, struct handle handle, void *object)
{
    if (handle_find(kind, handle) != NULL)
        atomic_store_explicit(&slot_at(handle.slot)->object, object, memory_order_release);
}

_Atomic uint64_t *handle_word(struct handle handle)
{
    return &slot_at(handle.slot)->owner;
}

/* The links are the chain's from close to release: the slot is in no free list then. */
void handle_chain_close(struct handle_chain *chain, enum handle_kind kind, struct handle handle)
{
    if (handle_close(kind, handle) == NULL) {
        chain->missed = true;
        return;
    }
    set_next(slot_at(handle.slot), chain->first);
    chain->first = handle.slot;
}

uint32_t handle_chain_skip(uint32_t first, uint32_t count)
{
    while (first != 0 && count-- > 0)
        first = next_of(slot_at(first));
    return first;
}

/* So many are fetched at a time, which takes hardly longer than one: nobody has looked at them
 * for long. They all fit into the nearest cache. */
#define LOT 32

/* Fetches a lot; returns the slot behind it. */
static uint32_t fetch_lot(uint32_t first, uint32_t end)
{
    struct slot *lot[LOT];
    uint32_t count = 0;

    for (; first != end && count < LOT; first = next_of(slot_at(first))) {
        lot[count] = slot_at(first);
        __builtin_prefetch(object_of(lot[count++]), 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        /* Acquire pairs with the release of the other references. */
        uint64_t word = atomic_load_explicit(&lot[i]->word, memory_order_acquire);

        if ((word & (OPEN | REFERENCES)) == REFERENCE && kinds[kind_of(word)].fetch != NULL)
            kinds[kind_of(word)].fetch(object_of(lot[i]));
    }
    return first;
}

void handle_chain_release(uint32_t first, uint32_t end)
{
    uint32_t freed = 0, last_freed = 0, lot = first;

    while (first != end) {
        struct slot *slot = slot_at(first);
        uint32_t next = next_of(slot);

        if (first == lot)
            lot = fetch_lot(first, end);
        if (drop(slot))
            add_to_chain(first, &freed, &last_freed);
        first = next;
    }
    if (freed != 0)
        give_back(freed, last_freed);
}

bool handle_is_past(enum handle_kind kind, struct handle handle)
{
    struct slot *slot = find(handle.slot);
    uint64_t word;

    if (slot == NULL || handle.generation == 0)
        return false;
    word = atomic_load_explicit(&slot->word, memory_order_relaxed);
    /* The kinds of past generations are not kept: the handle's own word is believed. */
    return handle.generation < generation_of(word) ||
           (handle.generation == generation_of(word) && kind_of(word) == kind &&
            (word & OPEN) == 0);
}

/* Two bits tell most kinds apart before the slot is looked at, whose word tells all. */
static uintptr_t tag(enum handle_kind kind)
{
    return (uintptr_t)kind & 3;
}

static uintptr_t pack(enum handle_kind kind, uint32_t slot)
{
    return (uintptr_t)slot << 2 | tag(kind);
}

void handle_to_words(enum handle_kind kind, struct handle handle, SecHandle *words)
{
    words->dwLower = pack(kind, handle.slot);
    words->dwUpper = salt ^ handle.generation;
}

bool handle_from_words(enum handle_kind kind, const SecHandle *words, struct handle *handle)
{
    uintptr_t slot = words->dwLower >> 2;
    uintptr_t generation = words->dwUpper ^ salt;

    if ((words->dwLower & 3) != tag(kind) || slot == 0 || slot > SLOT_MAX || generation == 0 ||
        generation > GENERATION_MAX)
        return false;
    handle->slot = (uint32_t)slot;
    handle->generation = (uint32_t)generation;
    return true;
}

#define POINTER_GENERATION_SHIFT (SLOT_BITS + 2)

void *handle_to_pointer(enum handle_kind kind, struct handle handle)
{
    return (void *)(pack(kind, handle.slot) | (uintptr_t)handle.generation
                                                  << POINTER_GENERATION_SHIFT);
}

bool handle_from_pointer(enum handle_kind kind, const void *pointer, struct handle *handle)
{
    uintptr_t bits = (uintptr_t)pointer;
    const bool is_of_kind = (bits & 3) == tag(kind);

    handle->slot = (uint32_t)(bits >> 2) & SLOT_MAX;
    bits >>= POINTER_GENERATION_SHIFT;
    handle->generation = (uint32_t)bits;
    return is_of_kind && bits - 1 < GENERATION_MAX;
}

bool handle_look(enum handle_kind kind, const void *pointer, struct handle_view *view)
{
    struct handle handle;
    struct slot *slot;

    if (!handle_from_pointer(kind, pointer, &handle))
        return false;
    slot = find(handle.slot);
    if (slot == NULL)
        return false;
    view->word = &slot->owner;
    view->value = atomic_load_explicit(&slot->owner, memory_order_acquire);
    view->object = atomic_load_explicit(&slot->object, memory_order_acquire);
    return is_open_as(atomic_load_explicit(&slot->word, memory_order_acquire), kind, handle);
}

static void visit(enum handle_kind kind)
{
    for (uint32_t i = 1; i <= slots_made; i++) {
        struct slot *slot = slot_at(i);
        uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);

        if ((word & REFERENCES) != 0 && kind_of(word) == kind)
            kinds[kind].after_fork(object_of(slot));
    }
}

/* Queues first: they let go of calls that async contexts have. */
void handle_after_fork(void)
{
    static const enum handle_kind order[] = {HANDLE_QUEUE, HANDLE_ASYNC, HANDLE_CONTEXT,
                                             HANDLE_CREDENTIAL, HANDLE_VERIFIER};

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if (kinds[order[i]].after_fork != NULL)
            visit(order[i]);
    }
}

void handle_lock(void)
{
    pthread_mutex_lock(&lock);
}

void handle_unlock(void)
{
    pthread_mutex_unlock(&lock);
}
