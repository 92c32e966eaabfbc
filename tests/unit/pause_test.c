/* SPDX-License-Identifier: MIT */
/* Waits of a package of this file, which asks for what Scripted does not: several descriptors
 * at once, none, files, closed ones, one that another call has, and nothing at all. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "credential.h"
#include "memory.h"
#include "pause.h"
#include "sspi_queue.h"
#include "waiting.h"

#define PATIENCE_MS 30000

/* What a leg is to do, one at a time: the test sets it up, the package keeps count. */
static struct {
    struct pollfd fds[3];
    uint32_t fd_count;
    int64_t after_ms; /* 0: no time */
    bool gives_token; /* though it waits */
    bool asks_for_thread;
    bool blocks; /* then, until its result is not wanted any more */
    int rounds;  /* before it is over */
} plan;
static atomic_int calls, deleted, stops, unblocked;
static _Atomic(void *) last_call;
static uint32_t flags_of_last;
static short revents[3];
static char thread_of_last[16];
static const sspia_host *host;

static int64_t in_ms(int64_t milliseconds)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec + milliseconds * 1000000;
}

static void stop(void *data)
{
    assert_ptr_equal(data, &plan);
    atomic_fetch_add(&stops, 1);
}

static SECURITY_STATUS initialize(void **context, const sspia_step *step,
                                  sspia_step_result *result, sspia_report *report)
{
    sspia_wait *wait = step->wait;
    int before = atomic_load(&calls);

    (void)report;
    *context = &plan;
    if (before > 0) {
        for (uint32_t i = 0; i < plan.fd_count; i++)
            revents[i] = plan.fds[i].revents;
    }
    flags_of_last = wait->flags;
    pthread_getname_np(pthread_self(), thread_of_last, sizeof(thread_of_last));
    atomic_store(&last_call, wait->call);
    if (before < plan.rounds) {
        wait->fds = plan.fds;
        wait->fd_count = plan.fd_count;
        if (plan.after_ms > 0)
            wait->until = in_ms(plan.after_ms);
        if (plan.asks_for_thread)
            wait->flags = SSPIA_WAIT_THREAD;
        wait->stop = stop;
        wait->data = &plan;
        if (plan.gives_token)
            result->token = (sspia_bytes){host->allocate(8), 8};
        atomic_fetch_add(&calls, 1);
        return SSPIA_WAITING;
    }
    atomic_fetch_add(&calls, 1);
    if (plan.blocks) {
        while (pause_is_wanted(wait->call))
            usleep(1000);
        atomic_fetch_add(&unblocked, 1);
    }
    return SEC_E_OK;
}

static SECURITY_STATUS accept(void **context, const sspia_step *step, sspia_step_result *result,
                              sspia_report *report)
{
    return initialize(context, step, result, report);
}

static void delete_context(void *context)
{
    assert_ptr_equal(context, &plan);
    atomic_fetch_add(&deleted, 1);
}

static void release(void *credential)
{
    (void)credential;
}

static const sspia_package package = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof(package),
    .name = "Test",
    .release = release,
    .initialize = initialize,
    .accept = accept,
    .delete_context = delete_context,
};

static CredHandle credential;

static int set_up(void **state)
{
    (void)state;
    memset(&plan, 0, sizeof(plan));
    memset(revents, 0, sizeof(revents));
    plan.rounds = 1;
    atomic_store(&calls, 0);
    atomic_store(&deleted, 0);
    atomic_store(&stops, 0);
    atomic_store(&unblocked, 0);
    return 0;
}

static SspiAsyncContext *submit(CtxtHandle *context)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();

    SecInvalidateHandle(context);
    assert_int_equal(SspiInitializeSecurityContextAsyncA(async, &credential, NULL, NULL, 0, 0,
                                                         0, NULL, 0, context, NULL, NULL, NULL),
                     SEC_E_OK);
    return async;
}

static void until_it_was_called(int times)
{
    for (int i = 0; i < PATIENCE_MS && atomic_load(&calls) < times; i++)
        usleep(1000);
    assert_int_equal(atomic_load(&calls), times);
}

static void end(SspiAsyncContext *async, CtxtHandle *context)
{
    assert_int_equal(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    SspiFreeAsyncContext(async);
    assert_int_equal(sspia_DeleteSecurityContext(context), SEC_E_OK);
}

/* Runs a leg by the asynchronous way and by the other. */
static void run_both_ways(void)
{
    CtxtHandle context;

    end(submit(&context), &context);
    assert_int_equal(atomic_load(&calls), plan.rounds + 1);
    atomic_store(&calls, 0);
    memset(revents, 0, sizeof(revents));
    assert_int_equal(sspia_InitializeSecurityContextA(&credential, NULL, NULL, 0, 0, 0, NULL, 0,
                                                      &context, NULL, NULL, NULL),
                     SEC_E_OK);
    assert_int_equal(atomic_load(&calls), plan.rounds + 1);
    assert_int_equal(sspia_DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(atomic_load(&stops), 0);
}

/* Wrong would be: events that are not told, or told of descriptors that have none. */
static void each_descriptor_has_its_own_events(void **state)
{
    int quiet[2], ready[2], unread[2];

    (void)state;
    assert_int_equal(pipe(quiet) | pipe(ready) | pipe(unread), 0);
    assert_int_equal(write(ready[1], "x", 1), 1);
    close(unread[0]);
    plan.fds[0] = (struct pollfd){.fd = quiet[0], .events = POLLIN};
    plan.fds[1] = (struct pollfd){.fd = ready[0], .events = POLLIN};
    plan.fds[2] = (struct pollfd){.fd = unread[1], .events = 0};
    plan.fd_count = 3;
    run_both_ways();
    assert_int_equal(revents[0], 0);
    assert_int_equal(revents[1], POLLIN);
    assert_int_equal(revents[2], POLLERR);
    close(quiet[0]);
    close(quiet[1]);
    close(ready[0]);
    close(ready[1]);
    close(unread[1]);
}

/* Wrong would be: a call that hangs on what epoll does not take. */
static void odd_descriptors_are_as_poll_has_them(void **state)
{
    int low = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int file = fcntl(low, F_DUPFD_CLOEXEC, 500); /* nobody else comes to have the number */

    (void)state;
    plan.fds[0] = (struct pollfd){.fd = file, .events = POLLIN};
    plan.fd_count = 1;
    run_both_ways();
    assert_int_equal(revents[0], POLLIN);
    atomic_store(&calls, 0);
    close(file);
    close(low);
    run_both_ways();
    assert_int_equal(revents[0], POLLNVAL);
    atomic_store(&calls, 0);
    plan.fds[0].fd = -1;
    plan.after_ms = 1;
    run_both_ways();
    assert_int_equal(revents[0], 0);
}

/* Wrong would be: a call that a package's mistake leaves behind. */
static void descriptor_that_two_wait_for_wakes_both(void **state)
{
    CtxtHandle contexts[2];
    SspiAsyncContext *first, *second;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    plan.fds[0] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    plan.fd_count = 1;
    plan.rounds = 2;
    first = submit(&contexts[0]);
    until_it_was_called(1);
    second = submit(&contexts[1]);
    for (int i = 0; i < PATIENCE_MS && atomic_load(&calls) < 2; i++)
        usleep(1000);
    assert_int_equal(write(ends[1], "x", 1), 1);
    end(first, &contexts[0]);
    end(second, &contexts[1]);
    close(ends[0]);
    close(ends[1]);
}

/* Wrong would be: memory of a token that nobody gets. */
static void token_of_a_call_that_waits_is_let_go_of(void **state)
{
    (void)state;
    plan.gives_token = true;
    plan.after_ms = 1;
    plan.rounds = 3;
    run_both_ways();
}

/* Wrong would be: a thread that was not asked for, or not given. */
static void thread_is_given_to_who_asks(void **state)
{
    CtxtHandle context;

    (void)state;
    plan.after_ms = 1;
    end(submit(&context), &context);
    assert_int_equal(flags_of_last, 0);
    assert_string_equal(thread_of_last, "sspi-quick");
    atomic_store(&calls, 0);
    plan.asks_for_thread = true;
    end(submit(&context), &context);
    assert_int_equal(flags_of_last, SSPIA_WAIT_THREAD);
    assert_string_equal(thread_of_last, "sspi-network");
    atomic_store(&calls, 0);
    run_both_ways();
    assert_int_equal(flags_of_last, SSPIA_WAIT_THREAD);
}

/* Wrong would be: a resume that is lost, or one of a call that is over which does something. */
static void only_a_resume_ends_a_wait_for_nothing(void **state)
{
    CtxtHandle context;
    SspiAsyncContext *async = submit(&context);
    void *call;

    (void)state;
    until_it_was_called(1);
    waiting_resume(NULL);
    waiting_resume((void *)UINTPTR_MAX);
    waiting_resume(&plan);
    assert_int_equal(SspiGetAsyncCallStatus(async), SEC_I_ASYNC_CALL_PENDING);
    call = atomic_load(&last_call);
    waiting_resume(call);
    waiting_resume(call);
    end(async, &context);
    waiting_resume(call);
    atomic_store(&calls, 0);
    async = submit(&context);
    until_it_was_called(1);
    assert_ptr_not_equal(atomic_load(&last_call), call);
    for (int i = 0; i < 10; i++)
        waiting_resume(call);
    assert_int_equal(SspiGetAsyncCallStatus(async), SEC_I_ASYNC_CALL_PENDING);
    assert_int_equal(sspia_async_cancel(async), SEC_E_OK);
    assert_int_equal(atomic_load(&stops), 1);
    SspiFreeAsyncContext(async);
    for (int i = 0; i < PATIENCE_MS && atomic_load(&deleted) < 2; i++)
        usleep(1000);
    assert_int_equal(atomic_load(&deleted), 2);
    assert_int_equal(atomic_load(&calls), 1);
}

/* Wrong would be: a package that blocks on a thread that it asked for, and does not learn that
 * nobody wants its result; or learns it too early. */
static void thread_of_what_is_over_comes_back(void **state)
{
    (void)state;
    plan.asks_for_thread = plan.blocks = true;
    for (int way = 0; way < 2; way++) {
        CtxtHandle context;
        SspiAsyncContext *async;

        atomic_store(&calls, 0);
        atomic_store(&deleted, 0);
        async = submit(&context);
        until_it_was_called(2);
        assert_int_equal(atomic_load(&unblocked), way);
        if (way == 0)
            assert_int_equal(sspia_async_cancel(async), SEC_E_OK);
        SspiFreeAsyncContext(async);
        while (atomic_load(&deleted) == 0)
            usleep(1000);
        assert_int_equal(atomic_load(&unblocked), way + 1);
    }
    assert_false(pause_is_wanted(atomic_load(&last_call)));
}

/* Wrong would be: an async context whose moves begin anew, so that somebody who looked at it
 * before takes it for the one of then (fate.h). */
static void moves_of_async_contexts_never_repeat(void **state)
{
    struct waiting waiting = {.outside = false};
    SspiAsyncContext *async = SspiCreateAsyncContext();
    struct handle_view view;
    uint64_t before;
    struct handle handle;

    (void)state;
    assert_true(handle_look(HANDLE_ASYNC, async, &view));
    assert_true(handle_from_pointer(HANDLE_ASYNC, async, &handle));
    before = view.value;
    SspiFreeAsyncContext(async);
    assert_int_equal(waiting_enter(&waiting), SEC_E_OK);
    assert_int_equal(waiting.handle.slot, handle.slot); /* the last one that was let go of */
    waiting_resume(waiting.wait.call);
    waiting_leave(&waiting, SEC_E_OK);
    async = SspiCreateAsyncContext();
    assert_true(handle_look(HANDLE_ASYNC, async, &view));
    assert_true(view.value >> 36 > before >> 36);
    SspiFreeAsyncContext(async);
}

static int make_credential(void **state)
{
    static const sspia_host services = {.allocate = memory_allocate};
    struct credential *made = credential_create(&package, SECPKG_CRED_BOTH, &plan);

    (void)state;
    host = &services;
    if (made == NULL)
        return -1;
    handle_to_words(HANDLE_CREDENTIAL, made->handle, &credential);
    return 0;
}

static int free_credential(void **state)
{
    (void)state;
    return sspia_FreeCredentialsHandle(&credential) == SEC_E_OK ? 0 : -1;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(each_descriptor_has_its_own_events),
        TEST(odd_descriptors_are_as_poll_has_them),
        TEST(descriptor_that_two_wait_for_wakes_both),
        TEST(token_of_a_call_that_waits_is_let_go_of),
        TEST(thread_is_given_to_who_asks),
        TEST(thread_of_what_is_over_comes_back),
        TEST(only_a_resume_ends_a_wait_for_nothing),
        TEST(moves_of_async_contexts_never_repeat),
    };

    return cmocka_run_group_tests(tests, make_credential, free_credential);
}
