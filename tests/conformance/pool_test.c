/* SPDX-License-Identifier: MIT */
/* The pool: two lanes, bounds, threads that come and go. */
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "scripted.h"

static sspia_pool_counts counts(void)
{
    sspia_pool_counts counts = {.size = sizeof(counts)};

    assert_status(sspia_pool_stats(&counts), SEC_E_OK);
    return counts;
}

static int threads_now(void)
{
    return (int)counts().threads;
}

static int pending_now(void)
{
    return (int)counts().pending;
}

static void configure(sspia_pool_config config)
{
    config.size = sizeof(config);
    assert_status(sspia_pool_configure(&config), SEC_E_OK);
}

static int restore(void **state)
{
    scripted_eventually(pending_now, 0);
    assert_status(sspia_pool_configure(NULL), SEC_E_OK);
    return scripted_nothing_is_left(state);
}

static void submit_blocked(CredHandle *credential, SspiAsyncContext **async,
                           struct scripted_leg *legs, int count)
{
    for (int i = 0; i < count; i++) {
        async[i] = SspiCreateAsyncContext();
        assert_status(scripted_submit_leg(async[i], credential, NULL, "block", &legs[i]),
                      SEC_E_OK);
    }
}

static void release_blocked(SspiAsyncContext **async, struct scripted_leg *legs, int count)
{
    scripted->release(count);
    for (int i = 0; i < count; i++) {
        assert_status(sspia_async_wait(async[i], PATIENCE_MS), SEC_E_OK);
        assert_status(DeleteSecurityContext(&legs[i].context), SEC_E_OK);
        SspiFreeAsyncContext(async[i]);
    }
}

/* Wrong would be: deletes that wait for calls which hang on the network. */
static void blocked_calls_never_delay_deletes(void **state)
{
    enum { BLOCKED = 80, DELETES = 200 };
    CredHandle credential = scripted_credential();
    SspiAsyncContext *blocked[BLOCKED], *async = SspiCreateAsyncContext();
    struct scripted_leg *legs = calloc(BLOCKED, sizeof(*legs));

    (void)state;
    /* More than the lane has threads: some hang, some wait behind them. */
    configure((sspia_pool_config){.max_threads = 8, .max_quick_threads = 1});
    submit_blocked(&credential, blocked, legs, BLOCKED);
    assert_int_equal(scripted->wait_blocked(8, PATIENCE_MS), 0);
    for (int i = 0; i < DELETES; i++) {
        CtxtHandle context = scripted_context(&credential, "", SEC_E_OK);

        assert_status(SspiDeleteSecurityContextAsync(async, &context), SEC_E_OK);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    }
    assert_int_equal(scripted->wait_blocked(8, 0), 0); /* they hang still */
    release_blocked(blocked, legs, BLOCKED);
    SspiFreeAsyncContext(async);
    free(legs);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a server whose logons wait for the KDC of its outbound calls. */
static void blocked_initiators_never_delay_acceptors(void **state)
{
    enum { BLOCKED = 100, THREADS = 64 };
    CredHandle credential = scripted_credential();
    SspiAsyncContext *blocked[BLOCKED], *async = SspiCreateAsyncContext();
    struct scripted_leg *legs = calloc(BLOCKED, sizeof(*legs));
    SecBuffer in = {0, SECBUFFER_TOKEN, (char[]){""}}, out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};

    (void)state;
    submit_blocked(&credential, blocked, legs, BLOCKED);
    assert_int_equal(scripted->wait_blocked(THREADS, PATIENCE_MS), 0); /* the lane is full */
    for (int i = 0; i < 10; i++) {
        CtxtHandle context;
        uint32_t attributes;

        assert_status(SspiAcceptSecurityContextAsync(async, &credential, NULL, &input,
                                                     ASC_REQ_ALLOCATE_MEMORY, 0, &context,
                                                     &output, &attributes, NULL),
                      SEC_E_OK);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
        FreeContextBuffer(out.pvBuffer);
        out = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
        assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    }
    assert_int_equal(scripted->wait_blocked(THREADS, 0), 0); /* they hang still */
    release_blocked(blocked, legs, BLOCKED);
    SspiFreeAsyncContext(async);
    free(legs);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void submit_nothing(SspiAsyncContext *async)
{
    CtxtHandle none;

    SecInvalidateHandle(&none);
    assert_status(SspiDeleteSecurityContextAsync(async, &none), SEC_E_OK);
}

static void wait_for_another_delete(SspiAsyncContext *async, void *data)
{
    SspiAsyncContext *inner = SspiCreateAsyncContext();

    (void)async;
    submit_nothing(inner);
    sspia_async_wait(inner, -1);
    SspiFreeAsyncContext(inner);
    sem_post(data);
}

/* Wrong would be: a deadlock when the lane's only thread is inside a callback that waits. */
static void callback_may_block_on_a_call_of_the_same_lane(void **state)
{
    SspiAsyncContext *async[4];
    sem_t done;

    (void)state;
    configure((sspia_pool_config){.max_quick_threads = 1});
    sem_init(&done, 0, 0);
    for (int i = 0; i < 4; i++) {
        async[i] = SspiCreateAsyncContext();
        assert_status(SspiSetAsyncNotifyCallback(async[i], wait_for_another_delete, &done),
                      SEC_E_OK);
        submit_nothing(async[i]);
    }
    for (int i = 0; i < 4; i++) {
        struct timespec deadline;

        clock_gettime(CLOCK_REALTIME, &deadline);
        deadline.tv_sec += PATIENCE_MS / 1000;
        assert_int_equal(sem_timedwait(&done, &deadline), 0);
    }
    /* Which of them has posted is not known before all have. */
    for (int i = 0; i < 4; i++)
        SspiFreeAsyncContext(async[i]);
    sem_destroy(&done);
}

/* Wrong would be: a submit beyond the bound that blocks, or is lost. */
static void bound_on_queued_calls_refuses(void **state)
{
    enum { BOUND = 5 };
    SspiAsyncContext *async[BOUND + 1];
    CredHandle credentials[BOUND + 1];

    (void)state;
    configure((sspia_pool_config){.max_threads = 1, .max_queued = BOUND});
    for (int i = 0; i <= BOUND; i++)
        async[i] = SspiCreateAsyncContext();
    for (int i = 0; i < BOUND; i++)
        assert_status(scripted_submit_acquire(async[i], "block", &credentials[i]), SEC_E_OK);
    assert_status(scripted_submit_acquire(async[BOUND], "", &credentials[BOUND]),
                  SEC_E_INSUFFICIENT_MEMORY);
    assert_status(SspiGetAsyncCallStatus(async[BOUND]), SEC_E_NO_CONTEXT);
    scripted->release(BOUND);
    for (int i = 0; i < BOUND; i++) {
        assert_status(sspia_async_wait(async[i], PATIENCE_MS), SEC_E_OK);
        assert_status(FreeCredentialsHandle(&credentials[i]), SEC_E_OK);
    }
    /* There is room again, for the very same context. */
    assert_status(scripted_submit_acquire(async[BOUND], "", &credentials[BOUND]), SEC_E_OK);
    assert_status(sspia_async_wait(async[BOUND], PATIENCE_MS), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credentials[BOUND]), SEC_E_OK);
    for (int i = 0; i <= BOUND; i++)
        SspiFreeAsyncContext(async[i]);
}

/* Wrong would be: threads that stay when there is nothing to do, or leave too many. */
static void threads_come_with_work_and_leave_without(void **state)
{
    enum { CALLS = 12 };
    SspiAsyncContext *async[CALLS];
    CredHandle credentials[CALLS];

    (void)state;
    configure((sspia_pool_config){.idle_ms = 30});
    scripted_eventually(threads_now, 0);
    for (int i = 0; i < CALLS; i++) {
        async[i] = SspiCreateAsyncContext();
        assert_status(scripted_submit_acquire(async[i], "block", &credentials[i]), SEC_E_OK);
    }
    assert_int_equal(scripted->wait_blocked(CALLS, PATIENCE_MS), 0);
    assert_int_equal(threads_now(), CALLS);
    scripted->release(CALLS);
    for (int i = 0; i < CALLS; i++) {
        assert_status(sspia_async_wait(async[i], PATIENCE_MS), SEC_E_OK);
        assert_status(FreeCredentialsHandle(&credentials[i]), SEC_E_OK);
        SspiFreeAsyncContext(async[i]);
    }
    scripted_eventually(threads_now, 0);
    configure((sspia_pool_config){.idle_ms = 30, .min_threads = 2});
    async[0] = SspiCreateAsyncContext();
    submit_nothing(async[0]);
    assert_status(sspia_async_wait(async[0], PATIENCE_MS), SEC_E_INVALID_HANDLE);
    usleep(100000);
    assert_int_equal(threads_now(), 1);
    SspiFreeAsyncContext(async[0]);
}

/* Wrong would be: a call that waits for its turn and holds a thread meanwhile. */
static void waiting_for_a_turn_holds_no_thread(void **state)
{
    enum { CALLS = 20 };
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    SspiAsyncContext *async[CALLS];
    struct scripted_leg *legs = calloc(CALLS, sizeof(*legs));

    (void)state;
    configure((sspia_pool_config){.idle_ms = 30});
    scripted_eventually(threads_now, 0);
    for (int i = 0; i < CALLS; i++) {
        async[i] = SspiCreateAsyncContext();
        assert_status(scripted_submit_leg(async[i], NULL, &context, "block more", &legs[i]),
                      SEC_E_OK);
    }
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_int_equal(threads_now(), 1);
    assert_int_equal(pending_now(), CALLS);
    scripted->release(CALLS);
    for (int i = 0; i < CALLS; i++) {
        assert_status(sspia_async_wait(async[i], PATIENCE_MS), SEC_I_CONTINUE_NEEDED);
        SspiFreeAsyncContext(async[i]);
    }
    free(legs);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Deletes that nobody can be waiting for: neither callback nor queue. */
static void submit_unheard(CredHandle *credential, SspiAsyncContext **async, int count)
{
    for (int i = 0; i < count; i++) {
        CtxtHandle context = scripted_context(credential, "", SEC_E_OK);

        async[i] = SspiCreateAsyncContext();
        assert_status(SspiDeleteSecurityContextAsync(async[i], &context), SEC_E_OK);
    }
}

static int idle_now(void)
{
    sspia_pool_counts now = counts();

    return now.threads > 0 && now.idle == now.threads;
}

/* Wrong would be: a call that waits for somebody to ask for it. */
static void delete_that_nobody_waits_for_is_carried_out(void **state)
{
    /* One; a few, that wait for the end of a nap; more than may wait. */
    static const int counts_of[] = {1, 7, 900};
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async[900];

    (void)state;
    for (int round = 0; round < 9; round++) {
        int count = counts_of[round % 3];

        if (round < 3) { /* there is no thread */
            configure((sspia_pool_config){.idle_ms = 30});
            scripted_eventually(threads_now, 0);
            configure((sspia_pool_config){.idle_ms = 60000});
        } else if (round < 6) { /* they sleep, and nap no more */
            scripted_eventually(idle_now, 1);
            usleep(300000);
        } /* else: they nap, or are still at it */
        submit_unheard(&credential, async, count);
        if (round % 2 == 0) {
            for (int i = 0; i < count; i++)
                SspiFreeAsyncContext(async[i]);
        }
        scripted_eventually(scripted->live_contexts, 0);
        for (int i = 0; i < count && round % 2 != 0; i++) {
            assert_status(sspia_async_wait(async[i], PATIENCE_MS), SEC_E_OK);
            SspiFreeAsyncContext(async[i]);
        }
    }
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a caller that polls, or waits, for ever. */
static void asking_for_the_status_of_a_delete_ends_it(void **state)
{
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async[3];
    struct timespec start, now;

    (void)state;
    for (int round = 0; round < 100; round++) {
        if (round % 25 == 0)
            usleep(300000); /* from threads that sleep, too */
        submit_unheard(&credential, async, 3);
        clock_gettime(CLOCK_MONOTONIC, &start);
        do {
            clock_gettime(CLOCK_MONOTONIC, &now);
        } while (SspiGetAsyncCallStatus(async[2]) == SEC_I_ASYNC_CALL_PENDING &&
                 now.tv_sec - start.tv_sec < PATIENCE_MS / 1000);
        assert_status(SspiGetAsyncCallStatus(async[2]), SEC_E_OK);
        assert_status(sspia_async_wait(async[0], PATIENCE_MS), SEC_E_OK);
        assert_status(sspia_async_wait(async[1], PATIENCE_MS), SEC_E_OK);
        for (int i = 0; i < 3; i++)
            SspiFreeAsyncContext(async[i]);
    }
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: threads that stay for a call which nobody waited for. */
static void threads_leave_after_deletes_that_nobody_waited_for(void **state)
{
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async[100];

    (void)state;
    configure((sspia_pool_config){.idle_ms = 30});
    submit_unheard(&credential, async, 100);
    for (int i = 0; i < 100; i++)
        SspiFreeAsyncContext(async[i]);
    scripted_eventually(threads_now, 0);
    assert_int_equal(pending_now(), 0);
    assert_int_equal(scripted->live_contexts(), 0);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: threads that sleep for the old idle time. */
static void new_limits_reach_threads_asleep(void **state)
{
    enum { CALLS = 6 };
    SspiAsyncContext *async[CALLS];
    CredHandle credentials[CALLS];

    (void)state;
    configure((sspia_pool_config){.idle_ms = 30});
    scripted_eventually(threads_now, 0);
    configure((sspia_pool_config){.idle_ms = 10 * PATIENCE_MS, .max_threads = CALLS});
    for (int i = 0; i < CALLS; i++) {
        async[i] = SspiCreateAsyncContext();
        assert_status(scripted_submit_acquire(async[i], "block", &credentials[i]), SEC_E_OK);
    }
    assert_int_equal(scripted->wait_blocked(CALLS, PATIENCE_MS), 0);
    scripted->release(CALLS);
    for (int i = 0; i < CALLS; i++) {
        assert_status(sspia_async_wait(async[i], PATIENCE_MS), SEC_E_OK);
        assert_status(FreeCredentialsHandle(&credentials[i]), SEC_E_OK);
        SspiFreeAsyncContext(async[i]);
    }
    configure((sspia_pool_config){.idle_ms = 30});
    scripted_eventually(threads_now, 0);
}

/* Wrong would be: nonsense taken for a configuration. */
static void bad_limits_are_refused(void **state)
{
    sspia_pool_config config = {.size = sizeof(config), .max_threads = 1000000};
    sspia_pool_counts wrong = {.size = 1};

    (void)state;
    assert_status(sspia_pool_configure(&config), SEC_E_INVALID_PARAMETER);
    config = (sspia_pool_config){.size = 3};
    assert_status(sspia_pool_configure(&config), SEC_E_INVALID_PARAMETER);
    assert_status(sspia_pool_stats(&wrong), SEC_E_INVALID_PARAMETER);
    assert_status(sspia_pool_stats(NULL), SEC_E_INVALID_PARAMETER);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, restore)
    const struct CMUnitTest tests[] = {
        TEST(blocked_calls_never_delay_deletes),
        TEST(blocked_initiators_never_delay_acceptors),
        TEST(callback_may_block_on_a_call_of_the_same_lane),
        TEST(bound_on_queued_calls_refuses),
        TEST(threads_come_with_work_and_leave_without),
        TEST(waiting_for_a_turn_holds_no_thread),
        TEST(new_limits_reach_threads_asleep),
        TEST(bad_limits_are_refused),
        TEST(delete_that_nobody_waits_for_is_carried_out),
        TEST(asking_for_the_status_of_a_delete_ends_it),
        TEST(threads_leave_after_deletes_that_nobody_waited_for),
    };

    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
