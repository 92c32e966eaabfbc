/* SPDX-License-Identifier: MIT */
/* The table behind every handle: slot and generation, with the references of the object. */
#ifndef SSPI_ASYNC_HANDLE_H
#define SSPI_ASYNC_HANDLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sspi.h"

/* The kinds that callers hold as a pointer are odd: no allocator gives out an odd address. */
enum handle_kind {
    HANDLE_CONTEXT = 0,
    HANDLE_QUEUE = 1,
    HANDLE_CREDENTIAL = 2,
    HANDLE_ASYNC = 3,
    HANDLE_WAIT = 4, /* packages hold it, as a pointer */
    HANDLE_VERIFIER = 5,
    HANDLE_QUESTION = 6, /* these two are numbers of the hub */
    HANDLE_KINDS,
};

struct handle {
    uint32_t slot;       /* 1 and up; 0 is no handle */
    uint32_t generation; /* 1 and up */
};

/* What a kind is to the table, told before its first handle is opened. destroy runs when an
 * object's last reference goes; false: the process is exiting and the object's package cannot
 * be entered any more; the object stays. after_fork (NULL: nothing) runs in the child, for
 * every object, dead ones with references included. */
void handle_define(enum handle_kind kind, bool (*destroy)(void *object),
                   void (*after_fork)(void *object));

/* Has fetch called for objects of a kind that are destroyed soon, many after another, and are
 * the caller's alone: it prefetches what else they are made of. The object itself is on its
 * way. */
void handle_define_fetch(enum handle_kind kind, void (*fetch)(const void *object));

void handle_start(void);

/* Gives object a handle, and the caller the first reference: the owner's. False: no memory
 * or no slot; the object stays the caller's. */
bool handle_open(enum handle_kind kind, void *object, struct handle *handle);

/* A reference to a live object, or NULL if the handle is dead, of another kind, or never was.
 */
void *handle_acquire(enum handle_kind kind, struct handle handle);

/* Another reference for somebody who has one. */
void handle_retain(struct handle handle);

/* Drops a reference; the last one destroys the object. Never with the engine lock held. */
void handle_release(struct handle handle);

/* Between these two, what the thread's releases free is given back at the end, at once. */
void handle_gather(void);
void handle_give_back(void);

/* Kills a live handle: later lookups fail, and the owner's reference passes to the caller.
 * Exactly one caller gets the object, all others NULL. */
void *handle_close(enum handle_kind kind, struct handle handle);
/* The same; *alone: it is the only reference, and there will be no other. */
void *handle_close_alone(enum handle_kind kind, struct handle handle, bool *alone);
/* Closes a live handle only if its owner's is the only reference. False: there are others, and
 * nothing was done. A dead handle gives NULL. */
bool handle_close_if_alone(enum handle_kind kind, struct handle handle, void **object);

/* Has the handle's slot brought near, for a close that follows soon. */
void handle_prefetch(struct handle handle);

/* Objects of a kind that are only closed under the engine lock can be looked up under it, with
 * no reference: NULL, or alive for as long as the lock is held. */
void *handle_find(enum handle_kind kind, struct handle handle);
/* Puts another object behind a live handle of such a kind. */
void handle_replace(enum handle_kind kind, struct handle handle, void *object);

/* A second word in the slot of a handle, for what its owner says to those who have neither lock
 * nor reference (fate.h). While the handle is alive it is the owner's; the table uses the low
 * half of a dead one's for links, and leaves the high half alone for ever. */
_Atomic uint64_t *handle_word(struct handle handle);

/* What stands behind a pointer-sized handle of a kind, without lock or reference. */
struct handle_view {
    _Atomic uint64_t *word;
    uint64_t value;
    void
        *object; /* as it was with that value: it may be gone, unless the word says otherwise */
};
/* False: the handle is dead. */
bool handle_look(enum handle_kind kind, const void *pointer, struct handle_view *view);

/* Live handles that were closed together, with the owners' references. Linked through their
 * slots: as many as one likes for no memory. */
struct handle_chain {
    uint32_t first;  /* slot, 0 at the end */
    uint16_t slices; /* for whoever has it: parts that are being worked off */
    bool missed;     /* not every handle was alive */
};
void handle_chain_close(struct handle_chain *chain, enum handle_kind kind,
                        struct handle handle);
/* The slot that comes `count` after first; 0 if there are no more. */
uint32_t handle_chain_skip(uint32_t first, uint32_t count);
/* Drops the references of the handles from first on, up to end (a slot further on, or 0). */
void handle_chain_release(uint32_t first, uint32_t end);

/* Was this handle alive once and is dead now? */
bool handle_is_past(enum handle_kind kind, struct handle handle);

/* The forms that callers hold. From: false if the words cannot be a handle of that kind. */
void handle_to_words(enum handle_kind kind, struct handle handle, SecHandle *words);
bool handle_from_words(enum handle_kind kind, const SecHandle *words, struct handle *handle);
void *handle_to_pointer(enum handle_kind kind, struct handle handle);
bool handle_from_pointer(enum handle_kind kind, const void *pointer, struct handle *handle);

/* For fork. */
void handle_after_fork(void);
void handle_lock(void);
void handle_unlock(void);

#endif
