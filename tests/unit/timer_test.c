/* SPDX-License-Identifier: MIT */
/* The heap of timers: the earliest comes first, whatever is armed, moved and disarmed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "timer.h"

enum { MOST = 300 };

static struct timer timers[MOST];

static void never(struct timer *timer)
{
    (void)timer;
    fail();
}

/* The earliest of those that are armed, found the slow way. */
static int64_t earliest(void)
{
    int64_t first = INT64_MAX;

    for (int i = 0; i < MOST; i++) {
        if (timers[i].place != 0 && timers[i].at_ns < first)
            first = timers[i].at_ns;
    }
    return first;
}

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < MOST; i++) {
        if (!timer_open(&timers[i], never))
            return -1;
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    for (int i = 0; i < MOST; i++)
        timer_close(&timers[i]);
    return timer_first() == NULL ? 0 : -1;
}

/* A timer that another one hides, or that is lost when one in the midst goes. */
static void earliest_is_first_after_every_move(void **state)
{
    (void)state;
    srand(7);
    for (int i = 0; i < 20000; i++) {
        struct timer *timer = &timers[rand() % MOST];
        const struct timer *first;

        if (rand() % 3 != 0)
            timer_arm(timer, rand() % 1000);
        else
            timer_disarm(timer);
        first = timer_first();
        assert_int_equal(first != NULL ? first->at_ns : INT64_MAX, earliest());
    }
}

/* A timer that comes twice, too early or never. */
static void they_come_in_order_and_once(void **state)
{
    int64_t before = -1;
    int count = 0;
    struct timer *timer;

    (void)state;
    for (int i = 0; i < MOST; i++)
        timer_arm(&timers[i], i * 7 % 31);
    while ((timer = timer_first()) != NULL) {
        assert_true(timer->at_ns >= before);
        before = timer->at_ns;
        timer_disarm(timer);
        assert_int_equal(timer->place, 0);
        count++;
    }
    assert_int_equal(count, MOST);
}

/* A timer of the parent that passes in the child. */
static void none_is_armed_after_a_fork(void **state)
{
    (void)state;
    for (int i = 0; i < MOST; i++)
        timer_arm(&timers[i], i);
    timer_after_fork();
    assert_null(timer_first());
    timer_arm(&timers[5], 5);
    assert_ptr_equal(timer_first(), &timers[5]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, close_all)
    const struct CMUnitTest tests[] = {
        TEST(earliest_is_first_after_every_move),
        TEST(they_come_in_order_and_once),
        TEST(none_is_armed_after_a_fork),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
