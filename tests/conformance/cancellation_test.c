/* SPDX-License-Identifier: MIT */
/* pthread_cancel of threads that are inside the library. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "scripted.h"

static void *wait_for_call(void *async)
{
    sspia_async_wait(async, -1);
    return NULL;
}

static void *wait_for_completion(void *queue)
{
    sspia_completion completion;

    sspia_queue_next(queue, PATIENCE_MS, &completion);
    return NULL;
}

static void *wait_and_dispatch(void *queue)
{
    sspia_queue_dispatch(queue, 10, -1);
    return NULL;
}

static void cancel_soon(void *(*wait)(void *), void *argument)
{
    pthread_t thread;
    void *result = NULL;

    assert_int_equal(pthread_create(&thread, NULL, wait, argument), 0);
    usleep(20000); /* most likely it sleeps by now; it must not matter */
    assert_int_equal(pthread_cancel(thread), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
}

/* Wrong would be: a lock, a reference or a place in a list that goes with the thread, so that
 * everybody else hangs or finds it. */
static void thread_that_waits_may_be_cancelled(void **state)
{
    sspia_queue *queue = sspia_queue_create();
    SspiAsyncContext *async = SspiCreateAsyncContext();
    CredHandle credential;

    (void)state;
    assert_status(sspia_async_set_queue(async, queue), SEC_E_OK);
    assert_status(scripted_submit_acquire(async, "block", &credential), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    for (int i = 0; i < 5; i++) {
        cancel_soon(wait_for_call, async);
        cancel_soon(wait_for_completion, queue);
        cancel_soon(wait_and_dispatch, queue);
    }
    /* The completion is still there for those who come after. */
    scripted->release(1);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(sspia_queue_dispatch(queue, 10, PATIENCE_MS), 1);
    sspia_queue_free(queue);
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void *step(void *context)
{
    unsigned char token[4096];
    SecBuffer buffer = {sizeof(token), SECBUFFER_TOKEN, token};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &buffer};
    uint32_t attributes;

    InitializeSecurityContextA(NULL, context, (char[]){"block more"}, 0, 0, 0, NULL, 0, context,
                               &output, &attributes, NULL);
    pthread_testcancel();
    return NULL;
}

/* Wrong would be: a thread that ends inside a package, with its locks and the turn. */
static void synchronous_call_is_no_cancellation_point(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    struct scripted_leg leg;
    SspiAsyncContext *async = SspiCreateAsyncContext();
    pthread_t thread;
    void *result;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, step, &context), 0);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_int_equal(pthread_cancel(thread), 0);
    assert_status(scripted_submit_leg(async, NULL, &context, "more", &leg), SEC_E_OK);
    scripted->release(1);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_I_CONTINUE_NEEDED);
    SspiFreeAsyncContext(async);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void count_call(SspiAsyncContext *async, void *data)
{
    (void)async;
    ++*(int *)data;
    pthread_testcancel(); /* a callback of dispatch is not cancelled either */
    --*(int *)data;
}

struct user {
    sspia_queue *queue;
    SspiAsyncContext *async;
    int inside;
};

static void *use_for_ever(void *data)
{
    struct user *user = data;
    CtxtHandle none;

    SecInvalidateHandle(&none);
    for (;;) {
        SspiReinitAsyncContext(user->async);
        SspiDeleteSecurityContextAsync(user->async, &none);
        sspia_queue_dispatch(user->queue, 1, -1);
    }
    return NULL;
}

/* Wrong would be: a moment at which a cancelled thread leaves something behind. */
static void thread_may_be_cancelled_at_any_moment(void **state)
{
    enum { ROUNDS = 200 };

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct user user = {sspia_queue_create(), SspiCreateAsyncContext(), 0};
        pthread_t thread;

        assert_status(sspia_async_set_queue(user.async, user.queue), SEC_E_OK);
        assert_status(SspiSetAsyncNotifyCallback(user.async, count_call, &user.inside),
                      SEC_E_OK);
        assert_int_equal(pthread_create(&thread, NULL, use_for_ever, &user), 0);
        usleep(i * 37 % 3000);
        assert_int_equal(pthread_cancel(thread), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(user.inside, 0);
        assert_true(sspia_async_wait(user.async, PATIENCE_MS) != SEC_I_ASYNC_CALL_PENDING);
        SspiFreeAsyncContext(user.async);
        sspia_queue_free(user.queue);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, scripted_nothing_is_left)
    const struct CMUnitTest tests[] = {
        TEST(thread_that_waits_may_be_cancelled),
        TEST(synchronous_call_is_no_cancellation_point),
        TEST(thread_may_be_cancelled_at_any_moment),
    };

    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
