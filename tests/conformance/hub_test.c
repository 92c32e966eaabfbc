/* SPDX-License-Identifier: MIT */
/* The flat face for bindings: the contracts of the async calls, with outputs that the call
 * owns. */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <sspi_hub.h>

#include "scripted.h"

/* A text and its size. */
#define TEXT(text) (text), strlen(text)

static void let_go(sspia_hub_bytes *bytes)
{
    sspia_hub_bytes_free(bytes->data);
    *bytes = (sspia_hub_bytes){NULL, 0};
}

/* Submits to no queue. */
static int32_t acquire(uint64_t call, const char *script)
{
    return sspia_hub_acquire(call, 0, 0, TEXT("Scripted"), TEXT(script), SECPKG_CRED_BOTH, NULL,
                             0);
}

static int32_t initialize(uint64_t call, uint64_t queue, uint64_t id, uint64_t credential,
                          uint64_t context, const char *script)
{
    return sspia_hub_initialize(call, queue, id, credential, context, TEXT(script), 0, "input",
                                5, NULL, 0, NULL, 0);
}

static sspia_hub_outcome finish(uint64_t call, int32_t submitted)
{
    sspia_hub_outcome outcome;

    assert_status(submitted, SEC_E_OK);
    sspia_hub_call_wait(call, PATIENCE_MS);
    assert_status(sspia_hub_call_take(call, &outcome), SEC_E_OK);
    return outcome;
}

static uint64_t make_credential(void)
{
    uint64_t call = sspia_hub_call_create();
    sspia_hub_outcome outcome =
        finish(call, acquire(call, "all: per-leg name=pr\xc3\xb6\x62\x65"));

    assert_status(outcome.status, SEC_E_OK);
    sspia_hub_call_free(call);
    return outcome.credential;
}

static uint64_t make_context(uint64_t credential)
{
    uint64_t call = sspia_hub_call_create();
    sspia_hub_outcome outcome = finish(call, initialize(call, 0, 0, credential, 0, "more"));

    assert_status(outcome.status, SEC_I_CONTINUE_NEEDED);
    let_go(&outcome.token);
    sspia_hub_call_free(call);
    return outcome.context;
}

/* Wrong would be: outputs that are missing, or given out twice. */
static void outcome_is_taken_once(void **state)
{
    uint64_t call = sspia_hub_call_create();
    uint64_t credential = make_credential(), context;
    sspia_hub_outcome outcome;

    (void)state;
    assert_status(sspia_hub_call_status(call), SEC_E_NO_CONTEXT);
    outcome = finish(call, initialize(call, 0, 0, credential, 0, "more token=7 extra=3"));
    assert_status(outcome.status, SEC_I_CONTINUE_NEEDED);
    assert_int_equal(outcome.token.size, 7);
    assert_memory_equal(outcome.token.data, "\1\1\1\1\1\1\1", 7);
    assert_int_equal(outcome.attributes, 0x12);
    assert_int_equal(outcome.extra, 3);
    assert_int_not_equal(outcome.context, 0);
    assert_int_equal(outcome.credential, 0);
    context = outcome.context;
    let_go(&outcome.token);
    assert_status(sspia_hub_call_take(call, &outcome), SEC_E_OK);
    assert_status(outcome.status, SEC_I_CONTINUE_NEEDED);
    assert_null(outcome.token.data);
    assert_int_equal(outcome.context, 0);

    assert_int_equal(sspia_hub_call_reinit(call), STATUS_SUCCESS);
    outcome = finish(
        call, initialize(call, 0, 0, 0, context, "status=SEC_E_INCOMPLETE_MESSAGE missing=9"));
    assert_status(outcome.status, SEC_E_INCOMPLETE_MESSAGE);
    assert_int_equal(outcome.missing, 9);
    assert_int_equal(outcome.context, 0); /* the caller has it already */
    let_go(&outcome.token);

    assert_int_equal(sspia_hub_call_reinit(call), STATUS_SUCCESS);
    assert_status(finish(call, sspia_hub_delete_context(call, 0, 0, context)).status, SEC_E_OK);
    assert_int_equal(sspia_hub_call_reinit(call), STATUS_SUCCESS);
    assert_status(finish(call, sspia_hub_delete_context(call, 0, 0, context)).status,
                  SEC_E_INVALID_HANDLE);
    assert_int_equal(sspia_hub_call_reinit(call), STATUS_SUCCESS);
    assert_status(finish(call, sspia_hub_free_credential(call, 0, 0, credential)).status,
                  SEC_E_OK);
    sspia_hub_call_free(call);
    assert_status(sspia_hub_call_take(call, &outcome), SEC_E_INVALID_HANDLE);
    assert_status(sspia_hub_call_status(call), SEC_E_INVALID_HANDLE);
}

/* Wrong would be: a credential, context or token that nobody can reach any more. */
static void what_is_not_taken_goes_with_the_call(void **state)
{
    uint64_t call = sspia_hub_call_create();
    uint64_t credential = make_credential();

    (void)state;
    assert_status(initialize(call, 0, 0, credential, 0, "token=1000"), SEC_E_OK);
    assert_status(sspia_hub_call_wait(call, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(scripted->live_contexts(), 1);
    /* A new submit lets go of what the one before brought. */
    assert_int_equal(sspia_hub_call_reinit(call), STATUS_SUCCESS);
    assert_status(acquire(call, "all: per-leg name=pr\xc3\xb6\x62\x65"), SEC_E_OK);
    assert_int_equal(scripted->live_contexts(), 0);
    assert_status(sspia_hub_call_wait(call, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(scripted->live_credentials(), 2);
    sspia_hub_call_free(call);
    assert_int_equal(scripted->live_credentials(), 1);
    assert_status(sspia_hub_free_credential_now(credential), SEC_E_OK);
}

/* Wrong would be: outputs written after the free, or a context that outlives it. */
static void free_while_pending_discards_the_outcome(void **state)
{
    uint64_t call = sspia_hub_call_create();
    uint64_t queue = sspia_hub_queue_create();
    uint64_t credential = make_credential();
    sspia_hub_completion completion;
    sspia_hub_outcome outcome;

    (void)state;
    assert_status(initialize(call, queue, 1, credential, 0, "block token=1000"), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(sspia_hub_call_take(call, &outcome), SEC_I_ASYNC_CALL_PENDING);
    assert_int_equal(sspia_hub_call_reinit(call), STATUS_DEVICE_BUSY);
    assert_status(acquire(call, "all: per-leg name=pr\xc3\xb6\x62\x65"),
                  SEC_E_INVALID_PARAMETER);
    sspia_hub_call_free(call);
    scripted->release(1);
    scripted_eventually(scripted->live_contexts, 0);
    assert_int_equal(sspia_hub_queue_take(queue, 20, &completion, 1), 0);
    assert_status(sspia_hub_free_credential_now(credential), SEC_E_OK);
    sspia_hub_queue_free(queue);
}

/* Wrong would be: a wait for the package, an outcome that comes all the same, no completion. */
static void cancel_completes_at_once_with_nothing(void **state)
{
    uint64_t call = sspia_hub_call_create();
    uint64_t queue = sspia_hub_queue_create();
    uint64_t credential = make_credential();
    sspia_hub_completion completion;
    sspia_hub_outcome outcome;
    sspia_hub_bytes text;

    (void)state;
    assert_status(initialize(call, queue, 5, credential, 0, "block"), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(sspia_hub_call_cancel(call), SEC_E_OK);
    assert_int_equal(sspia_hub_queue_take(queue, 0, &completion, 1), 1);
    assert_int_equal(completion.id, 5);
    assert_int_equal(completion.call, call);
    assert_status(completion.status, SEC_E_UNFINISHED_CONTEXT_DELETED);
    assert_status(sspia_hub_call_take(call, &outcome), SEC_E_OK);
    assert_int_equal(outcome.context, 0);
    assert_null(outcome.token.data);
    assert_status(sspia_hub_call_message(call, &text), SEC_E_OK);
    assert_true(text.size > 0);
    let_go(&text);
    scripted->release(1);
    scripted_eventually(scripted->live_contexts, 0);
    assert_int_equal(sspia_hub_queue_take(queue, 0, &completion, 1), 0);
    sspia_hub_call_free(call);
    assert_status(sspia_hub_free_credential_now(credential), SEC_E_OK);
    sspia_hub_queue_free(queue);
}

/* Wrong would be: ids or statuses of other calls, or one crossing for each completion. */
static void queue_gives_many_completions_at_once(void **state)
{
    uint64_t queue = sspia_hub_queue_create();
    uint64_t calls[100];
    sspia_hub_completion taken[100];
    struct pollfd poll_fd = {.fd = sspia_hub_queue_fd(queue), .events = POLLIN};
    bool seen[100] = {false};

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        calls[i] = sspia_hub_call_create();
        assert_status(sspia_hub_delete_context(calls[i], queue, 0xffffffff00000000u + i, 0),
                      SEC_E_OK);
        assert_status(sspia_hub_call_wait(calls[i], PATIENCE_MS), SEC_E_INVALID_HANDLE);
    }
    assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
    assert_int_equal(sspia_hub_queue_take(queue, 0, taken, 60), 60);
    assert_int_equal(sspia_hub_queue_take(queue, -1, taken + 60, 100), 40);
    assert_int_equal(poll(&poll_fd, 1, 0), 0);
    assert_int_equal(sspia_hub_queue_take(queue, 1, taken, 1), 0);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t number = taken[i].id - 0xffffffff00000000u;

        assert_true(number < 100 && !seen[number]);
        seen[number] = true;
        assert_int_equal(taken[i].call, calls[number]);
        assert_status(taken[i].status, SEC_E_INVALID_HANDLE);
        sspia_hub_call_free(calls[i]);
    }
    sspia_hub_queue_free(queue);
    assert_int_equal(sspia_hub_queue_fd(queue), -1);
}

static void *drain(void *queue)
{
    sspia_hub_completion completion;

    return (void *)(intptr_t)sspia_hub_queue_take(*(uint64_t *)queue, -1, &completion, 1);
}

/* Wrong would be: a thread that waits for ever on a queue that is no more. */
static void free_of_a_queue_wakes_who_waits(void **state)
{
    uint64_t queue = sspia_hub_queue_create(), copy = queue;
    pthread_t thread;
    void *result;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, drain, &copy), 0);
    usleep(10000);
    sspia_hub_queue_free(queue);
    pthread_join(thread, &result);
    assert_status((SECURITY_STATUS)(intptr_t)result, SEC_E_INVALID_HANDLE);
}

/* Wrong would be: a thread that cannot be interrupted, a wake that is lost because the thread
 * was on its way, or one that keeps a completion from somebody. */
static void wake_ends_takes(void **state)
{
    uint64_t queue = sspia_hub_queue_create();
    sspia_hub_completion completion;
    pthread_t thread;
    void *result;

    (void)state;
    /* Whether the thread sleeps already or not makes no difference. */
    for (int round = 0; round < 200; round++) {
        assert_int_equal(pthread_create(&thread, NULL, drain, &queue), 0);
        if (round % 2 == 0)
            sched_yield();
        sspia_hub_queue_wake(queue);
        pthread_join(thread, &result);
        assert_int_equal((intptr_t)result, 0);
    }
    sspia_hub_queue_wake(queue);
    sspia_hub_queue_wake(queue);
    assert_int_equal(sspia_hub_queue_take(queue, 0, &completion, 1), 0);
    assert_int_equal(sspia_hub_queue_take(queue, PATIENCE_MS, &completion, 1), 0);
    assert_status(sspia_hub_delete_context(0, queue, 1, 0), SEC_E_OK);
    assert_int_equal(sspia_hub_queue_take(queue, -1, &completion, 1), 1);

    sspia_hub_queue_wake(queue);
    assert_status(sspia_hub_delete_context(0, queue, 2, 0), SEC_E_OK);
    assert_int_equal(sspia_hub_queue_take(queue, -1, &completion, 1) +
                         sspia_hub_queue_take(queue, -1, &completion, 1),
                     1);
    assert_int_equal(completion.id, 2);
    sspia_hub_queue_free(queue);
    sspia_hub_queue_wake(queue);
}

struct crowd {
    uint64_t queue;
    uint64_t first;
};

#define EACH 5000

static void *submit_many(void *data)
{
    const struct crowd *crowd = data;

    for (uint64_t i = 0; i < EACH; i++) {
        if (i % 3 == 0)
            sspia_hub_delete_contexts(0, crowd->queue, crowd->first + i, NULL, 0);
        else
            sspia_hub_delete_context(0, crowd->queue, crowd->first + i, 0);
    }
    return NULL;
}

/* Wrong would be: completions that come without an edge after a take brought fewer than it
 * asked for, which a poller of edges would never hear of. */
static void pollers_of_edges_miss_nothing(void **state)
{
    enum { THREADS = 3, LOT = 16 };
    uint64_t queue = sspia_hub_queue_create();
    int fd = dup(sspia_hub_queue_fd(queue)), poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    sspia_hub_completion lot[LOT];
    struct crowd crowds[THREADS];
    pthread_t threads[THREADS];
    int32_t heard = 0, taken;

    (void)state;
    assert_int_equal(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        crowds[i] = (struct crowd){queue, i * EACH};
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &crowds[i]), 0);
    }
    while (heard < THREADS * EACH) {
        assert_int_equal(epoll_wait(poller, &event, 1, PATIENCE_MS), 1);
        do {
            taken = sspia_hub_queue_take(queue, 0, lot, LOT);
            assert_true(taken >= 0);
            heard += taken;
        } while (taken == LOT);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    close(poller);
    close(fd);
    sspia_hub_queue_free(queue);
}

struct race {
    uint64_t call, queue, id;
    atomic_int *accepted;
    atomic_ullong *accepted_id;
};

static void *submit_one(void *data)
{
    struct race *race = data;

    if (sspia_hub_delete_context(race->call, race->queue, race->id, 0) == SEC_E_OK) {
        atomic_fetch_add(race->accepted, 1);
        atomic_store(race->accepted_id, race->id);
    }
    return NULL;
}

/* Wrong would be: the id of a submit that was refused. */
static void completion_has_the_id_of_the_submit_that_was_accepted(void **state)
{
    uint64_t queue = sspia_hub_queue_create();

    (void)state;
    for (int round = 0; round < 200; round++) {
        uint64_t call = sspia_hub_call_create();
        atomic_int accepted = 0;
        atomic_ullong accepted_id = 0;
        struct race races[3];
        pthread_t threads[3];
        sspia_hub_completion completion;

        for (unsigned i = 0; i < 3; i++) {
            races[i] = (struct race){call, queue, 10 + i, &accepted, &accepted_id};
            assert_int_equal(pthread_create(&threads[i], NULL, submit_one, &races[i]), 0);
        }
        for (unsigned i = 0; i < 3; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(accepted, 1);
        assert_int_equal(sspia_hub_queue_take(queue, PATIENCE_MS, &completion, 1), 1);
        assert_int_equal(completion.id, accepted_id);
        sspia_hub_call_free(call);
    }
    sspia_hub_queue_free(queue);
}

/* Wrong would be: a number that a double cannot hold, once a slot has been used often. */
static void numbers_stay_exact_in_a_double(void **state)
{
    uint64_t call = 0;

    (void)state;
    for (int i = 0; i < 600000; i++) {
        call = sspia_hub_call_create();
        assert_true(call != 0 && call < (uint64_t)1 << 53);
        assert_int_equal(sspia_hub_call_status((uint64_t)(double)call), SEC_E_NO_CONTEXT);
        sspia_hub_call_free(call);
    }
    assert_int_equal(sspia_hub_call_status(call), SEC_E_INVALID_HANDLE);
}

/* Wrong would be: anything but a status. */
static void numbers_that_are_no_handles_are_refused(void **state)
{
    uint64_t call = sspia_hub_call_create();
    uint64_t queue = sspia_hub_queue_create();
    uint64_t credential = make_credential();
    uint64_t context = make_context(credential);
    const uint64_t numbers[] = {0,    1,     ~(uint64_t)0, 0x1234567812345678,
                                call, queue, credential};
    sspia_hub_completion completion;
    sspia_hub_bytes bytes = {NULL, 0};
    size_t used;
    uint32_t qop;
    int64_t number;

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint64_t wrong = numbers[i];

        assert_status(sspia_hub_delete_context_now(wrong), SEC_E_INVALID_HANDLE);
        assert_status(sspia_hub_sign(wrong, "x", 1, &bytes), SEC_E_INVALID_HANDLE);
        assert_status(sspia_hub_verify(wrong, "x", 1, "y", 1), SEC_E_INVALID_HANDLE);
        assert_status(sspia_hub_encrypt(wrong, 0, "x", 1, &bytes), SEC_E_INVALID_HANDLE);
        assert_status(sspia_hub_decrypt(wrong, "x", 1, &bytes, &qop, &used),
                      SEC_E_INVALID_HANDLE);
        assert_status(sspia_hub_control(wrong, "x", 1), SEC_E_INVALID_HANDLE);
        assert_status(sspia_hub_export_context(wrong, 0, &bytes), SEC_E_INVALID_HANDLE);
        assert_status(sspia_hub_query_number(wrong, SECPKG_ATTR_SIZES, 0, &number),
                      SEC_E_INVALID_HANDLE);
        if (wrong != call) {
            assert_status(acquire(wrong, "all: per-leg"), SEC_E_INVALID_HANDLE);
            assert_status(sspia_hub_call_wait(wrong, 0), SEC_E_INVALID_HANDLE);
            assert_status(sspia_hub_call_cancel(wrong), SEC_E_INVALID_HANDLE);
            assert_int_equal(sspia_hub_call_reinit(wrong), STATUS_INVALID_HANDLE);
            sspia_hub_call_free(wrong);
        }
        if (wrong != queue) {
            assert_status(sspia_hub_queue_take(wrong, 0, &completion, 1), SEC_E_INVALID_HANDLE);
            sspia_hub_queue_free(wrong);
        }
        if (wrong != queue && wrong != 0)
            assert_status(sspia_hub_delete_context(call, wrong, 1, context),
                          SEC_E_INVALID_HANDLE);
        if (wrong != credential)
            assert_status(sspia_hub_free_credential_now(wrong), SEC_E_INVALID_HANDLE);
    }
    assert_null(bytes.data);
    assert_int_equal(scripted->live_contexts(), 1);
    assert_status(sspia_hub_delete_context_now(context), SEC_E_OK);
    assert_status(sspia_hub_delete_context_now(context), SEC_E_OK); /* was one */
    assert_status(sspia_hub_free_credential_now(credential), SEC_E_OK);
    sspia_hub_call_free(call);
    sspia_hub_queue_free(queue);
}

/* Wrong would be: a name that is cut short at a NUL, or read beyond its size. */
static void text_is_used_whole_or_not_at_all(void **state)
{
    static const char nul[] = "all: name=ab\0evil";
    uint64_t call = sspia_hub_call_create();
    uint64_t credential = make_credential();
    uint64_t context;
    sspia_hub_outcome outcome;
    sspia_hub_bytes text;
    int64_t number;

    (void)state;
    assert_status(sspia_hub_acquire(call, 0, 0, TEXT("Scripted"), nul, sizeof(nul) - 1,
                                    SECPKG_CRED_BOTH, NULL, 0),
                  SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_last_message(&text), SEC_E_OK);
    assert_non_null(memmem(text.data, text.size, "principal", 9));
    sspia_hub_bytes_free(text.data);
    assert_status(
        sspia_hub_acquire(call, 0, 0, "Scripted\0x", 10, NULL, 0, SECPKG_CRED_BOTH, NULL, 0),
        SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_initialize(call, 0, 0, credential, 0, nul, sizeof(nul) - 1, 0, NULL,
                                       0, NULL, 0, NULL, 0),
                  SEC_E_INVALID_PARAMETER);
    assert_status(
        sspia_hub_initialize(call, 0, 0, credential, 0, NULL, 3, 0, NULL, 0, NULL, 0, NULL, 0),
        SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_initialize(call, 0, 0, credential, 0, TEXT("\xed\xa0\xbd"), 0, NULL,
                                       0, NULL, 0, NULL, 0),
                  SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_import_context(nul, sizeof(nul) - 1, "x", 1, &context),
                  SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_package_number("NTLM\0", 5, 0, &number), SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_package_text("NTLM\0", 5, 0, &text), SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_package_add("scripted\0", 9), SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_package_turn_off("NTLM\0", 5), SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_call_status(call), SEC_E_NO_CONTEXT);

    /* Beyond U+FFFF, and no final zero. */
    assert_status(sspia_hub_free_credential_now(credential), SEC_E_OK);
    outcome = finish(call, sspia_hub_acquire(call, 0, 0, "Scripted!", 8,
                                             "all: per-leg name=\xf0\x9f\x94\x91!", 22,
                                             SECPKG_CRED_BOTH, NULL, 0));
    assert_status(outcome.status, SEC_E_OK);
    credential = outcome.credential;
    context = make_context(credential);
    assert_status(sspia_hub_query_text(context, SECPKG_ATTR_NAMES, 0, &text), SEC_E_OK);
    assert_int_equal(text.size, 4);
    assert_memory_equal(text.data, "\xf0\x9f\x94\x91", 4);
    sspia_hub_bytes_free(text.data);
    assert_status(sspia_hub_delete_context_now(context), SEC_E_OK);
    assert_status(sspia_hub_free_credential_now(credential), SEC_E_OK);
    sspia_hub_call_free(call);
}

static void statuses_and_version_have_names(void **state)
{
    (void)state;
    assert_string_equal(sspia_hub_status_name(SEC_E_INVALID_HANDLE), "SEC_E_INVALID_HANDLE");
    assert_true(strlen(sspia_hub_status_text(SEC_E_INVALID_HANDLE)) > 0);
    assert_string_equal(sspia_hub_version(), sspia_version());
    sspia_hub_bytes_free(NULL);
}

/* Wrong would be: local time, which Windows time stamps hold. */
static void expiry_is_utc(void **state)
{
    uint64_t call = sspia_hub_call_create();
    sspia_hub_outcome outcome;
    char *zone = getenv("TZ");

    (void)state;
    zone = zone != NULL ? strdup(zone) : NULL;
    setenv("TZ", "XXX-5:30", 1);
    tzset();
    outcome = finish(call, acquire(call, "acquire: expiry=1000000000"));
    assert_int_equal(outcome.expiry, 1000000000);
    assert_status(sspia_hub_free_credential_now(outcome.credential), SEC_E_OK);
    sspia_hub_call_reinit(call);
    outcome = finish(call, acquire(call, "all: name=x"));
    assert_int_equal(outcome.expiry, -1); /* never */
    assert_status(sspia_hub_free_credential_now(outcome.credential), SEC_E_OK);
    if (zone != NULL)
        setenv("TZ", zone, 1);
    else
        unsetenv("TZ");
    tzset();
    free(zone);
    sspia_hub_call_free(call);
}

/* Wrong would be: a crash, or an identity that is half understood. */
static void malformed_identities_are_refused(void **state)
{
    static const struct {
        const char *pairs;
        size_t size;
    } wrong[] = {
        {"user", 4}, {"user", 5}, {"user\0alice", 10}, {"shoe\0size", 10}, {"", 1}, {NULL, 3},
    };
    uint64_t call = sspia_hub_call_create();

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_status(sspia_hub_acquire(call, 0, 0, TEXT("Scripted"), NULL, 0, SECPKG_CRED_BOTH,
                                        wrong[i].pairs, wrong[i].size),
                      SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_acquire(call, 0, 0, NULL, 0, NULL, 0, SECPKG_CRED_BOTH, NULL, 0),
                  SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_call_status(call), SEC_E_NO_CONTEXT);
    sspia_hub_call_free(call);
}

static void names_and_messages_are_text(void **state)
{
    uint64_t call = sspia_hub_call_create();
    uint64_t credential = make_credential();
    uint64_t context = make_context(credential);
    sspia_hub_bytes text;
    int64_t number;
    bool found = false;

    (void)state;
    assert_status(sspia_hub_query_text(context, SECPKG_ATTR_NAMES, 0, &text), SEC_E_OK);
    assert_int_equal(text.size, 6);
    assert_memory_equal(text.data, "pr\xc3\xb6\x62\x65", 6);
    let_go(&text);
    assert_status(sspia_hub_query_text(context, SECPKG_ATTR_PACKAGE_INFO, 0, &text), SEC_E_OK);
    assert_memory_equal(text.data, "Scripted", text.size);
    let_go(&text);
    assert_status(sspia_hub_query_number(context, SECPKG_ATTR_PACKAGE_INFO, 3, &number),
                  SEC_E_OK);
    assert_int_equal(number, 65536);
    assert_status(sspia_hub_query_number(context, SECPKG_ATTR_PACKAGE_INFO, 4, &number),
                  SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_query_text(context, SECPKG_ATTR_SIZES, 0, &text),
                  SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_query_bytes(context, SECPKG_ATTR_SESSION_KEY, &text),
                  SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(sspia_hub_last_message(&text), SEC_E_OK);
    assert_true(text.size > 9 && memcmp(text.data, "Scripted ", 9) == 0);
    let_go(&text);

    assert_status(
        finish(call, acquire(call, "acquire: status=SEC_E_LOGON_DENIED say=no")).status,
        SEC_E_LOGON_DENIED);
    assert_status(sspia_hub_call_message(call, &text), SEC_E_OK);
    assert_true(text.size > 2 && memcmp((char *)text.data + text.size - 2, "no", 2) == 0);
    let_go(&text);

    assert_status(sspia_hub_packages(&text), SEC_E_OK);
    for (char *name = text.data; name < (char *)text.data + text.size; name += strlen(name) + 1)
        found = found || strcmp(name, "Scripted") == 0;
    assert_true(found);
    let_go(&text);
    assert_status(sspia_hub_package_text(TEXT("Scripted"), 1, &text), SEC_E_OK);
    let_go(&text);
    assert_status(sspia_hub_package_text(TEXT("Scripted"), 2, &text), SEC_E_OK);
    assert_int_equal(text.size, 0); /* it has no object identifier */
    let_go(&text);
    assert_status(sspia_hub_package_text(TEXT("Scripted"), 3, &text), SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_package_number(TEXT("Nothing"), 0, &number),
                  SEC_E_SECPKG_NOT_FOUND);
    assert_true(sspia_hub_pool_count(4) > 0);
    assert_int_equal(sspia_hub_pool_count(6), -1);

    sspia_hub_call_free(call);
    assert_status(sspia_hub_delete_context_now(context), SEC_E_OK);
    assert_status(sspia_hub_free_credential_now(credential), SEC_E_OK);
}

static uint64_t ntlm_credential(uint32_t use, const char *identity, size_t size)
{
    uint64_t call = sspia_hub_call_create();
    sspia_hub_outcome outcome;

    outcome =
        finish(call, sspia_hub_acquire(call, 0, 0, TEXT("NTLM"), NULL, 0, use, identity, size));
    assert_status(outcome.status, SEC_E_OK);
    sspia_hub_call_free(call);
    return outcome.credential;
}

/* Both sides of NTLM, with no SecBuffer in sight; messages as a user of the hub has them. */
static void messages_pass_between_two_sides(void **state)
{
    static const char alice[] = "user\0alice\0domain\0TEST\0password\0secret";
    static const char payload[] = "hello";
    char path[] = "/tmp/hub_test.XXXXXX", server[64];
    int fd = mkstemp(path), length;
    uint64_t call = sspia_hub_call_create(), ours, theirs, client = 0, acceptor = 0, copy;
    sspia_hub_outcome from_client = {.status = SEC_I_CONTINUE_NEEDED}, from_server = {0};
    sspia_hub_bytes sealed, plain, signature;
    size_t used;
    uint32_t qop;
    int64_t number;

    (void)state;
    if (sspia_hub_package_number(TEXT("NTLM"), 0, &number) != SEC_E_OK)
        skip();
    assert_int_equal(write(fd, "TEST:alice:secret\n", 18), 18);
    close(fd);
    length = snprintf(server, sizeof(server), "ntlm_user_file%c%s", 0, path) + 1;
    ours = ntlm_credential(SECPKG_CRED_OUTBOUND, alice, sizeof(alice));
    theirs = ntlm_credential(SECPKG_CRED_INBOUND, server, (size_t)length);
    for (int leg = 0; leg < 2; leg++) {
        from_client =
            finish(call, sspia_hub_initialize(call, 0, 0, ours, client, TEXT("HTTP/localhost"),
                                              ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY,
                                              from_server.token.data, from_server.token.size,
                                              "tls-unique:x", 12, NULL, 0));
        if (leg == 0)
            client = from_client.context;
        else
            let_go(&from_server.token);
        sspia_hub_call_reinit(call);
        from_server = finish(
            call, sspia_hub_accept(call, 0, 0, theirs, acceptor, 0, from_client.token.data,
                                   from_client.token.size, "tls-unique:x", 12, NULL, 0));
        if (leg == 0)
            acceptor = from_server.context;
        sspia_hub_call_reinit(call);
        let_go(&from_client.token);
    }
    assert_status(from_client.status, SEC_E_OK);
    assert_status(from_server.status, SEC_E_OK);
    assert_null(from_server.token.data);

    assert_status(sspia_hub_encrypt(client, 0, payload, 5, &sealed), SEC_E_OK);
    assert_int_equal(sealed.size, 16 + 5);
    assert_status(sspia_hub_decrypt(acceptor, sealed.data, sealed.size, &plain, &qop, &used),
                  SEC_E_OK);
    assert_int_equal(used, sealed.size);
    assert_int_equal(plain.size, 5);
    assert_memory_equal(plain.data, payload, 5);
    let_go(&plain);
    let_go(&sealed);
    assert_status(sspia_hub_sign(acceptor, payload, 5, &signature), SEC_E_OK);
    assert_status(sspia_hub_verify(client, payload, 5, signature.data, signature.size),
                  SEC_E_OK);
    let_go(&signature);
    assert_status(sspia_hub_encrypt(acceptor, 0, payload, 5, &sealed), SEC_E_OK);
    ((char *)sealed.data)[sealed.size - 1] ^= 1;
    assert_status(sspia_hub_decrypt(client, sealed.data, sealed.size, &plain, &qop, &used),
                  SEC_E_MESSAGE_ALTERED);
    let_go(&sealed);
    assert_status(sspia_hub_query_bytes(client, SECPKG_ATTR_SESSION_KEY, &plain), SEC_E_OK);
    assert_int_equal(plain.size, 16);
    let_go(&plain);
    assert_status(sspia_hub_query_number(client, SECPKG_ATTR_SIZES, 3, &number), SEC_E_OK);
    assert_int_equal(number, 16);
    assert_status(sspia_hub_query_text(acceptor, SECPKG_ATTR_NAMES, 0, &plain), SEC_E_OK);
    assert_memory_equal(plain.data, "TEST\\alice", plain.size);
    let_go(&plain);
    assert_status(sspia_hub_export_context(client, 0, &sealed), SEC_E_OK);
    assert_status(sspia_hub_import_context(TEXT("NTLM"), sealed.data, sealed.size, &copy),
                  SEC_E_OK);
    assert_int_not_equal(copy, client);
    let_go(&sealed);
    assert_status(sspia_hub_import_context(TEXT("NTLM"), payload, 5, &copy),
                  SEC_E_INVALID_TOKEN);

    assert_status(sspia_hub_delete_context_now(copy), SEC_E_OK);
    assert_status(sspia_hub_delete_context_now(client), SEC_E_OK);
    assert_status(sspia_hub_delete_context_now(acceptor), SEC_E_OK);
    assert_status(sspia_hub_free_credential_now(ours), SEC_E_OK);
    assert_status(sspia_hub_free_credential_now(theirs), SEC_E_OK);
    sspia_hub_call_free(call);
    unlink(path);
}

static sspia_hub_completion take_one(uint64_t queue)
{
    sspia_hub_completion completion = {0};

    assert_int_equal(sspia_hub_queue_take(queue, PATIENCE_MS, &completion, 1), 1);
    return completion;
}

/* Wrong would be: a completion that names a call which the caller never had, or none at all. */
static void deletes_and_frees_need_no_call(void **state)
{
    uint64_t queue = sspia_hub_queue_create();
    uint64_t credential = make_credential(), context = make_context(credential);
    sspia_hub_completion completion;

    (void)state;
    for (uint64_t id = 1; id <= 2; id++) { /* alive, then dead */
        assert_status(sspia_hub_delete_context(0, queue, id, context), SEC_E_OK);
        completion = take_one(queue);
        assert_int_equal(completion.call, 0);
        assert_int_equal(completion.id, id);
        assert_status(completion.status, id == 1 ? SEC_E_OK : SEC_E_INVALID_HANDLE);
        assert_int_equal(scripted->live_contexts(), 0);
    }
    for (uint64_t id = 3; id <= 4; id++) {
        assert_status(sspia_hub_free_credential(0, queue, id, credential), SEC_E_OK);
        completion = take_one(queue);
        assert_int_equal(completion.call, 0);
        assert_int_equal(completion.id, id);
        assert_status(completion.status, id == 3 ? SEC_E_OK : SEC_E_INVALID_HANDLE);
        assert_int_equal(scripted->live_credentials(), 0);
    }
    assert_int_equal(sspia_hub_queue_take(queue, 0, &completion, 1), 0);
    sspia_hub_queue_free(queue);
}

/* Wrong would be: a delete that is not carried out because nobody is to hear of it. */
static void deletes_need_neither_call_nor_queue(void **state)
{
    uint64_t credential = make_credential(), contexts[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        contexts[i] = make_context(credential);
    assert_status(sspia_hub_delete_context(0, 0, 1, contexts[0]), SEC_E_OK);
    assert_status(sspia_hub_delete_contexts(0, 0, 2, &contexts[1], 16), SEC_E_OK);
    scripted_eventually(scripted->live_contexts, 0);
    assert_status(sspia_hub_free_credential(0, 0, 3, credential), SEC_E_OK);
    scripted_eventually(scripted->live_credentials, 0);
}

/* Wrong would be: a call whose outcome nobody could ever take. */
static void all_but_deletes_and_frees_need_a_call(void **state)
{
    uint64_t queue = sspia_hub_queue_create();
    uint64_t credential = make_credential(), context = make_context(credential);
    sspia_hub_completion completion;
    sspia_hub_bytes text;
    int legs = scripted->legs();

    (void)state;
    assert_status(
        sspia_hub_acquire(0, queue, 1, TEXT("Scripted"), "", 0, SECPKG_CRED_BOTH, NULL, 0),
        SEC_E_INVALID_HANDLE);
    assert_status(initialize(0, queue, 2, credential, 0, "more"), SEC_E_INVALID_HANDLE);
    assert_status(sspia_hub_last_message(&text), SEC_E_OK);
    assert_true(text.size > 0);
    let_go(&text);
    assert_status(initialize(0, queue, 3, 0, context, "more"), SEC_E_INVALID_HANDLE);
    assert_status(sspia_hub_accept(0, queue, 4, credential, 0, 0, "more", 4, NULL, 0, NULL, 0),
                  SEC_E_INVALID_HANDLE);
    assert_int_equal(sspia_hub_queue_take(queue, 20, &completion, 1), 0);
    assert_int_equal(scripted->legs(), legs);
    assert_status(sspia_hub_delete_context_now(context), SEC_E_OK);
    assert_status(sspia_hub_free_credential_now(credential), SEC_E_OK);
    sspia_hub_queue_free(queue);
}

/* Wrong would be: numbers that must be aligned, that are read later, or a status of one. */
static void many_contexts_are_deleted_by_one_call(void **state)
{
    enum { MANY = 150 };
    uint64_t queue = sspia_hub_queue_create(), call = sspia_hub_call_create();
    uint64_t credential = make_credential();
    unsigned char *bytes = malloc(1 + MANY * 8);
    sspia_hub_completion completion;

    (void)state;
    for (uint64_t round = 0; round < 4; round++) {
        for (size_t i = 0; i < MANY; i++) {
            uint64_t context = round == 3 && i == 7 ? credential : make_context(credential);

            memcpy(bytes + 1 + i * 8, &context, 8);
        }
        assert_status(sspia_hub_delete_contexts(round % 2 == 0 ? call : 0, queue, round,
                                                bytes + 1, MANY * 8),
                      SEC_E_OK);
        memset(bytes, 0xA5, 1 + MANY * 8);
        completion = take_one(queue);
        assert_int_equal(completion.call, round % 2 == 0 ? call : 0);
        assert_int_equal(completion.id, round);
        assert_status(completion.status, round == 3 ? SEC_E_INVALID_HANDLE : SEC_E_OK);
        assert_int_equal(scripted->live_contexts(), 0);
        sspia_hub_call_reinit(call);
    }
    assert_status(sspia_hub_delete_contexts(call, queue, 9, NULL, 0), SEC_E_OK);
    assert_status(take_one(queue).status, SEC_E_OK);
    free(bytes);
    assert_status(sspia_hub_free_credential_now(credential), SEC_E_OK);
    sspia_hub_call_free(call);
    sspia_hub_queue_free(queue);
}

/* Wrong would be: half a number taken for one, or a context that a refused submit deletes. */
static void refused_deletes_of_many_delete_none(void **state)
{
    uint64_t queue = sspia_hub_queue_create(), dead_queue = sspia_hub_queue_create();
    uint64_t call = sspia_hub_call_create(), dead_call = sspia_hub_call_create();
    uint64_t credential = make_credential();
    uint64_t contexts[2] = {make_context(credential), make_context(credential)};
    sspia_hub_completion completion;
    sspia_hub_outcome outcome;
    sspia_hub_bytes text;
    char message[256];

    (void)state;
    sspia_hub_queue_free(dead_queue);
    sspia_hub_call_free(dead_call);
    for (size_t size = 1; size < 16; size++) {
        if (size % 8 != 0)
            assert_status(sspia_hub_delete_contexts(call, queue, 1, contexts, size),
                          SEC_E_INVALID_PARAMETER);
    }
    assert_status(sspia_hub_delete_contexts(call, queue, 1, NULL, 8), SEC_E_INVALID_PARAMETER);
    assert_status(sspia_hub_delete_contexts(dead_call, queue, 1, contexts, 16),
                  SEC_E_INVALID_HANDLE);
    assert_status(sspia_hub_delete_contexts(credential, queue, 1, contexts, 16),
                  SEC_E_INVALID_HANDLE);
    assert_status(sspia_hub_delete_contexts(call, 12345, 1, contexts, 16),
                  SEC_E_INVALID_HANDLE);
    assert_status(sspia_hub_delete_contexts(call, dead_queue, 1, contexts, 16),
                  SEC_E_INVALID_HANDLE);
    assert_status(sspia_hub_last_message(&text), SEC_E_OK);
    snprintf(message, sizeof(message), "%.*s", (int)text.size, (char *)text.data);
    assert_non_null(strstr(message, "the queue is not alive"));
    let_go(&text);
    assert_status(sspia_hub_call_status(call), SEC_E_NO_CONTEXT);

    /* A call that is busy keeps what it is busy with, and where that goes. */
    assert_status(initialize(call, queue, 5, credential, 0, "block"), SEC_E_OK);
    assert_status(sspia_hub_delete_contexts(call, 0, 6, contexts, 16), SEC_E_INVALID_PARAMETER);
    scripted->release(1);
    completion = take_one(queue);
    assert_int_equal(completion.id, 5);
    assert_int_equal(completion.call, call);
    assert_int_equal(scripted->live_contexts(), 3);
    assert_status(sspia_hub_call_take(call, &outcome), SEC_E_OK);
    let_go(&outcome.token);
    assert_status(sspia_hub_delete_context_now(outcome.context), SEC_E_OK);
    sspia_hub_call_reinit(call);
    assert_status(sspia_hub_delete_contexts(call, queue, 7, contexts, 16), SEC_E_OK);
    completion = take_one(queue);
    assert_int_equal(completion.id, 7);
    assert_status(completion.status, SEC_E_OK);
    assert_int_equal(scripted->live_contexts(), 0);
    assert_status(sspia_hub_free_credential_now(credential), SEC_E_OK);
    sspia_hub_call_free(call);
    sspia_hub_queue_free(queue);
}

/* Wrong would be: the memory of the library's own calls, lost with the queue. */
static void queue_may_be_freed_before_calls_of_nobody_end(void **state)
{
    uint64_t credential = make_credential(), context;
    uint64_t queue = sspia_hub_queue_create();

    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        context = make_context(credential);
        assert_status(sspia_hub_delete_contexts(0, queue, i, &context, 8), SEC_E_OK);
        if (i % 10 == 9) {
            sspia_hub_queue_free(queue);
            queue = sspia_hub_queue_create();
        }
    }
    sspia_hub_queue_free(queue);
    scripted_eventually(scripted->live_contexts, 0);
    assert_status(sspia_hub_free_credential_now(credential), SEC_E_OK);
}

static int threads_at_work(void)
{
    return (int)(sspia_hub_pool_count(0) - sspia_hub_pool_count(1));
}

/* A thread lets go of what its call used after the call is seen to be complete. */
static int everything_is_let_go(void **state)
{
    scripted_eventually(threads_at_work, 0);
    return scripted_nothing_is_left(state);
}

#define TEST(name) cmocka_unit_test_teardown(name, everything_is_let_go)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(outcome_is_taken_once),
        TEST(what_is_not_taken_goes_with_the_call),
        TEST(free_while_pending_discards_the_outcome),
        TEST(cancel_completes_at_once_with_nothing),
        TEST(queue_gives_many_completions_at_once),
        TEST(free_of_a_queue_wakes_who_waits),
        TEST(wake_ends_takes),
        TEST(pollers_of_edges_miss_nothing),
        TEST(completion_has_the_id_of_the_submit_that_was_accepted),
        TEST(numbers_stay_exact_in_a_double),
        TEST(numbers_that_are_no_handles_are_refused),
        TEST(text_is_used_whole_or_not_at_all),
        TEST(statuses_and_version_have_names),
        TEST(expiry_is_utc),
        TEST(malformed_identities_are_refused),
        TEST(names_and_messages_are_text),
        TEST(messages_pass_between_two_sides),
        TEST(deletes_and_frees_need_no_call),
        TEST(deletes_need_neither_call_nor_queue),
        TEST(all_but_deletes_and_frees_need_a_call),
        TEST(many_contexts_are_deleted_by_one_call),
        TEST(refused_deletes_of_many_delete_none),
        TEST(queue_may_be_freed_before_calls_of_nobody_end),
    };

    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
