/* SPDX-License-Identifier: MIT */
/* The handle table. Destroying is seen through credentials with a package of this file. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential.h"
#include "handle.h"

static atomic_int destroyed;

static void release(void *credential)
{
    (void)credential;
    atomic_fetch_add(&destroyed, 1);
}

static const sspia_package package = {.name = "Test", .release = release};

static struct handle open_one(void)
{
    struct credential *credential = credential_create(&package, SECPKG_CRED_BOTH, NULL);

    assert_non_null(credential);
    return credential->handle;
}

/* Wrong would be: a lookup that finds a closed handle, or a close that succeeds twice. */
static void closed_handles_are_not_found(void **state)
{
    struct handle handle = open_one();

    (void)state;
    atomic_store(&destroyed, 0);
    assert_non_null(handle_acquire(HANDLE_CREDENTIAL, handle));
    assert_null(handle_acquire(HANDLE_CONTEXT, handle));
    assert_false(handle_is_past(HANDLE_CREDENTIAL, handle));
    assert_non_null(handle_close(HANDLE_CREDENTIAL, handle));
    assert_null(handle_close(HANDLE_CREDENTIAL, handle));
    assert_null(handle_acquire(HANDLE_CREDENTIAL, handle));
    assert_true(handle_is_past(HANDLE_CREDENTIAL, handle));
    handle_release(handle);
    assert_int_equal(atomic_load(&destroyed), 0); /* one reference is left */
    handle_release(handle);
    assert_int_equal(atomic_load(&destroyed), 1);
    assert_true(handle_is_past(HANDLE_CREDENTIAL, handle));
}

/* Wrong would be: the next owner of a slot found by an old handle. */
static void a_reused_slot_has_another_generation(void **state)
{
    struct handle old = open_one(), next;

    (void)state;
    handle_close(HANDLE_CREDENTIAL, old);
    handle_release(old);
    next = open_one();
    assert_int_equal(next.slot, old.slot);
    assert_int_equal(next.generation, old.generation + 1);
    assert_null(handle_acquire(HANDLE_CREDENTIAL, old));
    assert_null(handle_close(HANDLE_CREDENTIAL, old));
    handle_close(HANDLE_CREDENTIAL, next);
    handle_release(next);
}

/* Wrong would be: forms that do not lead back, or that another kind accepts. */
static void forms_lead_back(void **state)
{
    struct handle handle = open_one(), back = {0, 0};
    SecHandle words;
    void *pointer;

    (void)state;
    handle_to_words(HANDLE_CREDENTIAL, handle, &words);
    assert_true(words.dwLower != 0 && words.dwUpper != 0);
    assert_true(words.dwLower < (uintptr_t)-2 && words.dwUpper < (uintptr_t)-2);
    assert_true(handle_from_words(HANDLE_CREDENTIAL, &words, &back));
    assert_memory_equal(&back, &handle, sizeof(back));
    assert_false(handle_from_words(HANDLE_CONTEXT, &words, &back));
    pointer = handle_to_pointer(HANDLE_ASYNC, handle);
    assert_int_equal((uintptr_t)pointer & 1, 1);
    assert_true(handle_from_pointer(HANDLE_ASYNC, pointer, &back));
    assert_memory_equal(&back, &handle, sizeof(back));
    assert_false(handle_from_pointer(HANDLE_QUEUE, pointer, &back));
    assert_false(handle_from_pointer(HANDLE_ASYNC, &words, &back));
    assert_false(handle_from_pointer(HANDLE_ASYNC, NULL, &back));
    handle_close(HANDLE_CREDENTIAL, handle);
    handle_release(handle);
}

/* Wrong would be: a crash or a hit for a slot that was never made. */
static void slots_that_never_were_are_not_found(void **state)
{
    const uint32_t slots[] = {0, 5000000, UINT32_MAX, 0x3fffffff, 0x3ffffbff};

    (void)state;
    for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        assert_null(handle_acquire(HANDLE_CREDENTIAL, (struct handle){slots[i], 1}));
        assert_null(handle_close(HANDLE_CREDENTIAL, (struct handle){slots[i], 1}));
        assert_false(handle_is_past(HANDLE_CREDENTIAL, (struct handle){slots[i], 1}));
    }
}

enum { THREADS = 4, ROUNDS = 2000, MANY = 5000 };
static struct handle shared[ROUNDS];
static atomic_int closes;
static pthread_barrier_t start;

static void *look_up_and_close(void *data)
{
    (void)data;
    pthread_barrier_wait(&start);
    for (int i = 0; i < ROUNDS; i++) {
        if (handle_acquire(HANDLE_CREDENTIAL, shared[i]) != NULL)
            handle_release(shared[i]);
        if (handle_close(HANDLE_CREDENTIAL, shared[i]) != NULL) {
            atomic_fetch_add(&closes, 1);
            handle_release(shared[i]);
        }
    }
    return NULL;
}

/* Wrong would be: an object closed by two threads, or destroyed twice or never. */
static void exactly_one_thread_closes(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    atomic_store(&destroyed, 0);
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < ROUNDS; i++)
        shared[i] = open_one();
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_up_and_close, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&closes), ROUNDS);
    assert_int_equal(atomic_load(&destroyed), ROUNDS);
    pthread_barrier_destroy(&start);
}

/* Wrong would be: a table that moves, or forgets, what it holds when it grows. */
static void table_grows_in_place(void **state)
{
    static struct handle many[MANY];

    (void)state;
    for (int i = 0; i < MANY; i++)
        many[i] = open_one();
    for (int i = 0; i < MANY; i++) {
        struct credential *credential = handle_acquire(HANDLE_CREDENTIAL, many[i]);

        assert_non_null(credential);
        assert_memory_equal(&credential->handle, &many[i], sizeof(many[i]));
        handle_release(many[i]);
    }
    for (int i = 0; i < MANY; i++) {
        handle_close(HANDLE_CREDENTIAL, many[i]);
        handle_release(many[i]);
    }
}

/* Wrong would be: a look-up that takes a reference, or one that a dead handle passes. */
static void find_leads_to_live_objects_alone(void **state)
{
    struct handle handle, next;
    int object;

    (void)state;
    assert_true(handle_open(HANDLE_ASYNC, &object, &handle));
    assert_ptr_equal(handle_find(HANDLE_ASYNC, handle), &object);
    assert_null(handle_find(HANDLE_QUEUE, handle));
    assert_null(handle_find(HANDLE_ASYNC, (struct handle){handle.slot, handle.generation + 1}));
    assert_null(handle_find(HANDLE_ASYNC, (struct handle){0, 1}));
    assert_null(handle_find(HANDLE_ASYNC, (struct handle){5000000, 1}));
    assert_ptr_equal(handle_close(HANDLE_ASYNC, handle), &object);
    assert_null(handle_find(HANDLE_ASYNC, handle));
    handle_release(handle); /* the only one, so the slot is free */
    assert_true(handle_open(HANDLE_ASYNC, &object, &next));
    assert_int_equal(next.slot, handle.slot);
    assert_null(handle_find(HANDLE_ASYNC, handle));
    handle_close(HANDLE_ASYNC, next);
    handle_release(next);
}

/* Wrong would be: another object behind a handle that is dead, or behind the slot's next. */
static void replace_moves_live_handles_alone(void **state)
{
    struct handle handle, next;
    int one, two, three;

    (void)state;
    assert_true(handle_open(HANDLE_ASYNC, &one, &handle));
    handle_replace(HANDLE_ASYNC, handle, &two);
    assert_ptr_equal(handle_find(HANDLE_ASYNC, handle), &two);
    handle_replace(HANDLE_QUEUE, handle, &three);
    assert_ptr_equal(handle_find(HANDLE_ASYNC, handle), &two);
    assert_ptr_equal(handle_close(HANDLE_ASYNC, handle), &two);
    handle_release(handle);
    assert_true(handle_open(HANDLE_ASYNC, &one, &next));
    assert_int_equal(next.slot, handle.slot);
    handle_replace(HANDLE_ASYNC, handle, &three);
    assert_ptr_equal(handle_find(HANDLE_ASYNC, next), &one);
    handle_close(HANDLE_ASYNC, next);
    handle_release(next);
}

/* Wrong would be: a word that is read through a dead handle or one of another kind, or whose
 * high half starts again with the slot's next owner (a compare-and-swap could then mistake one
 * life for another). */
static void word_is_seen_through_its_own_handle(void **state)
{
    const uint64_t high = 7ull << 40;
    struct handle handle, next;
    struct handle_view view;
    void *pointer;
    int object;

    (void)state;
    assert_true(handle_open(HANDLE_ASYNC, &object, &handle));
    pointer = handle_to_pointer(HANDLE_ASYNC, handle);
    atomic_store(handle_word(handle), high + 1);
    assert_true(handle_look(HANDLE_ASYNC, pointer, &view));
    assert_int_equal(view.value, high + 1);
    assert_ptr_equal(view.object, &object);
    assert_ptr_equal(view.word, handle_word(handle));
    assert_false(handle_look(HANDLE_QUEUE, pointer, &view));
    assert_false(handle_look(HANDLE_ASYNC, NULL, &view));
    handle_close(HANDLE_ASYNC, handle);
    assert_false(handle_look(HANDLE_ASYNC, pointer, &view));
    handle_release(handle);
    assert_true(handle_open(HANDLE_ASYNC, &object, &next));
    assert_int_equal(next.slot, handle.slot);
    assert_false(handle_look(HANDLE_ASYNC, pointer, &view));
    assert_int_equal(atomic_load(handle_word(next)) >> 32, high >> 32);
    atomic_store(handle_word(next), 0); /* as the test of generations expects it */
    handle_close(HANDLE_ASYNC, next);
    handle_release(next);
}

/* Wrong would be: a handle that is closed although somebody else can come to its object. */
static void only_one_that_is_alone_is_closed_so(void **state)
{
    struct handle handle;
    void *found;
    int object;

    (void)state;
    assert_true(handle_open(HANDLE_ASYNC, &object, &handle));
    assert_non_null(handle_acquire(HANDLE_ASYNC, handle));
    assert_false(handle_close_if_alone(HANDLE_ASYNC, handle, &found));
    handle_release(handle);
    assert_true(handle_close_if_alone(HANDLE_ASYNC, handle, &found));
    assert_ptr_equal(found, &object);
    assert_true(handle_close_if_alone(HANDLE_ASYNC, handle, &found));
    assert_null(found);
    handle_release(handle);
}

enum { LIVES = 100000, OWNERS = 2 };
static _Atomic uint64_t current[OWNERS]; /* the handle that each owner has open, packed */
static atomic_bool over;

/* Its own slot, and that of the other owner, one life after the other. */
static void *open_and_close(void *data)
{
    _Atomic uint64_t *mine = data;
    struct handle handle;
    int object;

    for (int i = 0; i < LIVES && handle_open(HANDLE_ASYNC, &object, &handle); i++) {
        atomic_store_explicit(mine, (uint64_t)handle.slot << 32 | handle.generation,
                              memory_order_relaxed);
        atomic_store(handle_word(handle), (uint64_t)handle.generation << 32);
        handle_close(HANDLE_ASYNC, handle);
        handle_release(handle);
    }
    return NULL;
}

/* What is read has the generation of the handle that was asked for, or, before its owner has
 * said anything, of the one before. */
static void *read_words(void *data)
{
    uintptr_t wrong = 0;

    (void)data;
    while (!atomic_load(&over)) {
        for (int i = 0; i < OWNERS; i++) {
            uint64_t word = atomic_load_explicit(&current[i], memory_order_relaxed);
            struct handle handle = {(uint32_t)(word >> 32), (uint32_t)word};
            struct handle_view view;

            if (handle_look(HANDLE_ASYNC, handle_to_pointer(HANDLE_ASYNC, handle), &view) &&
                view.value >> 32 > handle.generation)
                wrong++;
        }
    }
    return (void *)wrong;
}

/* Wrong would be: the word of a slot's next owner, told to who asks for the one before. */
static void word_is_never_that_of_a_later_generation(void **state)
{
    pthread_t owners[OWNERS], readers[2];
    void *wrong;

    (void)state;
    atomic_store(&over, false);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_words, NULL), 0);
    for (int i = 0; i < OWNERS; i++)
        assert_int_equal(pthread_create(&owners[i], NULL, open_and_close, &current[i]), 0);
    for (int i = 0; i < OWNERS; i++)
        pthread_join(owners[i], NULL);
    atomic_store(&over, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(readers[i], &wrong);
        assert_int_equal((uintptr_t)wrong, 0);
    }
}

/* Wrong would be: a handle of a chain that is lost, found meanwhile, or closed by it twice. */
static void chain_holds_what_it_closed(void **state)
{
    enum { COUNT = 100, SLICE = 64 };
    struct handle_chain chain = {.first = 0};
    struct handle handles[COUNT];
    bool alone = true;
    uint32_t end;

    (void)state;
    atomic_store(&destroyed, 0);
    assert_int_equal(handle_chain_skip(chain.first, 1), 0);
    for (int i = 0; i < COUNT; i++) {
        handles[i] = open_one();
        handle_chain_close(&chain, HANDLE_CREDENTIAL, handles[i]);
        assert_null(handle_acquire(HANDLE_CREDENTIAL, handles[i]));
    }
    assert_false(chain.missed);
    assert_int_equal(chain.first, handles[COUNT - 1].slot);    /* the last to come goes first */
    handle_chain_close(&chain, HANDLE_CREDENTIAL, handles[0]); /* dead */
    assert_true(chain.missed);
    chain.missed = false;
    handle_chain_close(&chain, HANDLE_CREDENTIAL, (struct handle){0, 0});
    assert_true(chain.missed);
    chain.missed = false;
    handle_chain_close(&chain, HANDLE_CONTEXT, handles[1]);
    assert_true(chain.missed);
    assert_null(handle_close_alone(HANDLE_CREDENTIAL, handles[2], &alone));
    assert_false(alone);
    assert_int_equal(atomic_load(&destroyed), 0);
    end = handle_chain_skip(chain.first, SLICE);
    assert_int_equal(end, handles[COUNT - 1 - SLICE].slot);
    handle_chain_release(chain.first, end);
    assert_int_equal(atomic_load(&destroyed), SLICE);
    for (int i = COUNT - SLICE; i < COUNT; i++) {
        handles[i] = open_one(); /* the slots' next owners: the chain must not lead to them */
    }
    assert_int_equal(handle_chain_skip(end, SLICE), 0);
    handle_chain_release(end, 0);
    assert_int_equal(atomic_load(&destroyed), COUNT);
    for (int i = COUNT - SLICE; i < COUNT; i++) {
        assert_non_null(handle_close(HANDLE_CREDENTIAL, handles[i]));
        handle_release(handles[i]);
    }
}

/* Wrong would be: an object that a chain destroys under somebody who has a reference. */
static void chain_passes_the_owners_reference_alone(void **state)
{
    struct handle_chain chain = {.first = 0};
    struct handle one = open_one(), two = open_one();
    bool alone;

    (void)state;
    atomic_store(&destroyed, 0);
    assert_non_null(handle_acquire(HANDLE_CREDENTIAL, one));
    handle_chain_close(&chain, HANDLE_CREDENTIAL, one);
    handle_chain_release(chain.first, 0);
    assert_int_equal(atomic_load(&destroyed), 0);
    handle_release(one);
    assert_int_equal(atomic_load(&destroyed), 1);
    /* Alone is who closes what nobody else has. */
    assert_non_null(handle_acquire(HANDLE_CREDENTIAL, two));
    assert_non_null(handle_close_alone(HANDLE_CREDENTIAL, two, &alone));
    assert_false(alone);
    handle_release(two);
    handle_release(two);
    two = open_one();
    assert_non_null(handle_close_alone(HANDLE_CREDENTIAL, two, &alone));
    assert_true(alone);
    handle_release(two);
    assert_int_equal(atomic_load(&destroyed), 3);
    handle_prefetch((struct handle){5000000, 1}); /* nothing there, and no harm */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_handles_are_not_found),
        cmocka_unit_test(a_reused_slot_has_another_generation),
        cmocka_unit_test(forms_lead_back),
        cmocka_unit_test(slots_that_never_were_are_not_found),
        cmocka_unit_test(exactly_one_thread_closes),
        cmocka_unit_test(table_grows_in_place),
        cmocka_unit_test(find_leads_to_live_objects_alone),
        cmocka_unit_test(replace_moves_live_handles_alone),
        cmocka_unit_test(word_is_seen_through_its_own_handle),
        cmocka_unit_test(only_one_that_is_alone_is_closed_so),
        cmocka_unit_test(word_is_never_that_of_a_later_generation),
        cmocka_unit_test(chain_holds_what_it_closed),
        cmocka_unit_test(chain_passes_the_owners_reference_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
