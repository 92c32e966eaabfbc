/* SPDX-License-Identifier: MIT */
/* The contract of the async context (docs/contracts.md, "Async context" and "Memory"). */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "scripted.h"

struct notice {
    sem_t came;
    atomic_int count;
    SspiAsyncContext *async;
    SECURITY_STATUS status;
    void (*then)(struct notice *notice, SspiAsyncContext *async);
    void *data;
};

static void on_complete(SspiAsyncContext *async, void *data)
{
    struct notice *notice = data;

    notice->async = async;
    notice->status = SspiGetAsyncCallStatus(async);
    if (notice->then != NULL)
        notice->then(notice, async);
    atomic_fetch_add(&notice->count, 1);
    sem_post(&notice->came);
}

static void notice_start(struct notice *notice)
{
    memset(notice, 0, sizeof(*notice));
    sem_init(&notice->came, 0, 0);
}

static void wait_notice(struct notice *notice)
{
    struct timespec deadline;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += PATIENCE_MS / 1000;
    assert_int_equal(sem_timedwait(&notice->came, &deadline), 0);
}

static SspiAsyncContext *create(struct notice *notice)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();

    assert_non_null(async);
    if (notice != NULL) {
        notice_start(notice);
        assert_status(SspiSetAsyncNotifyCallback(async, on_complete, notice), SEC_E_OK);
    }
    return async;
}

/* Wrong would be: a status other than NO_CONTEXT, PENDING and the call's own, in this order. */
static void status_goes_from_none_to_pending_to_final(void **state)
{
    SspiAsyncContext *async = create(NULL);
    CredHandle credential;

    (void)state;
    assert_status(SspiGetAsyncCallStatus(async), SEC_E_NO_CONTEXT);
    assert_status(scripted_submit_acquire(async, "block", &credential), SEC_E_OK);
    assert_status(SspiGetAsyncCallStatus(async), SEC_I_ASYNC_CALL_PENDING);
    assert_false(SecIsValidHandle(&credential));
    scripted->release(1);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    assert_status(SspiGetAsyncCallStatus(async), SEC_E_OK);
    assert_true(SecIsValidHandle(&credential));
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    assert_status(SspiGetAsyncCallStatus(async), SEC_E_NO_CONTEXT);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    SspiFreeAsyncContext(async);
}

/* Wrong would be: a failing call whose status or message is not what the package said. */
static void failure_has_the_packages_status_and_message(void **state)
{
    SspiAsyncContext *async = create(NULL);
    CredHandle credential;
    char message[512];

    (void)state;
    assert_status(
        scripted_submit_acquire(async, "status=8009030C say=reason-of-the-script", &credential),
        SEC_E_OK);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_LOGON_DENIED);
    assert_false(SecIsValidHandle(&credential));
    assert_true(sspia_async_message(async, message, sizeof(message)) > 0);
    assert_string_equal(message, "Scripted AcquireCredentialsHandle: SEC_E_LOGON_DENIED: "
                                 "reason-of-the-script");
    /* Cut, terminated, and the whole length told. */
    assert_int_equal(sspia_async_message(async, message, 6),
                     strlen("Scripted AcquireCredentials"
                            "Handle: SEC_E_LOGON_DENIED: reason-of-the-script"));
    assert_string_equal(message, "Scrip");
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    assert_int_equal(sspia_async_message(async, message, sizeof(message)), 0);
    assert_string_equal(message, "");
    SspiFreeAsyncContext(async);
}

/* Wrong would be: a second call accepted before reinit, or a refused one that notifies. */
static void submit_needs_an_idle_context(void **state)
{
    struct notice notice;
    SspiAsyncContext *async = create(&notice);
    CredHandle credential, other;

    (void)state;
    assert_status(scripted_submit_acquire(async, "block", &credential), SEC_E_OK);
    assert_status(scripted_submit_acquire(async, "", &other), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_DEVICE_BUSY);
    assert_status(SspiSetAsyncNotifyCallback(async, NULL, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(sspia_async_set_queue(async, NULL), SEC_E_INVALID_PARAMETER);
    scripted->release(1);
    wait_notice(&notice);
    assert_status(scripted_submit_acquire(async, "", &other), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    assert_status(SspiFreeCredentialsHandleAsync(async, &credential), SEC_E_OK);
    wait_notice(&notice);
    assert_status(notice.status, SEC_E_OK);
    assert_int_equal(atomic_load(&notice.count), 2);
    SspiFreeAsyncContext(async);
    sem_destroy(&notice.came);
}

/* Wrong would be: a callback after a submit that was refused for its arguments. */
static void refused_submit_never_notifies(void **state)
{
    struct notice notice;
    SspiAsyncContext *async = create(&notice);
    char package[] = SSPIA_SCRIPTED_NAME;
    SecBufferDesc bad = {7, 1, NULL};
    CredHandle credential = scripted_credential();
    CtxtHandle context;

    (void)state;
    assert_status(SspiAcquireCredentialsHandleAsyncA(async, NULL, NULL, SECPKG_CRED_OUTBOUND,
                                                     NULL, NULL, NULL, NULL, &credential, NULL),
                  SEC_E_INVALID_PARAMETER);
    assert_status(SspiAcquireCredentialsHandleAsyncA(async, NULL, package, 0, NULL, NULL, NULL,
                                                     NULL, &credential, NULL),
                  SEC_E_INVALID_PARAMETER);
    assert_status(SspiAcquireCredentialsHandleAsyncA(async, NULL, package, SECPKG_CRED_OUTBOUND,
                                                     NULL, NULL, NULL, NULL, NULL, NULL),
                  SEC_E_INVALID_PARAMETER);
    assert_status(SspiInitializeSecurityContextAsyncA(async, &credential, NULL, NULL, 0, 0, 0,
                                                      &bad, 0, &context, NULL, NULL, NULL),
                  SEC_E_INVALID_PARAMETER);
    assert_status(SspiInitializeSecurityContextAsyncA(async, &credential, NULL, NULL, 0, 0, 0,
                                                      NULL, 0, NULL, NULL, NULL, NULL),
                  SEC_E_INVALID_PARAMETER);
    assert_status(SspiDeleteSecurityContextAsync(async, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiFreeCredentialsHandleAsync(async, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiGetAsyncCallStatus(async), SEC_E_NO_CONTEXT);
    /* A call that is accepted still works, and its notice is the only one. */
    assert_status(SspiFreeCredentialsHandleAsync(async, &credential), SEC_E_OK);
    wait_notice(&notice);
    assert_int_equal(atomic_load(&notice.count), 1);
    SspiFreeAsyncContext(async);
    sem_destroy(&notice.came);
}

/* Wrong would be: a dead handle reported by the submit, where nobody can be notified. */
static void dead_handles_show_in_the_status(void **state)
{
    struct notice notice;
    SspiAsyncContext *async = create(&notice);
    CredHandle credential = scripted_credential(), dead = credential;
    struct scripted_leg leg;

    (void)state;
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_status(scripted_submit_leg(async, &dead, NULL, "", &leg), SEC_E_OK);
    wait_notice(&notice);
    assert_status(notice.status, SEC_E_INVALID_HANDLE);
    assert_false(SecIsValidHandle(&leg.context));
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    assert_status(SspiFreeCredentialsHandleAsync(async, &dead), SEC_E_OK);
    wait_notice(&notice);
    assert_status(notice.status, SEC_E_INVALID_HANDLE);
    SspiFreeAsyncContext(async);
    sem_destroy(&notice.came);
}

static void free_it(struct notice *notice, SspiAsyncContext *async)
{
    (void)notice;
    SspiFreeAsyncContext(async);
    SspiFreeAsyncContext(async); /* ignored */
}

/* Wrong would be: a crash, or anything but INVALID_HANDLE from what is dead. */
static void callback_may_free_its_context(void **state)
{
    struct notice notice;
    SspiAsyncContext *async = create(&notice);
    CredHandle credential;

    (void)state;
    notice.then = free_it;
    assert_status(scripted_submit_acquire(async, "", &credential), SEC_E_OK);
    wait_notice(&notice);
    assert_status(notice.status, SEC_E_OK);
    assert_status(SspiGetAsyncCallStatus(async), SEC_E_INVALID_HANDLE);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_INVALID_HANDLE);
    assert_status(SspiSetAsyncNotifyCallback(async, NULL, NULL), SEC_E_INVALID_HANDLE);
    assert_false(SspiAsyncContextRequiresNotify(async));
    assert_status(sspia_async_wait(async, -1), SEC_E_INVALID_HANDLE);
    assert_status(sspia_async_cancel(async), SEC_E_INVALID_HANDLE);
    assert_status(SspiDeleteSecurityContextAsync(async, &credential), SEC_E_INVALID_HANDLE);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    sem_destroy(&notice.came);
}

static void delete_what_was_made(struct notice *notice, SspiAsyncContext *async)
{
    struct scripted_leg *leg = notice->data;

    (void)async;
    assert_status(DeleteSecurityContext(&leg->context), SEC_E_OK);
    /* Nothing of ours may still hold it: that is what destroyed means to a caller. */
    assert_int_equal(scripted->live_contexts(), 0);
}

/* Wrong would be: a deadlock, or a context that outlives its delete inside the callback. */
static void callback_may_delete_what_the_call_used(void **state)
{
    struct notice notice;
    SspiAsyncContext *async = create(&notice);
    CredHandle credential = scripted_credential();
    struct scripted_leg leg;

    (void)state;
    notice.then = delete_what_was_made;
    notice.data = &leg;
    assert_status(scripted_submit_leg(async, &credential, NULL, "", &leg), SEC_E_OK);
    wait_notice(&notice);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    SspiFreeAsyncContext(async);
    sem_destroy(&notice.came);
}

struct chain {
    sem_t done;
    long left;
    uintptr_t lowest, highest;
    CtxtHandle nothing;
};

static void again(SspiAsyncContext *async, void *data)
{
    struct chain *chain = data;
    uintptr_t depth = (uintptr_t)__builtin_frame_address(0);

    /* Threads have stacks of their own: compare within one megabyte of the first. */
    if (chain->lowest == 0)
        chain->lowest = chain->highest = depth;
    if (depth + 0x100000 > chain->lowest && depth < chain->lowest)
        chain->lowest = depth;
    if (depth < chain->highest + 0x100000 && depth > chain->highest)
        chain->highest = depth;
    if (--chain->left == 0) {
        sem_post(&chain->done);
        return;
    }
    if (SspiReinitAsyncContext(async) != STATUS_SUCCESS ||
        SspiDeleteSecurityContextAsync(async, &chain->nothing) != SEC_E_OK)
        sem_post(&chain->done);
}

/* Wrong would be: recursion (a stack that grows), or a call lost on the way. */
static void callback_may_reinit_and_submit_a_million_times(void **state)
{
    struct chain chain = {.left = 1000000};
    SspiAsyncContext *async = SspiCreateAsyncContext();

    (void)state;
    sem_init(&chain.done, 0, 0);
    SecInvalidateHandle(&chain.nothing);
    assert_status(SspiSetAsyncNotifyCallback(async, again, &chain), SEC_E_OK);
    assert_status(SspiDeleteSecurityContextAsync(async, &chain.nothing), SEC_E_OK);
    sem_wait(&chain.done);
    assert_int_equal(chain.left, 0);
    assert_true(chain.highest - chain.lowest < 4096);
    SspiFreeAsyncContext(async);
    sem_destroy(&chain.done);
}

static void let_the_test_free_it(struct notice *notice, SspiAsyncContext *async)
{
    sem_post(&notice->came); /* the other thread frees the context now */
    while (SspiGetAsyncCallStatus(async) != SEC_E_INVALID_HANDLE)
        usleep(100);
}

/* msquic's synchronous mode. Wrong would be: use after free while the callback still runs. */
static void another_thread_may_free_once_the_callback_signalled(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct notice notice;
        SspiAsyncContext *async = create(&notice);
        CredHandle credential;

        notice.then = let_the_test_free_it;
        assert_status(scripted_submit_acquire(async, "", &credential), SEC_E_OK);
        wait_notice(&notice);
        SspiFreeAsyncContext(async);
        wait_notice(&notice);
        assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
        sem_destroy(&notice.came);
    }
}

/* Wrong would be: a callback, a written output, or a credential that nobody can ever free. */
static void free_while_pending_discards_the_outcome(void **state)
{
    struct notice notice;
    SspiAsyncContext *async = create(&notice);
    CredHandle credential = scripted_credential();
    struct scripted_leg *leg = malloc(sizeof(*leg));

    (void)state;
    assert_status(scripted_submit_leg(async, &credential, NULL, "block token=64", leg),
                  SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    SspiFreeAsyncContext(async);
    free(leg); /* a late write would be a use after free */
    scripted->release(1);
    scripted_eventually(scripted->live_contexts, 0);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_int_equal(atomic_load(&notice.count), 0);
    sem_destroy(&notice.came);
}

/* How msquic deletes: all in a row, in every order of scheduling. Wrong would be: a context
 * that is not destroyed, or a look at the handle's memory after the submit. */
static void delete_and_forget(void **state)
{
    CredHandle credential = scripted_credential();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        CtxtHandle *context = malloc(sizeof(*context));
        SspiAsyncContext *async = SspiCreateAsyncContext();

        *context = scripted_context(&credential, "", SEC_E_OK);
        assert_status(SspiDeleteSecurityContextAsync(async, context), SEC_E_OK);
        memset(context, 0xA5, sizeof(*context));
        free(context);
        SspiFreeAsyncContext(async);
    }
    scripted_eventually(scripted->live_contexts, 0);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a freed notified delete that notifies, or is not carried out. */
static void free_while_a_notified_delete_waits_still_deletes(void **state)
{
    struct notice notice;
    SspiAsyncContext *leg_async = create(NULL), *delete_async = create(&notice);
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    struct scripted_leg leg;

    (void)state;
    assert_status(scripted_submit_leg(leg_async, NULL, &context, "block", &leg), SEC_E_OK);
    assert_status(SspiDeleteSecurityContextAsync(delete_async, &context), SEC_E_OK);
    SspiFreeAsyncContext(delete_async);
    scripted->release(1);
    assert_status(sspia_async_wait(leg_async, PATIENCE_MS), SEC_E_OK);
    scripted_eventually(scripted->live_contexts, 0);
    assert_int_equal(atomic_load(&notice.count), 0);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    SspiFreeAsyncContext(leg_async);
    sem_destroy(&notice.came);
}

/* Wrong would be: inputs read after the submit. Each is overwritten at once. */
static void inputs_may_be_reused_at_once(void **state)
{
    SspiAsyncContext *async = create(NULL);
    CredHandle *credential = malloc(sizeof(*credential));
    CredHandle to_free;
    char *script = strdup("token=3 block");
    unsigned char *token = malloc(13);
    SecBuffer input = {13, SECBUFFER_TOKEN, token};
    SecBufferDesc inputs = {SECBUFFER_VERSION, 1, &input};
    unsigned char out[16];
    SecBuffer output = {sizeof(out), SECBUFFER_TOKEN, out};
    SecBufferDesc outputs = {SECBUFFER_VERSION, 1, &output};
    CtxtHandle accepted, context;
    uint32_t attributes = 0;

    (void)state;
    to_free = *credential = scripted_credential();
    memcpy(token, "token=3 block", 13);
    assert_status(SspiAcceptSecurityContextAsync(async, credential, NULL, &inputs, 0, 0,
                                                 &accepted, &outputs, &attributes, NULL),
                  SEC_E_OK);
    memset(token, 'x', 13);
    free(token);
    memset(&input, 0xff, sizeof(input));
    memset(&inputs, 0xff, sizeof(inputs));
    memset(credential, 0xff, sizeof(*credential));
    free(credential);
    scripted->release(1);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(output.cbBuffer, 3);
    assert_int_equal(attributes, 0x12);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);

    assert_status(SspiInitializeSecurityContextAsyncA(async, &to_free, NULL, script, 0, 0, 0,
                                                      NULL, 0, &context, &outputs, NULL, NULL),
                  SEC_E_OK);
    memset(script, 'x', strlen(script));
    free(script);
    scripted->release(1);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    assert_status(DeleteSecurityContext(&accepted), SEC_E_OK);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&to_free), SEC_E_OK);
    SspiFreeAsyncContext(async);
}

struct poller {
    SspiAsyncContext *async;
    struct scripted_leg *leg;
    int bad;
};

static void *poll_until_final(void *data)
{
    struct poller *poller = data;

    while (SspiGetAsyncCallStatus(poller->async) == SEC_I_ASYNC_CALL_PENDING)
        continue;
    /* No lock, no join: only the status orders these reads. */
    if (poller->leg->buffer.cbBuffer != 100 || poller->leg->token[99] != 1 ||
        !SecIsValidHandle(&poller->leg->context) || poller->leg->attributes != 0x12)
        poller->bad = 1;
    return NULL;
}

/* Wrong would be: a final status before the outputs (ThreadSanitizer sees the race). */
static void poller_that_sees_the_final_status_sees_the_outputs(void **state)
{
    CredHandle credential = scripted_credential();

    (void)state;
    for (int i = 0; i < 500; i++) {
        SspiAsyncContext *async = create(NULL);
        struct scripted_leg leg;
        struct poller poller = {async, &leg, 0};
        pthread_t thread;

        assert_status(scripted_submit_leg(async, &credential, NULL, "token=100", &leg),
                      SEC_E_OK);
        assert_int_equal(pthread_create(&thread, NULL, poll_until_final, &poller), 0);
        pthread_join(thread, NULL);
        assert_int_equal(poller.bad, 0);
        assert_status(DeleteSecurityContext(&leg.context), SEC_E_OK);
        SspiFreeAsyncContext(async);
    }
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: no callback, two, or one with another status; a late output. */
static void cancel_completes_at_once(void **state)
{
    struct notice notice;
    SspiAsyncContext *async = create(&notice);
    CredHandle credential = scripted_credential();
    struct scripted_leg *leg = malloc(sizeof(*leg));
    char message[256];

    (void)state;
    assert_status(sspia_async_cancel(async), SEC_E_NO_CONTEXT);
    assert_status(scripted_submit_leg(async, &credential, NULL, "block", leg), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(sspia_async_cancel(async), SEC_E_OK);
    assert_status(SspiGetAsyncCallStatus(async), SEC_E_UNFINISHED_CONTEXT_DELETED);
    assert_false(SecIsValidHandle(&leg->context));
    free(leg);
    wait_notice(&notice);
    assert_status(notice.status, SEC_E_UNFINISHED_CONTEXT_DELETED);
    assert_true(sspia_async_message(async, message, sizeof(message)) > 0);
    assert_non_null(strstr(message, "Scripted InitializeSecurityContext"));
    assert_status(sspia_async_cancel(async), SEC_E_NO_CONTEXT);
    /* The context is usable again while the package is still at it. */
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    assert_status(SspiFreeCredentialsHandleAsync(async, &credential), SEC_E_OK);
    wait_notice(&notice);
    scripted->release(1);
    scripted_eventually(scripted->live_contexts, 0);
    assert_int_equal(atomic_load(&notice.count), 2);
    SspiFreeAsyncContext(async);
    sem_destroy(&notice.came);
}

/* Wrong would be: a call that had not begun and runs all the same. */
static void cancelled_before_it_began_never_begins(void **state)
{
    SspiAsyncContext *first = create(NULL), *second = create(NULL);
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    struct scripted_leg one, two, three;
    int legs = scripted->legs();

    (void)state;
    assert_status(scripted_submit_leg(first, NULL, &context, "block more", &one), SEC_E_OK);
    assert_status(scripted_submit_leg(second, NULL, &context, "more", &two), SEC_E_OK);
    assert_status(sspia_async_cancel(second), SEC_E_OK);
    scripted->release(1);
    assert_status(sspia_async_wait(first, PATIENCE_MS), SEC_I_CONTINUE_NEEDED);
    /* It did no harm: the context goes on. */
    assert_int_equal(SspiReinitAsyncContext(second), STATUS_SUCCESS);
    assert_status(scripted_submit_leg(second, NULL, &context, "", &three), SEC_E_OK);
    assert_status(sspia_async_wait(second, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(scripted->legs() - legs, 2);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    SspiFreeAsyncContext(first);
    SspiFreeAsyncContext(second);
}

/* Wrong would be: going on with a context whose peer never got a leg's token. */
static void context_of_a_cancelled_leg_can_only_be_deleted(void **state)
{
    SspiAsyncContext *async = create(NULL);
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    struct scripted_leg leg;

    (void)state;
    assert_status(scripted_submit_leg(async, NULL, &context, "block", &leg), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(sspia_async_cancel(async), SEC_E_OK);
    scripted->release(1);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    assert_status(scripted_submit_leg(async, NULL, &context, "", &leg), SEC_E_OK);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OUT_OF_SEQUENCE);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    SspiFreeAsyncContext(async);
}

/* Wrong would be: a wait that outlives its time, its call, or its context. */
static void wait_ends_with_time_call_or_context(void **state)
{
    SspiAsyncContext *async = create(NULL);
    CredHandle credential;

    (void)state;
    assert_status(sspia_async_wait(async, -1), SEC_E_NO_CONTEXT);
    assert_status(scripted_submit_acquire(async, "block", &credential), SEC_E_OK);
    assert_status(sspia_async_wait(async, 0), SEC_I_ASYNC_CALL_PENDING);
    assert_status(sspia_async_wait(async, 20), SEC_I_ASYNC_CALL_PENDING);
    scripted->release(1);
    assert_status(sspia_async_wait(async, -1), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    SspiFreeAsyncContext(async);
}

/* Wrong would be: a cancelled delete that spares its context, that tells twice, or that keeps
 * the async context from other use while it waits. */
static void cancelled_delete_is_carried_out(void **state)
{
    struct notice notice;
    SspiAsyncContext *leg_async = create(NULL), *async = create(&notice);
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    struct scripted_leg leg;
    char message[256];

    (void)state;
    assert_status(scripted_submit_leg(leg_async, NULL, &context, "block", &leg), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(SspiDeleteSecurityContextAsync(async, &context), SEC_E_OK);
    assert_status(sspia_async_cancel(async), SEC_E_OK);
    assert_status(SspiGetAsyncCallStatus(async), SEC_E_UNFINISHED_CONTEXT_DELETED);
    assert_true(sspia_async_message(async, message, sizeof(message)) > 0);
    wait_notice(&notice);
    assert_status(notice.status, SEC_E_UNFINISHED_CONTEXT_DELETED);
    /* The same async context goes on, with the settings that it had. */
    assert_true(SspiAsyncContextRequiresNotify(async));
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    assert_status(sspia_async_delete_contexts(async, NULL, 0), SEC_E_OK);
    wait_notice(&notice);
    assert_status(notice.status, SEC_E_OK);
    assert_int_equal(scripted->live_contexts(), 1);
    scripted->release(1);
    assert_status(sspia_async_wait(leg_async, PATIENCE_MS), SEC_E_OK);
    scripted_eventually(scripted->live_contexts, 0);
    assert_status(SspiGetAsyncCallStatus(async), SEC_E_OK);
    assert_int_equal(atomic_load(&notice.count), 2);
    SspiFreeAsyncContext(leg_async);
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    sem_destroy(&notice.came);
}

struct asker {
    SspiAsyncContext *_Atomic *async;
    atomic_bool *stop;
    int bad;
};

static void *ask_again_and_again(void *data)
{
    struct asker *asker = data;

    while (!atomic_load(asker->stop)) {
        switch (SspiGetAsyncCallStatus(atomic_load(asker->async))) {
        case SEC_E_NO_CONTEXT:
        case SEC_I_ASYNC_CALL_PENDING:
        case SEC_E_OK:
        case SEC_E_UNFINISHED_CONTEXT_DELETED:
        case SEC_E_INVALID_HANDLE:
            break;
        default:
            asker->bad++;
        }
    }
    return NULL;
}

/* Wrong would be: a status that the context never had, while it is used and freed. */
static void status_may_be_asked_for_at_any_moment(void **state)
{
    SspiAsyncContext *_Atomic async = SspiCreateAsyncContext();
    atomic_bool stop = false;
    struct asker askers[2] = {{&async, &stop, 0}, {&async, &stop, 0}};
    pthread_t threads[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_again_and_again, &askers[i]), 0);
    for (int i = 0; i < 2000; i++) {
        SspiAsyncContext *now = atomic_load(&async);
        SECURITY_STATUS status;

        assert_status(sspia_async_delete_contexts(now, NULL, 0), SEC_E_OK);
        if (i % 3 == 0)
            sspia_async_cancel(now);
        if (i % 5 == 0) {
            SspiFreeAsyncContext(now);
            assert_status(SspiGetAsyncCallStatus(now), SEC_E_INVALID_HANDLE);
            atomic_store(&async, SspiCreateAsyncContext());
            continue;
        }
        status = sspia_async_wait(now, PATIENCE_MS);
        if (status != SEC_E_UNFINISHED_CONTEXT_DELETED || i % 3 != 0)
            assert_status(status, SEC_E_OK);
        assert_status(SspiGetAsyncCallStatus(now), status);
        assert_int_equal(SspiReinitAsyncContext(now), STATUS_SUCCESS);
        assert_status(SspiGetAsyncCallStatus(now), SEC_E_NO_CONTEXT);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(askers[i].bad, 0);
    }
    SspiFreeAsyncContext(atomic_load(&async));
}

static void *wait_for_ever(void *data)
{
    SECURITY_STATUS *status = malloc(sizeof(*status));

    *status = sspia_async_wait(data, -1);
    return status;
}

static void free_wakes_those_who_wait(void **state)
{
    SspiAsyncContext *async = create(NULL);
    CredHandle credential;
    pthread_t thread;
    void *result;

    (void)state;
    assert_status(scripted_submit_acquire(async, "block", &credential), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0); /* so it takes its permit */
    assert_int_equal(pthread_create(&thread, NULL, wait_for_ever, async), 0);
    usleep(20000);
    SspiFreeAsyncContext(async);
    pthread_join(thread, &result);
    assert_status(*(SECURITY_STATUS *)result, SEC_E_INVALID_HANDLE);
    free(result);
    scripted->release(1);
}

/* Wrong would be: a crash on what is no async context. */
static void garbage_is_not_an_async_context(void **state)
{
    int local = 0;
    SspiAsyncContext *garbage[] = {NULL, (SspiAsyncContext *)(void *)&local,
                                   (SspiAsyncContext *)(uintptr_t)-1,
                                   (SspiAsyncContext *)(uintptr_t)7};

    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        assert_status(SspiGetAsyncCallStatus(garbage[i]), SEC_E_INVALID_HANDLE);
        assert_int_equal(SspiReinitAsyncContext(garbage[i]), STATUS_INVALID_HANDLE);
        assert_status(SspiDeleteSecurityContextAsync(garbage[i], &(CtxtHandle){0, 0}),
                      SEC_E_INVALID_HANDLE);
        SspiFreeAsyncContext(garbage[i]);
    }
}

/* Wrong would be: an asynchronous status that differs from the synchronous one. */
static void results_equal_those_of_the_synchronous_calls(void **state)
{
    static const struct {
        const char *script;
        SECURITY_STATUS status;
    } cases[] = {{"", SEC_E_OK},
                 {"more", SEC_I_CONTINUE_NEEDED},
                 {"status=80090308", SEC_E_INVALID_TOKEN},
                 {"status=80090303 token=0", SEC_E_TARGET_UNKNOWN},
                 {"status=80090318", SEC_E_INCOMPLETE_MESSAGE},
                 {"token=5000", SEC_E_BUFFER_TOO_SMALL}};
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async = create(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CtxtHandle context = scripted_context(&credential, cases[i].script, cases[i].status);
        struct scripted_leg leg;

        assert_status(scripted_submit_leg(async, &credential, NULL, cases[i].script, &leg),
                      SEC_E_OK);
        assert_status(sspia_async_wait(async, PATIENCE_MS), cases[i].status);
        assert_int_equal(SecIsValidHandle(&leg.context), SecIsValidHandle(&context));
        if (cases[i].status >= 0) {
            assert_status(DeleteSecurityContext(&leg.context), SEC_E_OK);
            assert_status(DeleteSecurityContext(&context), SEC_E_OK);
        }
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    }
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, scripted_nothing_is_left)
    const struct CMUnitTest tests[] = {
        TEST(status_goes_from_none_to_pending_to_final),
        TEST(failure_has_the_packages_status_and_message),
        TEST(submit_needs_an_idle_context),
        TEST(refused_submit_never_notifies),
        TEST(dead_handles_show_in_the_status),
        TEST(callback_may_free_its_context),
        TEST(callback_may_delete_what_the_call_used),
        TEST(callback_may_reinit_and_submit_a_million_times),
        TEST(another_thread_may_free_once_the_callback_signalled),
        TEST(free_while_pending_discards_the_outcome),
        TEST(delete_and_forget),
        TEST(free_while_a_notified_delete_waits_still_deletes),
        TEST(inputs_may_be_reused_at_once),
        TEST(poller_that_sees_the_final_status_sees_the_outputs),
        TEST(cancel_completes_at_once),
        TEST(cancelled_before_it_began_never_begins),
        TEST(context_of_a_cancelled_leg_can_only_be_deleted),
        TEST(wait_ends_with_time_call_or_context),
        TEST(free_wakes_those_who_wait),
        TEST(garbage_is_not_an_async_context),
        TEST(results_equal_those_of_the_synchronous_calls),
        TEST(cancelled_delete_is_carried_out),
        TEST(status_may_be_asked_for_at_any_moment),
    };

    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
