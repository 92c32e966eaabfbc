/* SPDX-License-Identifier: MIT */
/* Calls on the pool's threads: light ones in one go, batches in slices; with a package of this
 * file whose deletes can be held up, which no package that is shipped does. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "security_context.h"
#include "sspi_queue.h"

#define PATIENCE_MS 30000

/* A context's state: its number and 1, as NULL is none; those of HELD and above are held up. */
enum { MOST = 1000, HELD = 900 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static int order[MOST]; /* numbers of the deletes, as they ended */
static int deleted;
static int held;
static bool holding;
static int notices;

static void delete_it(void *context)
{
    int number = (int)(intptr_t)context - 1;

    pthread_mutex_lock(&lock);
    if (number >= HELD) {
        held++;
        pthread_cond_broadcast(&moved);
        while (holding)
            pthread_cond_wait(&moved, &lock);
        held--;
    }
    order[deleted++] = number;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
}

static const sspia_package package = {.name = "Test", .delete_context = delete_it};

static CtxtHandle make(int number)
{
    struct security_context *context =
        security_context_create(&package, NULL, false, (void *)(intptr_t)(number + 1));
    CtxtHandle words;

    assert_non_null(context);
    handle_to_words(HANDLE_CONTEXT, context->handle, &words);
    return words;
}

/* Until a counter has that value. */
static void wait_until(const int *counter, int value)
{
    struct timespec deadline;
    int failed = 0;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += PATIENCE_MS / 1000;
    pthread_mutex_lock(&lock);
    while (*counter != value && failed == 0)
        failed = pthread_cond_timedwait(&moved, &lock, &deadline);
    pthread_mutex_unlock(&lock);
    assert_int_equal(*counter, value);
}

static void let_go(void)
{
    pthread_mutex_lock(&lock);
    holding = false;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
}

static void on_complete(SspiAsyncContext *async, void *data)
{
    (void)async;
    (void)data;
    pthread_mutex_lock(&lock);
    notices++;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
}

/* So many, and none of the test before. */
static void set_threads(uint32_t quick)
{
    const sspia_pool_config config = {
        .size = sizeof(config), .max_quick_threads = quick, .idle_ms = 10};
    sspia_pool_counts counts = {.size = sizeof(counts)};

    assert_int_equal(sspia_pool_configure(&config), SEC_E_OK);
    for (int i = 0; i < PATIENCE_MS; i++) {
        assert_int_equal(sspia_pool_stats(&counts), SEC_E_OK);
        if (counts.threads == 0)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    assert_int_equal(counts.threads, 0);
}

/* Has a thread held up by the delete of a context. */
static SspiAsyncContext *hold(int number)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    CtxtHandle context = make(number);
    int before;

    pthread_mutex_lock(&lock);
    before = held;
    holding = true;
    pthread_mutex_unlock(&lock);
    assert_int_equal(SspiDeleteSecurityContextAsync(async, &context), SEC_E_OK);
    wait_until(&held, before + 1);
    return async;
}

static int set_up(void **state)
{
    (void)state;
    deleted = held = notices = 0;
    return 0;
}

/* Wrong would be: light calls that wait behind one that hangs, as its thread or one that naps
 * would come to them. */
static void light_calls_behind_a_delete_that_hangs_run_elsewhere(void **state)
{
    enum { CALLS = 100 };
    SspiAsyncContext *async[CALLS], *first, *second;
    sspia_completion completion;
    sspia_queue *queue = sspia_queue_create();

    (void)state;
    set_threads(3);
    first = hold(HELD);
    second = hold(HELD + 1);
    for (int i = 0; i < CALLS; i++) { /* some on a queue, some that nobody hears of */
        CtxtHandle context = make(i);

        async[i] = SspiCreateAsyncContext();
        if (i % 2 == 0)
            sspia_async_set_queue(async[i], queue);
        assert_int_equal(SspiDeleteSecurityContextAsync(async[i], &context), SEC_E_OK);
    }
    wait_until(&deleted, CALLS);
    assert_int_equal(held, 2);
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(sspia_async_wait(async[i], PATIENCE_MS), SEC_E_OK);
        if (i % 2 == 0)
            assert_int_equal(sspia_queue_next(queue, PATIENCE_MS, &completion), SEC_E_OK);
        SspiFreeAsyncContext(async[i]);
    }
    assert_int_equal(sspia_async_wait(first, 0), SEC_I_ASYNC_CALL_PENDING);
    let_go();
    assert_int_equal(sspia_async_wait(first, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(sspia_async_wait(second, PATIENCE_MS), SEC_E_OK);
    SspiFreeAsyncContext(first);
    SspiFreeAsyncContext(second);
    sspia_queue_free(queue);
}

/* Wrong would be: a status, or a completion, of a call that the thread took with it. */
static void each_call_of_a_chunk_has_its_own_end(void **state)
{
    enum { CALLS = 300 };
    SspiAsyncContext *async[CALLS], *first;
    sspia_completion completion;
    sspia_queue *queue = sspia_queue_create();
    int numbers[CALLS];

    (void)state;
    set_threads(1);
    first = hold(HELD);
    for (int i = 0; i < CALLS; i++) {
        CtxtHandle context = make(i);

        async[i] = SspiCreateAsyncContext();
        SspiSetAsyncNotifyCallback(async[i], NULL, &numbers[i]);
        if (i % 3 != 2)
            sspia_async_set_queue(async[i], queue);
        if (i % 5 == 4)
            assert_int_equal(sspia_DeleteSecurityContext(&context), SEC_E_OK);
        assert_int_equal(SspiDeleteSecurityContextAsync(async[i], &context), SEC_E_OK);
        if (i % 7 == 6) /* freed while pending: deleted, and nobody hears of it */
            SspiFreeAsyncContext(async[i]);
        else if (i % 11 == 10)
            assert_int_equal(sspia_async_cancel(async[i]), SEC_E_OK);
    }
    assert_int_equal(held, 1);
    let_go();
    wait_until(&deleted, CALLS + 1);
    for (int i = 0; i < CALLS; i++) {
        SECURITY_STATUS expected = i % 5 == 4 ? SEC_E_INVALID_HANDLE : SEC_E_OK;

        if (i % 7 == 6)
            continue;
        if (i % 11 == 10)
            expected = SEC_E_UNFINISHED_CONTEXT_DELETED;
        assert_int_equal(sspia_async_wait(async[i], PATIENCE_MS), expected);
    }
    /* Those that were cancelled came at once; the others in the order of submit. */
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < CALLS; i++) {
            if (i % 7 == 6 || i % 3 == 2 || (i % 11 == 10) != (round == 0))
                continue;
            assert_int_equal(sspia_queue_next(queue, PATIENCE_MS, &completion), SEC_E_OK);
            assert_ptr_equal(completion.data, &numbers[i]);
            assert_ptr_equal(completion.async, async[i]);
            assert_int_equal(completion.status, SspiGetAsyncCallStatus(async[i]));
        }
    }
    assert_int_equal(sspia_queue_next(queue, 0, &completion), SEC_I_ASYNC_CALL_PENDING);
    for (int i = 0; i < CALLS; i++) {
        if (i % 7 != 6)
            SspiFreeAsyncContext(async[i]);
    }
    SspiFreeAsyncContext(first);
    sspia_queue_free(queue);
}

enum { BATCH = 200, SLICE = 64 };

static SspiAsyncContext *delete_batch(SspiAsyncContext *async)
{
    CtxtHandle batch[BATCH];

    for (int i = 0; i < BATCH; i++)
        batch[i] = make(i);
    assert_int_equal(sspia_async_delete_contexts(async, batch, BATCH), SEC_E_OK);
    return async;
}

static int place_of(int number)
{
    for (int i = 0; i < deleted; i++) {
        if (order[i] == number)
            return i;
    }
    return -1;
}

/* Wrong would be: a call that waits for the whole of a batch which came before it. */
static void batch_lets_others_have_their_turn(void **state)
{
    SspiAsyncContext *first, *batch = SspiCreateAsyncContext();
    SspiAsyncContext *other = SspiCreateAsyncContext();
    CtxtHandle context = make(BATCH);

    (void)state;
    set_threads(1);
    first = hold(HELD);
    delete_batch(batch);
    assert_int_equal(SspiDeleteSecurityContextAsync(other, &context), SEC_E_OK);
    let_go();
    wait_until(&deleted, BATCH + 2); /* not in sspia_async_wait, which would help */
    assert_int_equal(sspia_async_wait(batch, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(sspia_async_wait(other, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(place_of(HELD), 0);
    assert_int_equal(place_of(BATCH), 1 + SLICE);
    for (int i = 0; i < BATCH; i++) /* the first of the array is the first to go */
        assert_int_equal(place_of(i), 1 + i + (i >= SLICE));
    SspiFreeAsyncContext(first);
    SspiFreeAsyncContext(batch);
    SspiFreeAsyncContext(other);
}

/* Wrong would be: contexts that are left, a callback after the free, a use of freed memory. */
static void batch_that_waits_may_be_freed(void **state)
{
    SspiAsyncContext *first, *batch = SspiCreateAsyncContext();

    (void)state;
    set_threads(1);
    SspiSetAsyncNotifyCallback(batch, on_complete, NULL);
    first = hold(HELD);
    SspiFreeAsyncContext(delete_batch(batch));
    let_go();
    wait_until(&deleted, BATCH + 1);
    assert_int_equal(sspia_async_wait(first, PATIENCE_MS), SEC_E_OK);
    SspiFreeAsyncContext(first);
    assert_int_equal(notices, 0);
}

/* Wrong would be: contexts that are left, or a callback that does not run, or runs twice. */
static void batch_that_waits_may_be_cancelled(void **state)
{
    SspiAsyncContext *first, *batch = SspiCreateAsyncContext();

    (void)state;
    set_threads(1);
    SspiSetAsyncNotifyCallback(batch, on_complete, NULL);
    first = hold(HELD);
    delete_batch(batch);
    assert_int_equal(sspia_async_cancel(batch), SEC_E_OK);
    assert_int_equal(SspiGetAsyncCallStatus(batch), SEC_E_UNFINISHED_CONTEXT_DELETED);
    assert_int_equal(sspia_async_cancel(batch), SEC_E_NO_CONTEXT);
    /* Its own again: for another batch, of which the callback tells once more. */
    assert_int_equal(SspiReinitAsyncContext(batch), STATUS_SUCCESS);
    assert_int_equal(sspia_async_delete_contexts(batch, NULL, 0), SEC_E_OK);
    let_go();
    wait_until(&deleted, BATCH + 1);
    wait_until(&notices, 2);
    assert_int_equal(sspia_async_wait(batch, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(sspia_async_wait(first, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(notices, 2);
    SspiFreeAsyncContext(first);
    SspiFreeAsyncContext(batch);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(light_calls_behind_a_delete_that_hangs_run_elsewhere),
        TEST(each_call_of_a_chunk_has_its_own_end),
        TEST(batch_lets_others_have_their_turn),
        TEST(batch_that_waits_may_be_freed),
        TEST(batch_that_waits_may_be_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
