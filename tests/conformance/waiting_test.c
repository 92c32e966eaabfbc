/* SPDX-License-Identifier: MIT */
/* Calls whose package waits outside (docs/contracts.md, "Waiting"): that they go on when what
 * they wait for has come, hold nothing meanwhile, and are dropped at once. No test measures. */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scripted.h"
#include "task.h"

/* A time that no test lives to see. */
#define FAR "3600000"

static int set_up(void **state)
{
    (void)state;
    return 0;
}

static int restore(void **state)
{
    assert_status(sspia_pool_configure(NULL), SEC_E_OK);
    return scripted_nothing_is_left(state);
}

static void *release_one(void *unused)
{
    (void)unused;
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    scripted->release(1);
    return NULL;
}

/* Wrong would be: a synchronous function that shows its caller a status which is none, or does
 * not go on. */
static void synchronous_functions_wait_on_their_thread(void **state)
{
    static const char *const scripts[] = {
        "wait-fd=1 token='x'", "wait-until=1",
        "wait-resume=1",       "wait-resume=5",
        "wait-thread",         "wait-fd=0 wait-until=1 wait-resume=1 wait-thread",
        "wait-until=0",        "wait-until=1 more",
    };
    CredHandle credential = scripted_credential();

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        const bool more = strstr(scripts[i], "more") != NULL;
        CtxtHandle context =
            scripted_context(&credential, scripts[i], more ? SEC_I_CONTINUE_NEEDED : SEC_E_OK);

        assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    }
    scripted_context(&credential, "wait-fd=1 status=SEC_E_LOGON_DENIED", SEC_E_LOGON_DENIED);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a wait that only the thread that waits could end. */
static void synchronous_functions_are_resumed_by_others(void **state)
{
    static const char *const scripts[] = {"wait-fd", "wait-resume", "wait-until=1 wait-resume"};
    CredHandle credential = scripted_credential();
    pthread_t thread;

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        CtxtHandle context;

        assert_int_equal(pthread_create(&thread, NULL, release_one, NULL), 0);
        context = scripted_context(&credential, scripts[i], SEC_E_OK);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    }
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: an acquire that knows no wait, or leaks what it had when it fails. */
static void synchronous_acquire_waits(void **state)
{
    char good[] = "acquire: wait-fd=1 wait-until=1 wait-resume=1 wait-thread";
    char bad[] = "acquire: wait-fd=1 status=SEC_E_NO_CREDENTIALS";
    CredHandle credential;

    (void)state;
    assert_status(AcquireCredentialsHandleA(good, (char[]){SSPIA_SCRIPTED_NAME},
                                            SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL,
                                            &credential, NULL),
                  SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_status(AcquireCredentialsHandleA(bad, (char[]){SSPIA_SCRIPTED_NAME},
                                            SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL,
                                            &credential, NULL),
                  SEC_E_NO_CREDENTIALS);
}

/* ---- Asynchronous calls --------------------------------------------------------------------
 */

static atomic_int notices;

static void on_complete(SspiAsyncContext *async, void *data)
{
    (void)async;
    (void)data;
    atomic_fetch_add(&notices, 1);
}

static int notices_now(void)
{
    return atomic_load(&notices);
}

static sspia_pool_counts pool(void)
{
    sspia_pool_counts counts = {.size = sizeof(counts)};

    assert_status(sspia_pool_stats(&counts), SEC_E_OK);
    return counts;
}

static int pending_now(void)
{
    return (int)pool().pending;
}

static int threads_now(void)
{
    return (int)pool().threads;
}

static int reactors(void)
{
    return task_count("sspi-reactor");
}

static int descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

/* A credential whose legs bring their own words and run in the quick lane. */
static CredHandle quick_credential(void)
{
    CredHandle credential;

    assert_status(AcquireCredentialsHandleA((char[]){"all: per-leg quick"},
                                            (char[]){SSPIA_SCRIPTED_NAME}, SECPKG_CRED_BOTH,
                                            NULL, NULL, NULL, NULL, &credential, NULL),
                  SEC_E_OK);
    return credential;
}

static SspiAsyncContext *submit(CredHandle *credential, const char *script,
                                struct scripted_leg *leg)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();

    assert_non_null(async);
    assert_status(scripted_submit_leg(async, credential, NULL, script, leg), SEC_E_OK);
    return async;
}

static void expect(SspiAsyncContext *async, SECURITY_STATUS status)
{
    assert_status(sspia_async_wait(async, PATIENCE_MS), status);
    SspiFreeAsyncContext(async);
}

/* Wrong would be: a call that is never called again, or whose outcome is not that of a call
 * which did not wait. */
static void call_goes_on_when_what_it_waits_for_has_come(void **state)
{
    static const char *const scripts[] = {
        "wait-fd=1 token='x'",
        "wait-fd=0 token='x'",
        "wait-until=1 token='x'",
        "wait-until=0 token='x'",
        "wait-resume=1 token='x'",
        "wait-resume=3 token='x'",
        "wait-thread token='x'",
        "wait-fd=1 wait-until=1 wait-resume=1 wait-thread delay=1 token='x'",
    };
    CredHandle credentials[] = {scripted_credential(), quick_credential()};
    const int idle_calls = scripted->idle_calls();
    struct scripted_leg leg;

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(scripts) / sizeof(scripts[0]); i++) {
        expect(submit(&credentials[i % 2], scripts[i / 2], &leg), SEC_E_OK);
        assert_int_equal(leg.buffer.cbBuffer, 1);
        assert_memory_equal(leg.token, "x", 1);
        assert_status(DeleteSecurityContext(&leg.context), SEC_E_OK);
    }
    expect(submit(&credentials[1], "wait-fd=1 status=SEC_E_LOGON_DENIED", &leg),
           SEC_E_LOGON_DENIED);
    assert_false(SecIsValidHandle(&leg.context));
    assert_int_equal(scripted->idle_calls(), idle_calls);
    assert_status(FreeCredentialsHandle(&credentials[0]), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credentials[1]), SEC_E_OK);
}

/* Wrong would be: a wait that nobody but the package itself can end. */
static void call_is_resumed_by_others(void **state)
{
    static const char *const scripts[] = {"wait-fd", "wait-resume",
                                          "wait-fd=1 wait-resume token='x'"};
    CredHandle credential = quick_credential();
    struct scripted_leg leg;

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        SspiAsyncContext *async = submit(&credential, scripts[i], &leg);

        assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
        assert_status(SspiGetAsyncCallStatus(async), SEC_I_ASYNC_CALL_PENDING);
        scripted->release(1); /* resumes calls that are over, too */
        expect(async, SEC_E_OK);
        assert_status(DeleteSecurityContext(&leg.context), SEC_E_OK);
    }
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: an acquire that holds a thread while it waits, or does not come back. */
static void acquire_waits(void **state)
{
    static const char *const scripts[] = {"wait-fd=1", "wait-until=1", "wait-resume=1",
                                          "wait-thread", "wait-fd=1 wait-thread"};
    CredHandle credential;

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        SspiAsyncContext *async = SspiCreateAsyncContext();

        assert_status(scripted_submit_acquire(async, scripts[i], &credential), SEC_E_OK);
        expect(async, SEC_E_OK);
        assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    }
    SspiAsyncContext *async = SspiCreateAsyncContext();

    assert_status(
        scripted_submit_acquire(async, "wait-fd=1 status=SEC_E_NO_CREDENTIALS", &credential),
        SEC_E_OK);
    expect(async, SEC_E_NO_CREDENTIALS);
}

static void *wait_for_it(void *async)
{
    assert_status(sspia_async_wait(async, -1), SEC_E_OK);
    return NULL;
}

/* Wrong would be: a thread inside sspia_async_wait, which runs the call itself, that waits on
 * where the pool should; or a result that comes twice, or by another way than it was asked for.
 */
static void every_kind_of_delivery(void **state)
{
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async = SspiCreateAsyncContext();
    sspia_queue *queue = sspia_queue_create();
    sspia_completion completion;
    struct scripted_leg leg;
    pthread_t waiter;

    (void)state;
    atomic_store(&notices, 0);
    assert_status(SspiSetAsyncNotifyCallback(async, on_complete, NULL), SEC_E_OK);
    assert_status(scripted_submit_leg(async, &credential, NULL, "wait-fd=1", &leg), SEC_E_OK);
    scripted_eventually(notices_now, 1);
    assert_status(SspiGetAsyncCallStatus(async), SEC_E_OK);
    assert_status(DeleteSecurityContext(&leg.context), SEC_E_OK);

    assert_status(sspia_async_set_queue(async, queue), SEC_E_OK);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    assert_status(scripted_submit_leg(async, &credential, NULL, "wait-resume", &leg), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(sspia_queue_next(queue, 0, &completion), SEC_I_ASYNC_CALL_PENDING);
    scripted->release(1);
    assert_status(sspia_queue_next(queue, PATIENCE_MS, &completion), SEC_E_OK);
    assert_ptr_equal(completion.async, async);
    assert_status(completion.status, SEC_E_OK);
    assert_int_equal(atomic_load(&notices), 1);
    assert_status(DeleteSecurityContext(&leg.context), SEC_E_OK);
    SspiFreeAsyncContext(async);
    sspia_queue_free(queue);

    async = submit(&credential, "wait-fd", &leg);
    assert_int_equal(pthread_create(&waiter, NULL, wait_for_it, async), 0);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    scripted->release(1);
    assert_int_equal(pthread_join(waiter, NULL), 0);
    SspiFreeAsyncContext(async);
    assert_status(DeleteSecurityContext(&leg.context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* ---- What they hold, and what not ----------------------------------------------------------
 */

enum { MANY = 10000 };
static SspiAsyncContext *many[MANY];
static struct scripted_leg many_legs[MANY];

static const char *kind_of_wait(int i)
{
    static const char *const scripts[] = {"wait-fd", "wait-resume", "wait-until=" FAR,
                                          "wait-fd=" FAR};

    return scripts[i % 4];
}

/* As many as this process may have descriptors for. */
static int submit_many(CredHandle *credential, uint32_t deadline_ms)
{
    struct rlimit limit;
    int count = MANY;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < MANY)
        count = (int)limit.rlim_cur / 2;
    for (int i = 0; i < count; i++) {
        many[i] = SspiCreateAsyncContext();
        assert_non_null(many[i]);
        assert_status(sspia_async_set_deadline(many[i], deadline_ms), SEC_E_OK);
        assert_status(SspiSetAsyncNotifyCallback(many[i], on_complete, NULL), SEC_E_OK);
        assert_status(
            scripted_submit_leg(many[i], credential, NULL, kind_of_wait(i), &many_legs[i]),
            SEC_E_OK);
    }
    return count;
}

static void few_threads(void)
{
    const sspia_pool_config config = {.size = sizeof(config), .max_threads = 2, .idle_ms = 1};

    assert_status(sspia_pool_configure(&config), SEC_E_OK);
}

/* Wrong would be: a thread for each, a lane that is full of them, threads that stay on their
 * account, or counts that do not tell of them. */
static void waiting_calls_hold_no_thread_and_no_place(void **state)
{
    CredHandle credential = quick_credential();
    const int before = scripted->waiting();
    const uint64_t completed = pool().completed;
    struct scripted_leg leg;
    int count;

    (void)state;
    few_threads();
    atomic_store(&notices, 0);
    count = submit_many(&credential, 0);
    for (int i = 0; i < PATIENCE_MS && scripted->waiting() < before + count; i++)
        usleep(1000);
    assert_int_equal(scripted->waiting(), before + count);
    assert_int_equal(pending_now(), count);
    expect(submit(&credential, "", &leg), SEC_E_OK);
    assert_status(DeleteSecurityContext(&leg.context), SEC_E_OK);
    scripted_eventually(threads_now, 0);
    assert_int_equal(reactors(), 1);
    assert_int_equal(pending_now(), count);
    scripted->release(count / 2);
    for (int i = 0; i < count; i++) {
        if (i % 4 >= 2)
            assert_status(sspia_async_cancel(many[i]), SEC_E_OK);
        expect(many[i], i % 4 < 2 ? SEC_E_OK : SEC_E_UNFINISHED_CONTEXT_DELETED);
        if (i % 4 < 2)
            assert_status(DeleteSecurityContext(&many_legs[i].context), SEC_E_OK);
    }
    scripted_eventually(notices_now, count);
    assert_int_equal(pending_now(), 0);
    assert_int_equal(pool().completed - completed, count + 1);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a call that overtakes one which waits, or that its wait holds a thread for.
 */
static void waiting_call_keeps_its_turn(void **state)
{
    CredHandle credential = quick_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    CtxtHandle copy = context;
    SspiAsyncContext *asyncs[3];
    struct scripted_leg legs[2];
    char log[64];

    (void)state;
    scripted->take_log(log, sizeof(log));
    for (int i = 0; i < 3; i++)
        asyncs[i] = SspiCreateAsyncContext();
    assert_status(scripted_submit_leg(asyncs[0], NULL, &context, "wait-fd more", &legs[0]),
                  SEC_E_OK);
    assert_status(scripted_submit_leg(asyncs[1], NULL, &context, "wait-until=1 more", &legs[1]),
                  SEC_E_OK);
    assert_status(SspiDeleteSecurityContextAsync(asyncs[2], &context), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(DeleteSecurityContext(&copy), SEC_E_OK); /* dead for whoever comes later */
    for (int i = 0; i < 3; i++)
        assert_status(SspiGetAsyncCallStatus(asyncs[i]), SEC_I_ASYNC_CALL_PENDING);
    scripted->release(1);
    expect(asyncs[0], SEC_I_CONTINUE_NEEDED);
    expect(asyncs[1], SEC_I_CONTINUE_NEEDED);
    expect(asyncs[2], SEC_E_OK);
    scripted->take_log(log, sizeof(log));
    assert_string_equal(log, "IID");
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a call that blocks, having asked for a thread, and holds up those that do
 * not. */
static void thread_that_was_asked_for_is_another(void **state)
{
    const sspia_pool_config config = {
        .size = sizeof(config), .max_threads = 1, .max_quick_threads = 1};
    CredHandle credential = quick_credential();
    SspiAsyncContext *blocked;
    struct scripted_leg legs[2];

    (void)state;
    assert_status(sspia_pool_configure(&config), SEC_E_OK);
    blocked = submit(&credential, "wait-thread block", &legs[0]);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    expect(submit(&credential, "wait-fd=1", &legs[1]), SEC_E_OK);
    assert_status(DeleteSecurityContext(&legs[1].context), SEC_E_OK);
    assert_status(SspiGetAsyncCallStatus(blocked), SEC_I_ASYNC_CALL_PENDING);
    assert_int_equal(pending_now(), 1);
    scripted->release(1);
    expect(blocked, SEC_E_OK);
    assert_int_equal(pending_now(), 0);
    assert_status(DeleteSecurityContext(&legs[0].context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* ---- Ends before the end -------------------------------------------------------------------
 */

static const char *const waits[] = {"wait-fd", "wait-resume", "wait-until=" FAR,
                                    "wait-fd=" FAR};
enum { WAITS = sizeof(waits) / sizeof(waits[0]) };

/* Until the call is outside. */
static void until_it_waits(void)
{
    for (int i = 0; i < PATIENCE_MS && scripted->waiting() == 0; i++)
        usleep(1000);
    assert_int_equal(scripted->waiting(), 1);
    scripted_eventually(threads_now, 0);
}

static void nothing_is_left_of(int descriptors_before, int stopped_before, int stops)
{
    scripted_eventually(scripted->live_contexts, 0);
    assert_int_equal(scripted->stopped() - stopped_before, stops);
    assert_int_equal(scripted->waiting(), 0);
    assert_int_equal(pending_now(), 0);
    assert_int_equal(descriptors(), descriptors_before);
}

/* The reactor is there, and so are its descriptors. */
static int settled_descriptors(CredHandle *credential)
{
    struct scripted_leg leg;

    expect(submit(credential, "wait-fd=1", &leg), SEC_E_OK);
    assert_status(DeleteSecurityContext(&leg.context), SEC_E_OK);
    return descriptors();
}

/* Wrong would be: a cancel that takes its time, a descriptor that stays open, a package that is
 * told twice or not at all. */
static void cancelled_call_stops_at_once(void **state)
{
    CredHandle credential = quick_credential();
    const int before = settled_descriptors(&credential);
    struct scripted_leg leg;
    char message[512];

    (void)state;
    few_threads();
    atomic_store(&notices, 0);
    for (int i = 0; i < WAITS; i++) {
        const int stopped = scripted->stopped();
        SspiAsyncContext *async = SspiCreateAsyncContext();

        assert_status(SspiSetAsyncNotifyCallback(async, on_complete, NULL), SEC_E_OK);
        assert_status(scripted_submit_leg(async, &credential, NULL, waits[i], &leg), SEC_E_OK);
        until_it_waits();
        assert_status(sspia_async_cancel(async), SEC_E_OK);
        assert_int_equal(descriptors(), before);
        assert_status(SspiGetAsyncCallStatus(async), SEC_E_UNFINISHED_CONTEXT_DELETED);
        assert_true(sspia_async_message(async, message, sizeof(message)) > 0);
        assert_non_null(strstr(message, "while the package was at work"));
        scripted_eventually(notices_now, i + 1);
        assert_status(sspia_async_cancel(async), SEC_E_NO_CONTEXT);
        SspiFreeAsyncContext(async);
        nothing_is_left_of(before, stopped, 1);
        assert_int_equal(leg.buffer.cbBuffer, sizeof(leg.token));
    }
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: the same, and outputs that are written into memory which is not there. */
static void freed_call_stops_at_once(void **state)
{
    CredHandle credential = quick_credential();
    const int before = settled_descriptors(&credential);
    struct scripted_leg leg;

    (void)state;
    few_threads();
    atomic_store(&notices, 0);
    for (int i = 0; i < WAITS; i++) {
        const int stopped = scripted->stopped();
        SspiAsyncContext *async = SspiCreateAsyncContext();

        assert_status(SspiSetAsyncNotifyCallback(async, on_complete, NULL), SEC_E_OK);
        assert_status(scripted_submit_leg(async, &credential, NULL, waits[i], &leg), SEC_E_OK);
        until_it_waits();
        SspiFreeAsyncContext(async);
        nothing_is_left_of(before, stopped, 1);
        assert_int_equal(leg.buffer.cbBuffer, sizeof(leg.token));
        assert_int_equal(atomic_load(&notices), 0);
    }
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a deadline that only hides the work. */
static void deadline_stops_the_call(void **state)
{
    CredHandle credential = quick_credential();
    const int before = settled_descriptors(&credential);
    struct scripted_leg leg;
    CredHandle acquired;

    (void)state;
    for (int i = 0; i < 2 * WAITS; i++) {
        const int stopped = scripted->stopped();
        SspiAsyncContext *async = SspiCreateAsyncContext();

        /* Long enough for it to wait, on most machines: if not, it never began. */
        assert_status(sspia_async_set_deadline(async, 20), SEC_E_OK);
        if (i < WAITS)
            assert_status(scripted_submit_leg(async, &credential, NULL, waits[i], &leg),
                          SEC_E_OK);
        else
            assert_status(scripted_submit_acquire(async, waits[i - WAITS], &acquired),
                          SEC_E_OK);
        assert_status(sspia_async_wait(async, -1), SEC_E_SECURITY_QOS_FAILED);
        SspiFreeAsyncContext(async);
        scripted_eventually(scripted->waiting, 0);
        assert_true(scripted->stopped() - stopped <= 1);
        scripted_eventually(pending_now, 0);
        scripted_eventually(scripted->live_contexts, 0);
        scripted_eventually(descriptors, before);
    }
    scripted_eventually(scripted->live_credentials, 1);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: some that do not end, or end twice, or that leave something open. */
static void deadline_stops_ten_thousand(void **state)
{
    CredHandle credential = quick_credential();
    const int before = settled_descriptors(&credential), stopped = scripted->stopped();
    int count;

    (void)state;
    few_threads();
    atomic_store(&notices, 0);
    count = submit_many(&credential, 500);
    for (int i = 0; i < count; i++)
        assert_status(sspia_async_wait(many[i], -1), SEC_E_SECURITY_QOS_FAILED);
    scripted_eventually(notices_now, count);
    scripted_eventually(scripted->waiting, 0);
    scripted_eventually(scripted->live_contexts, 0);
    assert_true(scripted->stopped() - stopped <= count);
    scripted_eventually(pending_now, 0);
    scripted_eventually(descriptors, before);
    for (int i = 0; i < count; i++)
        SspiFreeAsyncContext(many[i]);
    assert_int_equal(atomic_load(&notices), count);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a context that goes on from the middle of a leg. */
static void context_of_a_stopped_leg_can_only_be_deleted(void **state)
{
    CredHandle credential = quick_credential();
    const int before = settled_descriptors(&credential), stopped = scripted->stopped();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    SspiAsyncContext *first = SspiCreateAsyncContext(), *next = SspiCreateAsyncContext();
    SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, (char[16]){0}},
                            {1, SECBUFFER_DATA, (char[1]){0}}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    struct scripted_leg legs[2];
    char text[512];

    (void)state;
    assert_status(scripted_submit_leg(first, NULL, &context, "wait-fd more", &legs[0]),
                  SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(scripted_submit_leg(next, NULL, &context, "more", &legs[1]), SEC_E_OK);
    assert_status(sspia_async_cancel(first), SEC_E_OK);
    SspiFreeAsyncContext(first);
    assert_status(sspia_async_wait(next, PATIENCE_MS), SEC_E_OUT_OF_SEQUENCE);
    assert_true(sspia_async_message(next, text, sizeof(text)) > 0);
    assert_non_null(strstr(text, "abandoned"));
    SspiFreeAsyncContext(next);
    assert_status(EncryptMessage(&context, 0, &message, 0), SEC_E_OUT_OF_SEQUENCE);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    nothing_is_left_of(before, stopped, 1);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a delete that is lost, or comes while the package is still to be told. */
static void delete_behind_a_stopped_leg_is_carried_out(void **state)
{
    CredHandle credential = quick_credential();
    const int before = settled_descriptors(&credential), stopped = scripted->stopped();

    (void)state;
    for (int i = 0; i < 2; i++) {
        CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
        SspiAsyncContext *leg = SspiCreateAsyncContext(), *end = SspiCreateAsyncContext();
        struct scripted_leg places;

        assert_status(scripted_submit_leg(leg, NULL, &context, "wait-fd more", &places),
                      SEC_E_OK);
        assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
        if (i == 0)
            assert_status(SspiDeleteSecurityContextAsync(end, &context), SEC_E_OK);
        else
            assert_status(DeleteSecurityContext(&context), SEC_E_OK);
        SspiFreeAsyncContext(leg);
        if (i == 0)
            assert_status(sspia_async_wait(end, PATIENCE_MS), SEC_E_OK);
        SspiFreeAsyncContext(end);
        scripted_eventually(scripted->live_contexts, 0);
    }
    nothing_is_left_of(before, stopped, 2);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* ---- Fork and exit -------------------------------------------------------------------------
 */

static int ended_by(pid_t child)
{
    int status = -1;

    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void expect_in_child(bool is_true, int code)
{
    if (!is_true)
        _exit(code);
}

/* Wrong would be: a child that has its parent's descriptors, or takes them out of the parent's
 * set; or a wait of the parent that the fork ends. */
static void fork_parts_with_what_waits(void **state)
{
    CredHandle credential = quick_credential();
    const int before = settled_descriptors(&credential), stopped = scripted->stopped();
    SspiAsyncContext *asyncs[2];
    struct scripted_leg legs[2], own;
    pid_t child;

    (void)state;
    asyncs[0] = submit(&credential, "wait-fd", &legs[0]);
    asyncs[1] = submit(&credential, "wait-resume", &legs[1]);
    assert_int_equal(scripted->wait_blocked(2, PATIENCE_MS), 0);
    child = fork();
    if (child == 0) {
        SspiAsyncContext *async = SspiCreateAsyncContext();

        alarm(60);
        expect_in_child(scripted->stopped() == stopped + 2, 1);
        expect_in_child(scripted->waiting() == 0, 2);
        expect_in_child(descriptors() == before - 2, 3); /* nor the reactor's */
        expect_in_child(SspiGetAsyncCallStatus(asyncs[0]) == SEC_E_SHUTDOWN_IN_PROGRESS, 4);
        expect_in_child(
            scripted_submit_leg(async, &credential, NULL, "wait-fd=1", &own) == SEC_E_OK, 5);
        expect_in_child(sspia_async_wait(async, PATIENCE_MS) == SEC_E_OK, 6);
        _exit(0);
    }
    assert_int_equal(ended_by(child), 0);
    for (int i = 0; i < 2; i++)
        assert_status(SspiGetAsyncCallStatus(asyncs[i]), SEC_I_ASYNC_CALL_PENDING);
    assert_int_equal(scripted->stopped(), stopped);
    scripted->release(2);
    for (int i = 0; i < 2; i++) {
        expect(asyncs[i], SEC_E_OK);
        assert_status(DeleteSecurityContext(&legs[i].context), SEC_E_OK);
    }
    nothing_is_left_of(before, stopped, 0);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: an exit that waits for what waits, or crashes over it. */
static void exit_waits_for_nothing_that_waits(void **state)
{
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        CredHandle credential = quick_credential();
        struct scripted_leg legs[WAITS];

        alarm(60);
        for (int i = 0; i < WAITS; i++)
            submit(&credential, waits[i], &legs[i]);
        expect_in_child(scripted->wait_blocked(2, PATIENCE_MS) == 0, 1);
        exit(0);
    }
    assert_int_equal(ended_by(child), 0);
}

/* Wrong would be: a thread that stays for nothing, or descriptors of it. */
static void reactor_leaves(void **state)
{
    CredHandle credential = quick_credential();

    (void)state;
    settled_descriptors(&credential);
    assert_int_equal(reactors(), 1);
    scripted_eventually(reactors, 0);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, restore)
    const struct CMUnitTest tests[] = {
        TEST(synchronous_functions_wait_on_their_thread),
        TEST(synchronous_functions_are_resumed_by_others),
        TEST(synchronous_acquire_waits),
        TEST(call_goes_on_when_what_it_waits_for_has_come),
        TEST(call_is_resumed_by_others),
        TEST(acquire_waits),
        TEST(every_kind_of_delivery),
        TEST(waiting_calls_hold_no_thread_and_no_place),
        TEST(waiting_call_keeps_its_turn),
        TEST(thread_that_was_asked_for_is_another),
        TEST(cancelled_call_stops_at_once),
        TEST(freed_call_stops_at_once),
        TEST(deadline_stops_the_call),
        TEST(deadline_stops_ten_thousand),
        TEST(context_of_a_stopped_leg_can_only_be_deleted),
        TEST(delete_behind_a_stopped_leg_is_carried_out),
        TEST(fork_parts_with_what_waits),
        TEST(exit_waits_for_nothing_that_waits),
        TEST(reactor_leaves),
    };

    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
