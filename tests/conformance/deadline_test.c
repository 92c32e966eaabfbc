/* SPDX-License-Identifier: MIT */
/* Deadlines (docs/contracts.md, "Deadlines"): what ends at one, how that is told, and what does
 * not. No test measures: each waits for what its deadline is to bring. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sspi_hub.h>

#include "scripted.h"
#include "task.h"

/* A deadline that no test lives to see. */
#define FAR_MS 3600000

static atomic_int notices;
static _Atomic SECURITY_STATUS told;

static void on_complete(SspiAsyncContext *async, void *data)
{
    (void)data;
    atomic_store(&told, SspiGetAsyncCallStatus(async));
    atomic_fetch_add(&notices, 1);
}

static int notices_now(void)
{
    return atomic_load(&notices);
}

static int set_up(void **state)
{
    (void)state;
    atomic_store(&notices, 0);
    return 0;
}

static int pending_now(void)
{
    sspia_pool_counts counts = {.size = sizeof(counts)};

    assert_status(sspia_pool_stats(&counts), SEC_E_OK);
    return (int)counts.pending;
}

/* Lets those go on that block, until no call is left: one that has a deadline may have ended
 * before it began, or after. */
static void let_all_go(void)
{
    for (int i = 0; i < PATIENCE_MS && pending_now() > 0; i++) {
        if (scripted->wait_blocked(1, 1) != 0)
            continue;
        scripted->release(1);
        scripted_eventually(scripted->permits, 0);
    }
    assert_int_equal(pending_now(), 0);
}

static int restore(void **state)
{
    sspia_set_default_deadline(0);
    scripted_eventually(pending_now, 0);
    assert_status(sspia_pool_configure(NULL), SEC_E_OK);
    return scripted_nothing_is_left(state);
}

static SspiAsyncContext *create(uint32_t deadline_ms)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();

    assert_non_null(async);
    assert_status(sspia_async_set_deadline(async, deadline_ms), SEC_E_OK);
    return async;
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int reactors(void)
{
    return task_count("sspi-reactor");
}

static int network_threads(void)
{
    return task_count("sspi-network");
}

/* Those that there were have left. */
static void one_thread_that_may_block(void)
{
    const sspia_pool_config config = {.size = sizeof(config), .max_threads = 1, .idle_ms = 1};

    assert_status(sspia_pool_configure(&config), SEC_E_OK);
    scripted_eventually(network_threads, 0);
}

/* Wrong would be: a call that a package holds up, and that its caller waits for all the same;
 * or outputs that are written when the package comes back. */
static void call_inside_a_package_ends_at_its_deadline(void **state)
{
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async = create(1);
    struct scripted_leg leg;
    char message[512];

    (void)state;
    assert_status(SspiSetAsyncNotifyCallback(async, on_complete, NULL), SEC_E_OK);
    do {
        /* It may have ended before it began. */
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
        atomic_store(&notices, 0);
        assert_status(scripted_submit_leg(async, &credential, NULL, "block token=9", &leg),
                      SEC_E_OK);
        assert_status(sspia_async_wait(async, -1), SEC_E_SECURITY_QOS_FAILED);
        scripted_eventually(notices_now, 1);
        assert_status(atomic_load(&told), SEC_E_SECURITY_QOS_FAILED);
    } while (scripted->wait_blocked(1, 10) != 0);
    assert_true(sspia_async_message(async, message, sizeof(message)) > 0);
    assert_non_null(strstr(message, "InitializeSecurityContext: SEC_E_SECURITY_QOS_FAILED"));
    assert_non_null(strstr(message, "deadline"));
    assert_status(sspia_async_cancel(async), SEC_E_NO_CONTEXT);
    let_all_go();
    scripted_eventually(scripted->live_contexts, 0); /* what the leg made is deleted */
    assert_false(SecIsValidHandle(&leg.context));
    assert_int_equal(leg.buffer.cbBuffer, sizeof(leg.token));
    assert_int_equal(atomic_load(&notices), 1);
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: an operation that knows no deadline. */
static void acquire_ends_at_its_deadline(void **state)
{
    SspiAsyncContext *async = create(1);
    CredHandle acquired;

    (void)state;
    assert_status(scripted_submit_acquire(async, "block", &acquired), SEC_E_OK);
    while (SspiGetAsyncCallStatus(async) == SEC_I_ASYNC_CALL_PENDING) /* polled */
        usleep(100);
    assert_status(SspiGetAsyncCallStatus(async), SEC_E_SECURITY_QOS_FAILED);
    let_all_go();
    assert_false(SecIsValidHandle(&acquired));
    SspiFreeAsyncContext(async);
}

/* Wrong would be: a call that begins after its caller was told that it is over, or that keeps
 * what it used. */
static void call_behind_others_never_begins(void **state)
{
    CredHandle credential = scripted_credential();
    SspiAsyncContext *first = create(0), *second = create(5);
    struct scripted_leg legs[2];
    char message[512];
    int before = scripted->legs();

    (void)state;
    one_thread_that_may_block();
    assert_status(SspiSetAsyncNotifyCallback(second, on_complete, NULL), SEC_E_OK);
    assert_status(scripted_submit_leg(first, &credential, NULL, "block", &legs[0]), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(scripted_submit_leg(second, &credential, NULL, "", &legs[1]), SEC_E_OK);
    scripted_eventually(notices_now, 1);
    assert_status(atomic_load(&told), SEC_E_SECURITY_QOS_FAILED);
    sspia_async_message(second, message, sizeof(message));
    assert_non_null(strstr(message, "before it began"));
    assert_int_equal(pending_now(), 1);
    scripted->release(1);
    assert_status(sspia_async_wait(first, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(scripted->legs() - before, 1);
    SspiFreeAsyncContext(first);
    SspiFreeAsyncContext(second);
    assert_status(DeleteSecurityContext(&legs[0].context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a place in the order of a context that nobody gives up, or the turn lost. */
static void call_that_waits_for_its_turn_ends(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    SspiAsyncContext *first = create(0), *second = create(5), *third = create(FAR_MS);
    struct scripted_leg legs[3];

    (void)state;
    assert_status(scripted_submit_leg(first, NULL, &context, "block more", &legs[0]), SEC_E_OK);
    assert_status(scripted_submit_leg(second, NULL, &context, "more", &legs[1]), SEC_E_OK);
    assert_status(scripted_submit_leg(third, NULL, &context, "", &legs[2]), SEC_E_OK);
    assert_status(sspia_async_wait(second, PATIENCE_MS), SEC_E_SECURITY_QOS_FAILED);
    assert_status(SspiGetAsyncCallStatus(third), SEC_I_ASYNC_CALL_PENDING);
    scripted->release(1);
    assert_status(sspia_async_wait(first, PATIENCE_MS), SEC_I_CONTINUE_NEEDED);
    assert_status(sspia_async_wait(third, PATIENCE_MS), SEC_E_OK);
    SspiFreeAsyncContext(first);
    SspiFreeAsyncContext(second);
    SspiFreeAsyncContext(third);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a context that outlives its delete because that came late. */
static void delete_is_carried_out_after_its_deadline(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    CtxtHandle copy = context;
    SspiAsyncContext *busy = create(0), *async = create(5);
    struct scripted_leg leg;

    (void)state;
    assert_status(SspiSetAsyncNotifyCallback(async, on_complete, NULL), SEC_E_OK);
    assert_status(scripted_submit_leg(busy, NULL, &context, "block", &leg), SEC_E_OK);
    assert_status(SspiDeleteSecurityContextAsync(async, &context), SEC_E_OK);
    scripted_eventually(notices_now, 1);
    assert_status(atomic_load(&told), SEC_E_SECURITY_QOS_FAILED);
    assert_int_equal(scripted->live_contexts(), 1);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    assert_status(sspia_async_set_deadline(async, 0), SEC_E_OK);
    assert_status(SspiDeleteSecurityContextAsync(async, &copy), SEC_E_OK);
    scripted_eventually(notices_now, 2);
    assert_status(atomic_load(&told), SEC_E_INVALID_HANDLE);
    scripted->release(1);
    assert_status(sspia_async_wait(busy, PATIENCE_MS), SEC_E_OK);
    scripted_eventually(scripted->live_contexts, 0);
    assert_int_equal(atomic_load(&notices), 2);
    SspiFreeAsyncContext(busy);
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: deletes that fail, or are told of late, because they have a deadline. */
static void deletes_in_time_know_of_no_deadline(void **state)
{
    enum { MANY = 50 };
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async = create(FAR_MS);
    CtxtHandle contexts[MANY];

    (void)state;
    for (int i = 0; i < MANY; i++)
        contexts[i] = scripted_context(&credential, "", SEC_E_OK);
    for (int i = 0; i < MANY / 2; i++) {
        assert_status(SspiDeleteSecurityContextAsync(async, &contexts[i]), SEC_E_OK);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    }
    assert_status(sspia_async_delete_contexts(async, contexts + MANY / 2, MANY / 2), SEC_E_OK);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(scripted->live_contexts(), 0);
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a completion that never comes to the queue, or twice, or without waking those
 * who wait there. */
static void queue_is_told_once(void **state)
{
    sspia_queue *queue = sspia_queue_create();
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async = create(5);
    struct pollfd readable = {.fd = sspia_queue_fd(queue), .events = POLLIN};
    sspia_completion completion;
    struct scripted_leg leg;

    (void)state;
    assert_status(sspia_async_set_queue(async, queue), SEC_E_OK);
    assert_status(SspiSetAsyncNotifyCallback(async, on_complete, NULL), SEC_E_OK);
    assert_status(scripted_submit_leg(async, &credential, NULL, "block", &leg), SEC_E_OK);
    assert_int_equal(poll(&readable, 1, PATIENCE_MS), 1);
    assert_status(sspia_queue_next(queue, 0, &completion), SEC_E_OK);
    assert_ptr_equal(completion.async, async);
    assert_status(completion.status, SEC_E_SECURITY_QOS_FAILED);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    assert_status(scripted_submit_leg(async, &credential, NULL, "block", &leg), SEC_E_OK);
    assert_int_equal(sspia_queue_dispatch(queue, 10, -1), 1);
    assert_status(atomic_load(&told), SEC_E_SECURITY_QOS_FAILED);
    let_all_go();
    assert_status(sspia_queue_next(queue, 0, &completion), SEC_I_ASYNC_CALL_PENDING);
    assert_int_equal(atomic_load(&notices), 1);
    SspiFreeAsyncContext(async);
    sspia_queue_free(queue);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a thread that runs the call it waits for, and so cannot come back. */
static void thread_that_waits_returns_at_the_deadline(void **state)
{
    CredHandle credential = scripted_credential();
    SspiAsyncContext *blocked = create(0), *async = create(5);
    struct scripted_leg legs[2];

    (void)state;
    /* The only thread is taken, so the one that waits would have to run it. */
    one_thread_that_may_block();
    assert_status(scripted_submit_leg(blocked, &credential, NULL, "block", &legs[0]), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(scripted_submit_leg(async, &credential, NULL, "block", &legs[1]), SEC_E_OK);
    assert_status(sspia_async_wait(async, -1), SEC_E_SECURITY_QOS_FAILED);
    scripted->release(1);
    assert_status(sspia_async_wait(blocked, PATIENCE_MS), SEC_E_OK);
    assert_status(DeleteSecurityContext(&legs[0].context), SEC_E_OK);
    SspiFreeAsyncContext(blocked);
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a setting that is lost with a call, or changed under one. */
static void deadline_is_kept_and_not_changed_under_a_call(void **state)
{
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async = create(1);
    struct scripted_leg leg;

    (void)state;
    one_thread_that_may_block();
    for (int i = 0; i < 3; i++) {
        assert_status(scripted_submit_leg(async, &credential, NULL, "block", &leg), SEC_E_OK);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_SECURITY_QOS_FAILED);
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    }
    let_all_go();
    assert_status(sspia_async_set_deadline(async, FAR_MS), SEC_E_OK);
    assert_status(scripted_submit_leg(async, &credential, NULL, "block", &leg), SEC_E_OK);
    assert_status(sspia_async_set_deadline(async, 1), SEC_E_INVALID_PARAMETER);
    assert_status(sspia_async_set_deadline_at(async, 1), SEC_E_INVALID_PARAMETER);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    scripted->release(1);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    assert_status(DeleteSecurityContext(&leg.context), SEC_E_OK);
    /* Complete, and not reinitialised: as with a callback, it may be changed. */
    assert_status(sspia_async_set_deadline(async, 7), SEC_E_OK);
    SspiFreeAsyncContext(async);
    assert_status(sspia_async_set_deadline(async, 7), SEC_E_INVALID_HANDLE);
    assert_status(sspia_async_set_deadline_at(async, 7), SEC_E_INVALID_HANDLE);
    assert_status(sspia_async_set_deadline(NULL, 7), SEC_E_INVALID_HANDLE);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a setting that moves to another call while a completion waits. */
static void deadline_stays_while_a_completion_waits(void **state)
{
    sspia_queue *queue = sspia_queue_create();
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async = create(1);
    sspia_completion completion;
    struct scripted_leg leg;

    (void)state;
    assert_status(sspia_async_set_queue(async, queue), SEC_E_OK);
    for (int i = 0; i < 3; i++) {
        assert_status(scripted_submit_leg(async, &credential, NULL, "block", &leg), SEC_E_OK);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_SECURITY_QOS_FAILED);
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
        let_all_go();
    }
    for (int i = 0; i < 3; i++) {
        assert_status(sspia_queue_next(queue, 0, &completion), SEC_E_OK);
        assert_status(completion.status, SEC_E_SECURITY_QOS_FAILED);
    }
    assert_status(sspia_queue_next(queue, 0, &completion), SEC_I_ASYNC_CALL_PENDING);
    SspiFreeAsyncContext(async);
    sspia_queue_free(queue);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: legs of one handshake that each begin their time anew. */
static void absolute_deadline_ends_whatever_comes_after_it(void **state)
{
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async = SspiCreateAsyncContext();
    struct scripted_leg leg;
    CredHandle acquired;

    (void)state;
    assert_status(sspia_async_set_deadline_at(async, 0), SEC_E_INVALID_PARAMETER);
    assert_status(sspia_async_set_deadline_at(async, -1), SEC_E_INVALID_PARAMETER);
    assert_status(sspia_async_set_deadline_at(async, now_ns() + 3600000000000), SEC_E_OK);
    assert_status(scripted_submit_leg(async, &credential, NULL, "", &leg), SEC_E_OK);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    assert_status(DeleteSecurityContext(&leg.context), SEC_E_OK);
    assert_status(sspia_async_set_deadline_at(async, now_ns()), SEC_E_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
        assert_status(scripted_submit_acquire(async, "block", &acquired), SEC_E_OK);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_SECURITY_QOS_FAILED);
        let_all_go();
    }
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a default that a setting does not override, or that deletes have. */
static void process_has_a_default(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    SspiAsyncContext *by_default = SspiCreateAsyncContext(), *without = create(0);
    SspiAsyncContext *again = create(FAR_MS), *deleted = SspiCreateAsyncContext();
    struct scripted_leg legs[4];

    (void)state;
    sspia_set_default_deadline(5);
    assert_status(sspia_async_set_deadline(again, SSPIA_DEADLINE_DEFAULT), SEC_E_OK);
    assert_status(scripted_submit_leg(without, NULL, &context, "block", &legs[0]), SEC_E_OK);
    assert_status(scripted_submit_leg(by_default, NULL, &context, "", &legs[1]), SEC_E_OK);
    assert_status(scripted_submit_leg(again, NULL, &context, "", &legs[2]), SEC_E_OK);
    assert_status(SspiDeleteSecurityContextAsync(deleted, &context), SEC_E_OK);
    assert_status(sspia_async_wait(by_default, PATIENCE_MS), SEC_E_SECURITY_QOS_FAILED);
    assert_status(sspia_async_wait(again, PATIENCE_MS), SEC_E_SECURITY_QOS_FAILED);
    assert_status(SspiGetAsyncCallStatus(without), SEC_I_ASYNC_CALL_PENDING);
    assert_status(SspiGetAsyncCallStatus(deleted), SEC_I_ASYNC_CALL_PENDING);
    scripted->release(1);
    assert_status(sspia_async_wait(without, PATIENCE_MS), SEC_E_OK);
    assert_status(sspia_async_wait(deleted, PATIENCE_MS), SEC_E_OK);
    sspia_set_default_deadline(0);
    assert_int_equal(SspiReinitAsyncContext(by_default), STATUS_SUCCESS);
    assert_status(scripted_submit_leg(by_default, &credential, NULL, "delay=20", &legs[3]),
                  SEC_E_OK);
    assert_status(sspia_async_wait(by_default, PATIENCE_MS), SEC_E_OK);
    assert_status(DeleteSecurityContext(&legs[3].context), SEC_E_OK);
    SspiFreeAsyncContext(by_default);
    SspiFreeAsyncContext(without);
    SspiFreeAsyncContext(again);
    SspiFreeAsyncContext(deleted);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a call with both results, or two notices, where its end and its deadline come
 * together. */
static void deadline_and_completion_meet(void **state)
{
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async = create(1);
    int in_time = 0;

    (void)state;
    assert_status(SspiSetAsyncNotifyCallback(async, on_complete, NULL), SEC_E_OK);
    for (int i = 0; i < 400; i++) {
        struct scripted_leg leg;
        SECURITY_STATUS status;

        atomic_store(&notices, 0);
        assert_status(
            scripted_submit_leg(async, &credential, NULL, i % 4 == 0 ? "" : "delay=1", &leg),
            SEC_E_OK);
        status = sspia_async_wait(async, i % 2 == 0 ? -1 : PATIENCE_MS);
        scripted_eventually(notices_now, 1);
        assert_status(atomic_load(&told), status);
        assert_status(SspiGetAsyncCallStatus(async), status);
        if (status == SEC_E_OK) {
            in_time++;
            assert_status(DeleteSecurityContext(&leg.context), SEC_E_OK);
        } else {
            assert_status(status, SEC_E_SECURITY_QOS_FAILED);
            assert_false(SecIsValidHandle(&leg.context));
        }
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
        assert_int_equal(atomic_load(&notices), 1);
    }
    print_message("%d of 400 in time\n", in_time);
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a deadline that outlives its call, and ends the next one or one that is gone.
 */
static void free_and_cancel_come_before_the_deadline(void **state)
{
    CredHandle credential = scripted_credential();
    SspiAsyncContext *freed = create(20), *cancelled = create(20), *last = create(40);
    struct scripted_leg legs[4];

    (void)state;
    assert_status(SspiSetAsyncNotifyCallback(freed, on_complete, NULL), SEC_E_OK);
    assert_status(SspiSetAsyncNotifyCallback(cancelled, on_complete, NULL), SEC_E_OK);
    assert_status(scripted_submit_leg(freed, &credential, NULL, "block", &legs[0]), SEC_E_OK);
    assert_status(scripted_submit_leg(cancelled, &credential, NULL, "block", &legs[1]),
                  SEC_E_OK);
    SspiFreeAsyncContext(freed);
    sspia_async_cancel(cancelled);
    assert_int_not_equal(SspiGetAsyncCallStatus(cancelled), SEC_I_ASYNC_CALL_PENDING);
    assert_int_equal(SspiReinitAsyncContext(cancelled), STATUS_SUCCESS);
    assert_status(sspia_async_set_deadline(cancelled, 0), SEC_E_OK);
    assert_status(scripted_submit_leg(cancelled, &credential, NULL, "block", &legs[2]),
                  SEC_E_OK);
    /* A later deadline has passed, so theirs would have. */
    assert_status(scripted_submit_leg(last, &credential, NULL, "block", &legs[3]), SEC_E_OK);
    assert_status(sspia_async_wait(last, PATIENCE_MS), SEC_E_SECURITY_QOS_FAILED);
    assert_status(SspiGetAsyncCallStatus(cancelled), SEC_I_ASYNC_CALL_PENDING);
    let_all_go();
    assert_status(sspia_async_wait(cancelled, PATIENCE_MS), SEC_E_OK);
    assert_status(DeleteSecurityContext(&legs[2].context), SEC_E_OK);
    SspiFreeAsyncContext(cancelled);
    SspiFreeAsyncContext(last);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a deadline that waits for one that is later and was there before. */
static void earlier_deadline_overtakes(void **state)
{
    CredHandle credential = scripted_credential();
    SspiAsyncContext *late = create(FAR_MS), *early;
    struct scripted_leg legs[2];

    (void)state;
    assert_status(scripted_submit_leg(late, &credential, NULL, "block", &legs[0]), SEC_E_OK);
    scripted_eventually(reactors, 1);
    usleep(10000); /* it sleeps now, until the late one */
    early = create(5);
    assert_status(scripted_submit_leg(early, &credential, NULL, "block", &legs[1]), SEC_E_OK);
    assert_status(sspia_async_wait(early, PATIENCE_MS), SEC_E_SECURITY_QOS_FAILED);
    assert_status(SspiGetAsyncCallStatus(late), SEC_I_ASYNC_CALL_PENDING);
    let_all_go();
    assert_status(sspia_async_wait(late, PATIENCE_MS), SEC_E_OK);
    assert_status(DeleteSecurityContext(&legs[0].context), SEC_E_OK);
    SspiFreeAsyncContext(late);
    SspiFreeAsyncContext(early);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: calls that are forgotten where many end at once, a thread for each, or one
 * that stays. */
static void thousand_end_on_a_lane_that_is_blocked(void **state)
{
    enum { CALLS = 1000, THREADS = 1 };
    CredHandle credential = scripted_credential();
    SspiAsyncContext **async = calloc(CALLS, sizeof(*async));
    struct scripted_leg *legs = calloc(CALLS, sizeof(*legs));
    SspiAsyncContext *blocked[THREADS];
    struct scripted_leg blocked_legs[THREADS];
    int before;

    (void)state;
    one_thread_that_may_block();
    for (int i = 0; i < THREADS; i++) {
        blocked[i] = create(0);
        assert_status(
            scripted_submit_leg(blocked[i], &credential, NULL, "block", &blocked_legs[i]),
            SEC_E_OK);
    }
    assert_int_equal(scripted->wait_blocked(THREADS, PATIENCE_MS), 0);
    before = scripted->legs();
    for (int i = 0; i < CALLS; i++) {
        async[i] = create(1 + (uint32_t)(i * 7) % 50);
        assert_status(SspiSetAsyncNotifyCallback(async[i], on_complete, NULL), SEC_E_OK);
        assert_status(scripted_submit_leg(async[i], &credential, NULL, "", &legs[i]), SEC_E_OK);
    }
    assert_int_equal(reactors(), 1);
    scripted_eventually(notices_now, CALLS);
    assert_int_equal(scripted->legs(), before);
    for (int i = 0; i < CALLS; i++) {
        assert_status(SspiGetAsyncCallStatus(async[i]), SEC_E_SECURITY_QOS_FAILED);
        SspiFreeAsyncContext(async[i]);
    }
    scripted_eventually(pending_now, THREADS);
    scripted->release(THREADS);
    for (int i = 0; i < THREADS; i++) {
        assert_status(sspia_async_wait(blocked[i], PATIENCE_MS), SEC_E_OK);
        assert_status(DeleteSecurityContext(&blocked_legs[i].context), SEC_E_OK);
        SspiFreeAsyncContext(blocked[i]);
    }
    free(async);
    free(legs);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    scripted_eventually(reactors, 0);
}

/* Wrong would be: a setting of the hub that does not reach the call. */
static void call_of_the_hub_has_deadlines(void **state)
{
    uint64_t queue = sspia_hub_queue_create(), call = sspia_hub_call_create();
    const char identity[] = "user\0acquire: block";
    sspia_hub_completion completion;
    sspia_hub_outcome outcome;

    (void)state;
    assert_int_equal(sspia_hub_call_set_deadline(0, 1), SEC_E_INVALID_HANDLE);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(i == 0 ? sspia_hub_call_set_deadline(call, 1)
                                : sspia_hub_call_set_deadline_at(call, now_ns() + 1000000),
                         SEC_E_OK);
        assert_int_equal(sspia_hub_acquire(call, queue, 7, SSPIA_SCRIPTED_NAME,
                                           strlen(SSPIA_SCRIPTED_NAME), NULL, 0,
                                           SECPKG_CRED_OUTBOUND, identity, sizeof(identity)),
                         SEC_E_OK);
        assert_int_equal(sspia_hub_queue_take(queue, PATIENCE_MS, &completion, 1), 1);
        assert_int_equal(completion.id, 7);
        assert_int_equal(completion.status, SEC_E_SECURITY_QOS_FAILED);
        assert_int_equal(sspia_hub_call_take(call, &outcome), SEC_E_OK);
        assert_int_equal(outcome.credential, 0);
        let_all_go();
        assert_int_equal(sspia_hub_call_reinit(call), STATUS_SUCCESS);
    }
    sspia_hub_call_free(call);
    sspia_hub_queue_free(queue);
}

/* Wrong would be: a process that its deadlines keep from ending. */
static void exit_waits_for_no_deadline(void **state)
{
    pid_t child = fork();
    int status = -1;

    (void)state;
    if (child == 0) {
        SspiAsyncContext *async = create(FAR_MS), *soon = create(1);
        CredHandle acquired[2];

        alarm(PATIENCE_MS / 1000);
        if (scripted_submit_acquire(async, "block", &acquired[0]) != SEC_E_OK ||
            scripted_submit_acquire(soon, "block", &acquired[1]) != SEC_E_OK)
            _exit(1);
        /* A thread that is just starting looks like a leak to AddressSanitizer. */
        scripted_let_others_sleep();
        exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, restore)
    const struct CMUnitTest tests[] = {
        /* First: what others leave to the pool would be lost, and a leak, in the child. */
        TEST(exit_waits_for_no_deadline),
        TEST(call_inside_a_package_ends_at_its_deadline),
        TEST(acquire_ends_at_its_deadline),
        TEST(call_behind_others_never_begins),
        TEST(call_that_waits_for_its_turn_ends),
        TEST(delete_is_carried_out_after_its_deadline),
        TEST(deletes_in_time_know_of_no_deadline),
        TEST(queue_is_told_once),
        TEST(thread_that_waits_returns_at_the_deadline),
        TEST(deadline_is_kept_and_not_changed_under_a_call),
        TEST(deadline_stays_while_a_completion_waits),
        TEST(absolute_deadline_ends_whatever_comes_after_it),
        TEST(process_has_a_default),
        TEST(deadline_and_completion_meet),
        TEST(free_and_cancel_come_before_the_deadline),
        TEST(earlier_deadline_overtakes),
        TEST(thousand_end_on_a_lane_that_is_blocked),
        TEST(call_of_the_hub_has_deadlines),
    };

    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
