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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_handles_are_not_found),
        cmocka_unit_test(a_reused_slot_has_another_generation),
        cmocka_unit_test(forms_lead_back),
        cmocka_unit_test(slots_that_never_were_are_not_found),
        cmocka_unit_test(exactly_one_thread_closes),
        cmocka_unit_test(table_grows_in_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
