/* SPDX-License-Identifier: MIT */
/* The inbox: what several threads put there comes out once, each thread's in its order. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inbox.h"

enum { PUSHERS = 3, EACH = 20000 };

static struct inbox inbox;
static struct work works[PUSHERS][EACH];

/* Wrong would be: another order than that of the pushes, or a wrong count. */
static void what_is_pushed_comes_out_in_order(void **state)
{
    struct work old = {.kind = KIND_CALL};
    struct work_list list = {NULL, NULL};

    (void)state;
    work_append(&list, &old, WORK_IN_LANE);
    assert_true(inbox_is_empty(&inbox));
    assert_int_equal(inbox_empty(&inbox, &list), 0);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(inbox_push(&inbox, &works[0][i]), i);
    assert_false(inbox_is_empty(&inbox));
    assert_int_equal(inbox_empty(&inbox, &list), 10);
    assert_true(inbox_is_empty(&inbox));
    assert_ptr_equal(work_take(&list), &old);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(work_place(&works[0][i]), WORK_IN_LANE);
        assert_ptr_equal(work_take(&list), &works[0][i]);
    }
    assert_null(work_take(&list));
}

static void *push_all(void *data)
{
    struct work *own = data;

    for (int i = 0; i < EACH; i++)
        inbox_push(&inbox, &own[i]);
    return NULL;
}

/* Wrong would be: work that is lost, comes out twice, or overtakes that of its own thread. */
static void several_threads_may_push_while_one_empties(void **state)
{
    struct work *next[PUSHERS];
    struct work_list list = {NULL, NULL};
    pthread_t threads[PUSHERS];
    int left = PUSHERS * EACH;
    struct work *work;

    (void)state;
    for (int i = 0; i < PUSHERS; i++) {
        next[i] = works[i];
        assert_int_equal(pthread_create(&threads[i], NULL, push_all, works[i]), 0);
    }
    while (left > 0) {
        inbox_empty(&inbox, &list);
        while ((work = work_take(&list)) != NULL) {
            int pusher = (int)((size_t)(work - works[0]) / EACH);

            assert_ptr_equal(work, next[pusher]);
            next[pusher]++;
            left--;
        }
    }
    for (int i = 0; i < PUSHERS; i++)
        pthread_join(threads[i], NULL);
    assert_true(inbox_is_empty(&inbox));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_pushed_comes_out_in_order),
        cmocka_unit_test(several_threads_may_push_while_one_empties),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
