/* SPDX-License-Identifier: MIT */
/* The completion queue: pull, on the caller's thread. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "scripted.h"

static int is_readable(int fd, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    return poll(&poll_fd, 1, timeout_ms);
}

/* A thread that tells of what has just been taken lowers the descriptor itself, a moment later.
 */
static bool is_soon_unreadable(int fd)
{
    for (int i = 0; i < PATIENCE_MS && is_readable(fd, 0) == 1; i++)
        usleep(1000);
    return is_readable(fd, 0) == 0;
}

struct seen {
    pthread_t thread;
    int count;
    sspia_queue *queue;
};

static void on_complete(SspiAsyncContext *async, void *data)
{
    struct seen *seen = data;

    (void)async;
    seen->thread = pthread_self();
    seen->count++;
}

static SspiAsyncContext *create(sspia_queue *queue, SspiAsyncNotifyCallback callback,
                                void *data)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();

    assert_status(sspia_async_set_queue(async, queue), SEC_E_OK);
    assert_status(SspiSetAsyncNotifyCallback(async, callback, data), SEC_E_OK);
    return async;
}

static void submit_nothing(SspiAsyncContext *async)
{
    CtxtHandle none;

    SecInvalidateHandle(&none);
    assert_status(SspiDeleteSecurityContextAsync(async, &none), SEC_E_OK);
}

/* Wrong would be: a callback on a thread of the library. */
static void callbacks_run_where_the_queue_is_drained(void **state)
{
    sspia_queue *queue = sspia_queue_create();
    struct seen seen = {.count = 0};
    SspiAsyncContext *async = create(queue, on_complete, &seen);

    (void)state;
    submit_nothing(async);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_INVALID_HANDLE);
    usleep(20000);
    assert_int_equal(seen.count, 0);
    assert_int_equal(sspia_queue_dispatch(queue, 10, 0), 1);
    assert_int_equal(seen.count, 1);
    assert_true(pthread_equal(seen.thread, pthread_self()));
    assert_int_equal(sspia_queue_dispatch(queue, 10, 0), 0);
    SspiFreeAsyncContext(async);
    sspia_queue_free(queue);
}

/* Wrong would be: a descriptor that lies, either way. */
static void descriptor_is_readable_exactly_while_completions_wait(void **state)
{
    sspia_queue *queue = sspia_queue_create();
    SspiAsyncContext *one = create(queue, NULL, NULL), *two = create(queue, NULL, NULL);
    sspia_completion completion;
    int fd;

    (void)state;
    submit_nothing(one);
    assert_status(sspia_async_wait(one, PATIENCE_MS), SEC_E_INVALID_HANDLE);
    fd = sspia_queue_fd(queue); /* made late: there is something already */
    assert_true(fd >= 0);
    assert_int_equal(fd, sspia_queue_fd(queue));
    assert_int_equal(is_readable(fd, PATIENCE_MS), 1);
    submit_nothing(two);
    assert_status(sspia_async_wait(two, PATIENCE_MS), SEC_E_INVALID_HANDLE);
    assert_status(sspia_queue_next(queue, PATIENCE_MS, &completion), SEC_E_OK);
    assert_ptr_equal(completion.async, one);
    assert_status(completion.status, SEC_E_INVALID_HANDLE);
    assert_int_equal(is_readable(fd, 0), 1);
    assert_status(sspia_queue_next(queue, PATIENCE_MS, &completion), SEC_E_OK);
    assert_ptr_equal(completion.async, two);
    assert_true(is_soon_unreadable(fd));
    assert_status(sspia_queue_next(queue, 0, &completion), SEC_I_ASYNC_CALL_PENDING);
    assert_status(sspia_queue_next(queue, 10, &completion), SEC_I_ASYNC_CALL_PENDING);
    SspiFreeAsyncContext(one);
    SspiFreeAsyncContext(two);
    sspia_queue_free(queue);
}

/* Wrong would be: a delete that is left to whoever drains the queue, who never hears of it; or
 * a descriptor that stays up when there is nothing left. */
static void loop_that_polls_hears_of_every_delete(void **state)
{
    enum { ROUNDS = 200, IN_FLIGHT = 40 };
    sspia_queue *queue = sspia_queue_create();
    SspiAsyncContext *asyncs[IN_FLIGHT];
    struct seen seen = {.count = 0};
    int fd = sspia_queue_fd(queue);

    (void)state;
    for (int i = 0; i < IN_FLIGHT; i++)
        asyncs[i] = create(queue, on_complete, &seen);
    for (int round = 1; round <= ROUNDS; round++) {
        /* Now and then the pool's threads have fallen asleep, for a while or for good. */
        if (round % 50 == 0)
            usleep(round % 100 == 0 ? 300000 : 20000);
        for (int i = 0; i < IN_FLIGHT; i++) {
            assert_int_equal(SspiReinitAsyncContext(asyncs[i]), STATUS_SUCCESS);
            submit_nothing(asyncs[i]);
        }
        while (seen.count < round * IN_FLIGHT) {
            assert_int_equal(is_readable(fd, PATIENCE_MS), 1);
            assert_true(sspia_queue_dispatch(queue, 7, 0) >= 0);
        }
    }
    assert_true(is_soon_unreadable(fd));
    for (int i = 0; i < IN_FLIGHT; i++)
        SspiFreeAsyncContext(asyncs[i]);
    sspia_queue_free(queue);
}

/* Wrong would be: a completion that cannot be taken though the status is final already. */
static void who_sees_the_final_status_finds_the_completion(void **state)
{
    sspia_queue *queue = sspia_queue_create();
    SspiAsyncContext *async = create(queue, NULL, NULL);
    sspia_completion completion;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        submit_nothing(async);
        while (SspiGetAsyncCallStatus(async) == SEC_I_ASYNC_CALL_PENDING)
            continue;
        assert_status(sspia_queue_next(queue, 0, &completion), SEC_E_OK);
        assert_ptr_equal(completion.async, async);
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    }
    SspiFreeAsyncContext(async);
    sspia_queue_free(queue);
}

/* Wrong would be: a completion lost because its context was used again before it was taken. */
static void each_completion_keeps_its_own_status(void **state)
{
    sspia_queue *queue = sspia_queue_create();
    SspiAsyncContext *async = create(queue, NULL, &queue);
    CredHandle credential;
    sspia_completion completion;

    (void)state;
    submit_nothing(async);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_INVALID_HANDLE);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    assert_status(scripted_submit_acquire(async, "", &credential), SEC_E_OK);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    SspiFreeAsyncContext(async); /* complete: what waits is still delivered */
    assert_status(sspia_queue_next(queue, PATIENCE_MS, &completion), SEC_E_OK);
    assert_status(completion.status, SEC_E_INVALID_HANDLE);
    assert_ptr_equal(completion.data, &queue);
    assert_status(sspia_queue_next(queue, PATIENCE_MS, &completion), SEC_E_OK);
    assert_status(completion.status, SEC_E_OK);
    assert_status(sspia_queue_next(queue, 0, &completion), SEC_I_ASYNC_CALL_PENDING);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    sspia_queue_free(queue);
}

static void dispatch_inside(SspiAsyncContext *async, void *data)
{
    struct seen *seen = data;

    seen->count++;
    sspia_queue_dispatch(seen->queue, 10, 0);
    SspiFreeAsyncContext(async);
}

/* Wrong would be: a deadlock or a lost completion when a callback drains the queue. */
static void dispatch_may_be_called_in_a_callback(void **state)
{
    sspia_queue *queue = sspia_queue_create();
    struct seen seen = {.queue = queue};
    SspiAsyncContext *one = create(queue, dispatch_inside, &seen);
    SspiAsyncContext *two = create(queue, dispatch_inside, &seen);

    (void)state;
    submit_nothing(one);
    submit_nothing(two);
    assert_status(sspia_async_wait(one, PATIENCE_MS), SEC_E_INVALID_HANDLE);
    assert_status(sspia_async_wait(two, PATIENCE_MS), SEC_E_INVALID_HANDLE);
    assert_int_equal(sspia_queue_dispatch(queue, 10, PATIENCE_MS), 1);
    assert_int_equal(seen.count, 2);
    sspia_queue_free(queue);
}

/* Wrong would be: a cancelled call that the queue never hears of, or hears of twice. */
static void cancelled_calls_are_delivered_once(void **state)
{
    sspia_queue *queue = sspia_queue_create();
    SspiAsyncContext *async = create(queue, NULL, NULL);
    CredHandle credential;
    sspia_completion completion;

    (void)state;
    assert_status(scripted_submit_acquire(async, "block", &credential), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(sspia_async_cancel(async), SEC_E_OK);
    assert_status(sspia_queue_next(queue, 0, &completion), SEC_E_OK);
    assert_status(completion.status, SEC_E_UNFINISHED_CONTEXT_DELETED);
    scripted->release(1);
    scripted_eventually(scripted->live_credentials, 0);
    assert_status(sspia_queue_next(queue, 20, &completion), SEC_I_ASYNC_CALL_PENDING);
    SspiFreeAsyncContext(async);
    sspia_queue_free(queue);
}

static void *wait_on_queue(void *data)
{
    sspia_completion completion;

    return (void *)(intptr_t)sspia_queue_next(data, -1, &completion);
}

/* Wrong would be: a waiter that hangs, a callback of a dead queue, or a call that is lost. */
static void freed_queue_wakes_its_waiters_and_notifies_nobody(void **state)
{
    sspia_queue *queue = sspia_queue_create();
    struct seen seen = {.count = 0};
    SspiAsyncContext *async = create(queue, on_complete, &seen);
    CredHandle credential;
    sspia_completion completion;
    pthread_t thread;
    void *status;

    (void)state;
    assert_status(scripted_submit_acquire(async, "block", &credential), SEC_E_OK);
    assert_int_equal(pthread_create(&thread, NULL, wait_on_queue, queue), 0);
    usleep(20000);
    sspia_queue_free(queue);
    pthread_join(thread, &status);
    assert_status((SECURITY_STATUS)(intptr_t)status, SEC_E_INVALID_HANDLE);
    scripted->release(1);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    SspiFreeAsyncContext(async);
    assert_int_equal(seen.count, 0);

    sspia_queue_free(queue); /* ignored */
    assert_status(sspia_queue_next(queue, 0, &completion), SEC_E_INVALID_HANDLE);
    assert_int_equal(sspia_queue_dispatch(queue, 1, 0), SEC_E_INVALID_HANDLE);
    errno = 0;
    assert_int_equal(sspia_queue_fd(queue), -1);
    assert_int_equal(errno, EBADF);
    async = SspiCreateAsyncContext();
    assert_status(sspia_async_set_queue(async, queue), SEC_E_INVALID_HANDLE);
    SspiFreeAsyncContext(async);
}

/* Something that is done to a context whose completion waits. */
static void set_another_callback(SspiAsyncContext *async, sspia_queue *other, void *data)
{
    (void)other;
    assert_status(SspiSetAsyncNotifyCallback(async, dispatch_inside, data), SEC_E_OK);
}

static void set_no_callback(SspiAsyncContext *async, sspia_queue *other, void *data)
{
    (void)other;
    (void)data;
    assert_status(SspiSetAsyncNotifyCallback(async, NULL, NULL), SEC_E_OK);
}

static void set_another_queue(SspiAsyncContext *async, sspia_queue *other, void *data)
{
    (void)data;
    assert_status(sspia_async_set_queue(async, other), SEC_E_OK);
}

static void set_no_queue(SspiAsyncContext *async, sspia_queue *other, void *data)
{
    (void)other;
    (void)data;
    assert_status(sspia_async_set_queue(async, NULL), SEC_E_OK);
}

static void reinit(SspiAsyncContext *async, sspia_queue *other, void *data)
{
    (void)other;
    (void)data;
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
}

/* With all settings changed on the way: the second completion goes elsewhere. */
static void submit_again(SspiAsyncContext *async, sspia_queue *other, void *data)
{
    sspia_completion completion;

    reinit(async, other, data);
    set_another_queue(async, other, data);
    set_another_callback(async, other, data);
    assert_status(sspia_async_delete_contexts(async, NULL, 0), SEC_E_OK);
    assert_status(sspia_queue_next(other, PATIENCE_MS, &completion), SEC_E_OK);
    assert_ptr_equal(completion.async, async);
    assert_ptr_equal(completion.callback, dispatch_inside);
    assert_ptr_equal(completion.data, data);
    assert_status(completion.status, SEC_E_OK);
}

static void free_context(SspiAsyncContext *async, sspia_queue *other, void *data)
{
    (void)other;
    (void)data;
    SspiFreeAsyncContext(async);
}

/* Wrong would be: a completion that tells of what came after it, or goes where that goes. */
static void what_comes_after_leaves_a_waiting_completion_as_it_was(void **state)
{
    static void (*const changes[])(SspiAsyncContext *, sspia_queue *, void *) = {
        set_another_callback, set_no_callback, set_another_queue, set_no_queue, reinit,
        submit_again,         free_context,
    };
    enum { CHANGES = sizeof(changes) / sizeof(changes[0]) };
    sspia_queue *queue = sspia_queue_create(), *other = sspia_queue_create();
    struct seen before, after;
    sspia_completion completion;
    char message[256];

    (void)state;
    for (size_t i = 0; i < (size_t)CHANGES * CHANGES; i++) { /* one change, and another */
        SspiAsyncContext *async = create(queue, on_complete, &before);

        submit_nothing(async);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_INVALID_HANDLE);
        changes[i / CHANGES](async, other, &after);
        if (i / CHANGES < 4) { /* a setting changes nothing of what the context says */
            assert_status(SspiGetAsyncCallStatus(async), SEC_E_INVALID_HANDLE);
            assert_true(sspia_async_message(async, message, sizeof(message)) > 0);
        }
        if (i / CHANGES < CHANGES - 1)
            changes[i % CHANGES](async, other, &after);
        assert_status(sspia_queue_next(queue, 0, &completion), SEC_E_OK);
        assert_ptr_equal(completion.async, async);
        assert_ptr_equal(completion.callback, on_complete);
        assert_ptr_equal(completion.data, &before);
        assert_status(completion.status, SEC_E_INVALID_HANDLE);
        assert_status(sspia_queue_next(queue, 0, &completion), SEC_I_ASYNC_CALL_PENDING);
        assert_status(sspia_queue_next(other, 0, &completion), SEC_I_ASYNC_CALL_PENDING);
        SspiFreeAsyncContext(async);
    }
    sspia_queue_free(queue);
    sspia_queue_free(other);
}

/* Wrong would be: a cancel that takes the place of a completion which waits already. */
static void cancel_comes_after_the_completion_that_waits(void **state)
{
    sspia_queue *queue = sspia_queue_create();
    SspiAsyncContext *async = create(queue, NULL, NULL);
    CredHandle credential;
    sspia_completion completion;

    (void)state;
    submit_nothing(async);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_INVALID_HANDLE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
        assert_status(scripted_submit_acquire(async, "block", &credential), SEC_E_OK);
        assert_int_equal(scripted->wait_blocked(i + 1, PATIENCE_MS), 0);
        assert_status(sspia_async_cancel(async), SEC_E_OK);
    }
    assert_status(sspia_queue_next(queue, 0, &completion), SEC_E_OK);
    assert_status(completion.status, SEC_E_INVALID_HANDLE);
    for (int i = 0; i < 3; i++) {
        assert_status(sspia_queue_next(queue, 0, &completion), SEC_E_OK);
        assert_status(completion.status, SEC_E_UNFINISHED_CONTEXT_DELETED);
    }
    assert_status(sspia_queue_next(queue, 0, &completion), SEC_I_ASYNC_CALL_PENDING);
    scripted->release(3);
    SspiFreeAsyncContext(async);
    sspia_queue_free(queue);
}

struct order {
    sspia_queue *queue;
    int next; /* of the completion that is to come */
    bool frees;
};

struct numbered {
    struct order *order;
    int number;
};

/* Takes the next one by hand now and then. */
static void check_order(SspiAsyncContext *async, void *data)
{
    struct numbered *numbered = data;
    struct order *order = numbered->order;
    sspia_completion completion;

    (void)async;
    assert_int_equal(numbered->number, order->next++);
    if (numbered->number % 5 == 0 && sspia_queue_next(order->queue, 0, &completion) == SEC_E_OK)
        assert_int_equal(((struct numbered *)completion.data)->number, order->next++);
    if (numbered->number % 7 == 0)
        assert_true(sspia_queue_dispatch(order->queue, 2, 0) >= 0);
    if (order->frees)
        sspia_queue_free(order->queue);
}

static void fill(struct order *order, struct numbered *numbers, int count)
{
    SspiAsyncContext *last = NULL;

    order->queue = sspia_queue_create();
    for (int i = 0; i < count; i++) {
        SspiAsyncContext *async;

        numbers[i] = (struct numbered){order, i};
        async = create(order->queue, check_order, &numbers[i]);
        submit_nothing(async);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_INVALID_HANDLE);
        SspiFreeAsyncContext(last);
        last = async;
    }
    SspiFreeAsyncContext(last);
}

/* Wrong would be: a callback that finds those which come later, as a lot was taken at once. */
static void callback_that_drains_finds_the_next(void **state)
{
    enum { COUNT = 200 }; /* several lots */
    struct numbered numbers[COUNT];
    struct order order = {.next = 0};

    (void)state;
    fill(&order, numbers, COUNT);
    assert_int_equal(sspia_queue_dispatch(order.queue, 1, 0), 1);
    while (sspia_queue_dispatch(order.queue, 40, 0) > 0)
        continue;
    assert_int_equal(order.next, COUNT);
    sspia_queue_free(order.queue);
}

/* Wrong would be: callbacks of a queue that is no more, because a lot was taken at once. */
static void callback_that_frees_the_queue_is_the_last(void **state)
{
    struct numbered numbers[20];
    struct order order = {.next = 0, .frees = true};

    (void)state;
    fill(&order, numbers + 1, 19); /* numbers that do not drain */
    for (int i = 1; i < 20; i++)
        numbers[i].number = i;
    order.next = 1;
    assert_int_equal(sspia_queue_dispatch(order.queue, 10, 0), 1);
    assert_int_equal(order.next, 2);
    assert_int_equal(sspia_queue_dispatch(order.queue, 10, 0), SEC_E_INVALID_HANDLE);
}

enum { DRAINERS = 3, CALLS = 3000 };
static atomic_int drained;

static void *drain(void *queue)
{
    while (atomic_load(&drained) < CALLS) {
        int32_t count = sspia_queue_dispatch(queue, 7, 20);

        atomic_fetch_add(&drained, count > 0 ? count : 0);
    }
    return NULL;
}

/* Wrong would be: completions lost or doubled when several threads drain one queue. */
static void several_threads_may_drain_one_queue(void **state)
{
    sspia_queue *queue = sspia_queue_create();
    pthread_t threads[DRAINERS];

    (void)state;
    for (int i = 0; i < DRAINERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, drain, queue), 0);
    for (int i = 0; i < CALLS; i++) {
        SspiAsyncContext *async = create(queue, NULL, NULL);

        submit_nothing(async);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_INVALID_HANDLE);
        SspiFreeAsyncContext(async);
    }
    for (int i = 0; i < DRAINERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&drained), CALLS);
    assert_int_equal(sspia_queue_dispatch(queue, 1, 0), 0);
    sspia_queue_free(queue);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, scripted_nothing_is_left)
    const struct CMUnitTest tests[] = {
        TEST(callbacks_run_where_the_queue_is_drained),
        TEST(descriptor_is_readable_exactly_while_completions_wait),
        TEST(loop_that_polls_hears_of_every_delete),
        TEST(who_sees_the_final_status_finds_the_completion),
        TEST(each_completion_keeps_its_own_status),
        TEST(dispatch_may_be_called_in_a_callback),
        TEST(cancelled_calls_are_delivered_once),
        TEST(freed_queue_wakes_its_waiters_and_notifies_nobody),
        TEST(several_threads_may_drain_one_queue),
        TEST(what_comes_after_leaves_a_waiting_completion_as_it_was),
        TEST(cancel_comes_after_the_completion_that_waits),
        TEST(callback_that_drains_finds_the_next),
        TEST(callback_that_frees_the_queue_is_the_last),
    };

    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
