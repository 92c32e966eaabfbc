/* SPDX-License-Identifier: MIT */
/* The contract of handles, order and delete. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "scripted.h"

static SECURITY_STATUS delete_async(CtxtHandle *context)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    SECURITY_STATUS status;

    assert_status(SspiDeleteSecurityContextAsync(async, context), SEC_E_OK);
    status = sspia_async_wait(async, PATIENCE_MS);
    SspiFreeAsyncContext(async);
    return status;
}

/* Wrong would be: a copy that outlives the context, or a slot's next owner found by it. */
static void delete_makes_copies_invalid(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    CtxtHandle copy = context, next;
    unsigned char signature[16];
    SecBuffer buffer = {sizeof(signature), SECBUFFER_TOKEN, signature};
    SecBufferDesc message = {SECBUFFER_VERSION, 1, &buffer};
    SecPkgContext_NamesA names;

    (void)state;
    assert_status(MakeSignature(&copy, 0, &message, 0), SEC_E_OK);
    assert_status(delete_async(&context), SEC_E_OK);
    next = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED); /* reuses the slot */
    assert_int_equal(scripted->live_contexts(), 1);
    assert_status(MakeSignature(&copy, 0, &message, 0), SEC_E_INVALID_HANDLE);
    assert_status(QueryContextAttributesA(&copy, SECPKG_ATTR_NAMES, &names),
                  SEC_E_INVALID_HANDLE);
    assert_status(CompleteAuthToken(&copy, NULL), SEC_E_INVALID_HANDLE);
    assert_status(
        InitializeSecurityContextA(NULL, &copy, NULL, 0, 0, 0, NULL, 0, NULL, NULL, NULL, NULL),
        SEC_E_INVALID_HANDLE);
    assert_int_equal(scripted->live_contexts(), 1);
    assert_status(DeleteSecurityContext(&next), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: the two forms of delete disagreeing with the documents on a second one. */
static void second_delete(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "", SEC_E_OK), copy = context;

    (void)state;
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_true(context.dwLower == SEC_DELETED_HANDLE && context.dwUpper == SEC_DELETED_HANDLE);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK); /* "had been deleted before" */
    assert_status(DeleteSecurityContext(&copy), SEC_E_OK);
    context = scripted_context(&credential, "", SEC_E_OK);
    copy = context;
    assert_status(delete_async(&context), SEC_E_OK);
    assert_status(delete_async(&context), SEC_E_INVALID_HANDLE);
    assert_status(delete_async(&copy), SEC_E_INVALID_HANDLE);
    assert_status(DeleteSecurityContext(&copy), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_INVALID_HANDLE);
}

/* Wrong would be: a crash, or a delete of something else. */
static void what_never_was_a_context_is_invalid(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle live = scripted_context(&credential, "", SEC_E_OK);
    CtxtHandle garbage[] = {
        {0, 0},
        {(uintptr_t)-1, (uintptr_t)-1},
        {(uintptr_t)-2, 0},
        {0x41414141, 0x42424242},
        {live.dwLower, live.dwUpper ^ 0x100000}, /* a generation that is still to come */
        {live.dwLower, 0},
        {live.dwLower + 4096 * 4, live.dwUpper},
        {credential.dwLower, credential.dwUpper},
        {(uintptr_t)&credential, (uintptr_t)&live},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        CtxtHandle copy = garbage[i];

        assert_status(DeleteSecurityContext(&copy), SEC_E_INVALID_HANDLE);
        assert_status(delete_async(&copy), SEC_E_INVALID_HANDLE);
        assert_memory_equal(&copy, &garbage[i], sizeof(copy));
    }
    assert_status(DeleteSecurityContext(NULL), SEC_E_INVALID_HANDLE);
    assert_status(FreeCredentialsHandle(&live), SEC_E_INVALID_HANDLE);
    assert_int_equal(scripted->live_contexts(), 1);
    assert_status(DeleteSecurityContext(&live), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a context whose credential goes away under it. */
static void context_keeps_its_credential_alive(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);

    (void)state;
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_int_equal(scripted->live_credentials(), 1);
    assert_status(InitializeSecurityContextA(NULL, &context, (char[]){"token=0"}, 0, 0, 0, NULL,
                                             0, NULL, NULL, NULL, NULL),
                  SEC_E_OK);
    /* The credential's own handle is dead all the same. */
    assert_status(InitializeSecurityContextA(&credential, &context, (char[]){"token=0"}, 0, 0,
                                             0, NULL, 0, NULL, NULL, NULL, NULL),
                  SEC_E_INVALID_HANDLE);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(scripted->live_credentials(), 0);
}

/* Wrong would be: a delete that overtakes a call made before it, or lets one in after it. */
static void delete_waits_behind_a_running_call(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    SspiAsyncContext *leg_async = SspiCreateAsyncContext();
    SspiAsyncContext *delete_async_context = SspiCreateAsyncContext();
    SspiAsyncContext *late = SspiCreateAsyncContext();
    struct scripted_leg leg, late_leg;
    char log[64];

    (void)state;
    scripted->take_log(log, sizeof(log));
    assert_status(scripted_submit_leg(leg_async, NULL, &context, "block", &leg), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(SspiDeleteSecurityContextAsync(delete_async_context, &context), SEC_E_OK);
    assert_status(scripted_submit_leg(late, NULL, &context, "", &late_leg), SEC_E_OK);
    assert_status(sspia_async_wait(late, PATIENCE_MS), SEC_E_INVALID_HANDLE);
    assert_status(sspia_async_wait(delete_async_context, 20), SEC_I_ASYNC_CALL_PENDING);
    assert_int_equal(scripted->live_contexts(), 1);
    scripted->release(1);
    assert_status(sspia_async_wait(leg_async, PATIENCE_MS), SEC_E_OK);
    assert_status(sspia_async_wait(delete_async_context, PATIENCE_MS), SEC_E_OK);
    scripted->take_log(log, sizeof(log));
    assert_string_equal(log, "ID");
    SspiFreeAsyncContext(leg_async);
    SspiFreeAsyncContext(delete_async_context);
    SspiFreeAsyncContext(late);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a synchronous delete that blocks behind a call on a silent network. */
static void synchronous_delete_does_not_wait_for_a_running_call(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    SspiAsyncContext *async = SspiCreateAsyncContext();
    struct scripted_leg leg;

    (void)state;
    assert_status(scripted_submit_leg(async, NULL, &context, "block", &leg), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(scripted->live_contexts(), 1);
    scripted->release(1);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    scripted_eventually(scripted->live_contexts, 0);
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: two calls on one context at a time, or out of order. */
static void calls_on_one_context_run_in_the_order_of_submit(void **state)
{
    enum { CALLS = 200 };
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    SspiAsyncContext *async[CALLS];
    struct scripted_leg *legs = calloc(CALLS, sizeof(*legs));

    (void)state;
    for (int i = 0; i < CALLS; i++) {
        async[i] = SspiCreateAsyncContext();
        assert_status(scripted_submit_leg(async[i], NULL, &context, "more", &legs[i]),
                      SEC_E_OK);
    }
    for (int i = 0; i < CALLS; i++) {
        assert_status(sspia_async_wait(async[i], PATIENCE_MS), SEC_I_CONTINUE_NEEDED);
        /* Scripted writes the number of the leg into the token; the first was synchronous. */
        assert_int_equal(legs[i].token[0], (unsigned char)(i + 2));
        SspiFreeAsyncContext(async[i]);
    }
    free(legs);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

struct signer {
    CtxtHandle *context;
    SECURITY_STATUS status;
};

static void *sign(void *data)
{
    struct signer *signer = data;
    unsigned char signature[16];
    SecBuffer buffer = {sizeof(signature), SECBUFFER_TOKEN, signature};
    SecBufferDesc message = {SECBUFFER_VERSION, 1, &buffer};

    signer->status = MakeSignature(signer->context, 0, &message, 0);
    return NULL;
}

/* Wrong would be: a synchronous call that enters the package beside an asynchronous one. */
static void synchronous_calls_take_their_turn(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    SspiAsyncContext *async = SspiCreateAsyncContext();
    struct signer signer = {&context, SEC_E_INTERNAL_ERROR};
    struct scripted_leg leg;
    pthread_t thread;
    char log[64];

    (void)state;
    scripted->take_log(log, sizeof(log));
    assert_status(scripted_submit_leg(async, NULL, &context, "block", &leg), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_int_equal(pthread_create(&thread, NULL, sign, &signer), 0);
    usleep(50000);
    scripted->take_log(log, sizeof(log));
    assert_string_equal(log, "I");
    scripted->release(1);
    pthread_join(thread, NULL);
    assert_status(signer.status, SEC_E_OK);
    scripted->take_log(log, sizeof(log));
    assert_string_equal(log, "S");
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    SspiFreeAsyncContext(async);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a state of the handshake in which a context cannot be deleted. */
static void delete_works_in_every_state(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle partial = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    CtxtHandle complete = scripted_context(&credential, "", SEC_E_OK);
    CtxtHandle failed = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);

    (void)state;
    assert_status(InitializeSecurityContextA(NULL, &failed, (char[]){"status=80090308"}, 0, 0,
                                             0, NULL, 0, NULL, NULL, NULL, NULL),
                  SEC_E_INVALID_TOKEN);
    assert_status(delete_async(&partial), SEC_E_OK);
    assert_status(delete_async(&complete), SEC_E_OK);
    assert_status(delete_async(&failed), SEC_E_OK);
    assert_int_equal(scripted->live_contexts(), 0);
    /* A failed first leg leaves none. */
    scripted_context(&credential, "status=80090308", SEC_E_INVALID_TOKEN);
    assert_int_equal(scripted->live_contexts(), 0);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* As one call; the array is overwritten at once: only the copy may be used. */
static SECURITY_STATUS delete_many(SspiAsyncContext *async, const CtxtHandle *contexts,
                                   uint32_t count)
{
    CtxtHandle *copy = malloc(count * sizeof(*copy));
    SECURITY_STATUS status;

    memcpy(copy, contexts, count * sizeof(*copy));
    status = sspia_async_delete_contexts(async, copy, count);
    memset(copy, 0xA5, count * sizeof(*copy));
    free(copy);
    return status;
}

static SECURITY_STATUS sign_with(CtxtHandle *context)
{
    struct signer signer = {context, SEC_E_INTERNAL_ERROR};

    sign(&signer);
    return signer.status;
}

enum { MANY = 200 }; /* more than are deleted in one go */

static void make_many(CtxtHandle *contexts, CredHandle *credential)
{
    for (int i = 0; i < MANY; i++)
        contexts[i] = scripted_context(credential, "more", SEC_I_CONTINUE_NEEDED);
}

/* Wrong would be: a context that is left, or a handle that lives on after the submit. */
static void batch_deletes_all_that_are_alive(void **state)
{
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async = SspiCreateAsyncContext();
    CtxtHandle contexts[MANY];

    (void)state;
    for (int round = 0; round < 3; round++) {
        make_many(contexts, &credential);
        assert_int_equal(scripted->live_contexts(), MANY);
        assert_status(delete_many(async, contexts, MANY), SEC_E_OK);
        for (int i = 0; i < MANY; i++)
            assert_status(sign_with(&contexts[i]), SEC_E_INVALID_HANDLE);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
        assert_int_equal(scripted->live_contexts(), 0);
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    }
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: one dead handle that saves the others, or that nobody is told of. */
static void batch_with_dead_handles_deletes_the_rest(void **state)
{
    CredHandle credential = scripted_credential();
    SspiAsyncContext *async = SspiCreateAsyncContext();
    CtxtHandle past = scripted_context(&credential, "", SEC_E_OK), copy = past;
    CtxtHandle one = scripted_context(&credential, "", SEC_E_OK);
    CtxtHandle two = scripted_context(&credential, "", SEC_E_OK);
    const CtxtHandle wrong[] = {
        past,
        {0, 0},
        {(uintptr_t)-1, (uintptr_t)-1},
        {0x41414141, 0x42424242},
        {one.dwLower, one.dwUpper ^ 0x100000}, /* a generation that is still to come */
        {credential.dwLower, credential.dwUpper},
    };
    char message[256];

    (void)state;
    assert_status(DeleteSecurityContext(&copy), SEC_E_OK);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const CtxtHandle batch[] = {scripted_context(&credential, "", SEC_E_OK), wrong[i],
                                    scripted_context(&credential, "", SEC_E_OK)};

        assert_status(delete_many(async, batch, 3), SEC_E_OK);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_INVALID_HANDLE);
        assert_int_equal(scripted->live_contexts(), 2);
        assert_true(sspia_async_message(async, message, sizeof(message)) > 0);
        assert_non_null(strstr(message, "not every handle was alive"));
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    }
    /* The second of a pair is dead by then. */
    assert_status(delete_many(async, (CtxtHandle[]){one, two, one, two}, 4), SEC_E_OK);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_INVALID_HANDLE);
    assert_int_equal(scripted->live_contexts(), 0);
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: an error, or a wait for nothing. */
static void batch_of_none_succeeds(void **state)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    CtxtHandle context = {1, 1};

    (void)state;
    assert_status(sspia_async_delete_contexts(async, NULL, 0), SEC_E_OK);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    assert_status(sspia_async_delete_contexts(async, &context, 0), SEC_E_OK);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    SspiFreeAsyncContext(async);
}

/* Wrong would be: a handle that a submit has killed which the caller has to make again. */
static void refused_batch_leaves_every_handle_alive(void **state)
{
    const sspia_pool_config one_call = {.size = sizeof(one_call), .max_queued = 1};
    SspiAsyncContext *async = SspiCreateAsyncContext(), *dead = SspiCreateAsyncContext();
    SspiAsyncContext *leg_async = SspiCreateAsyncContext();
    CredHandle credential = scripted_credential();
    CtxtHandle busy = scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED);
    CtxtHandle contexts[] = {scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED),
                             scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED)};
    SspiAsyncContext *idle = SspiCreateAsyncContext();
    struct scripted_leg leg;

    (void)state;
    SspiFreeAsyncContext(dead);
    assert_status(delete_many(dead, contexts, 2), SEC_E_INVALID_HANDLE);
    assert_status(delete_many(NULL, contexts, 2), SEC_E_INVALID_HANDLE);
    assert_status(sspia_async_delete_contexts(idle, NULL, 2), SEC_E_INVALID_PARAMETER);
    assert_status(SspiGetAsyncCallStatus(idle), SEC_E_NO_CONTEXT);

    /* A delete that waits for its turn: its async context is busy, and its lane is full. */
    assert_status(scripted_submit_leg(leg_async, NULL, &busy, "block", &leg), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(SspiDeleteSecurityContextAsync(async, &busy), SEC_E_OK);
    assert_status(delete_many(async, contexts, 2), SEC_E_INVALID_PARAMETER);
    assert_status(sspia_pool_configure(&one_call), SEC_E_OK);
    assert_status(delete_many(idle, contexts, 2), SEC_E_INSUFFICIENT_MEMORY);
    assert_status(sspia_pool_configure(NULL), SEC_E_OK);
    assert_status(SspiGetAsyncCallStatus(idle), SEC_E_NO_CONTEXT);
    scripted->release(1);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    assert_status(sspia_async_wait(leg_async, PATIENCE_MS), SEC_E_OK);
    assert_status(delete_many(async, contexts, 2), SEC_E_INVALID_PARAMETER); /* complete */

    for (int i = 0; i < 2; i++)
        assert_status(sign_with(&contexts[i]), SEC_E_OK);
    assert_int_equal(scripted->live_contexts(), 2);
    assert_status(delete_many(idle, contexts, 2), SEC_E_OK); /* the same, accepted */
    assert_status(sspia_async_wait(idle, PATIENCE_MS), SEC_E_OK);
    SspiFreeAsyncContext(async);
    SspiFreeAsyncContext(leg_async);
    SspiFreeAsyncContext(idle);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a batch that a silent network holds up, a leg that is cut off, or a context
 * that stays when its last leg has ended. */
static void batch_does_not_wait_for_calls_made_before(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle contexts[] = {scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED),
                             scripted_context(&credential, "more", SEC_I_CONTINUE_NEEDED)};
    SspiAsyncContext *async = SspiCreateAsyncContext(), *legs[2], *late;
    struct scripted_leg places[3];
    int before = scripted->legs();

    (void)state;
    late = SspiCreateAsyncContext();
    for (int i = 0; i < 2; i++) { /* one that runs, and one that waits for its turn */
        legs[i] = SspiCreateAsyncContext();
        assert_status(scripted_submit_leg(legs[i], NULL, &contexts[0],
                                          i == 0 ? "block more" : "", &places[i]),
                      SEC_E_OK);
    }
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(delete_many(async, contexts, 2), SEC_E_OK);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(scripted->live_contexts(), 1);
    assert_status(scripted_submit_leg(late, NULL, &contexts[0], "", &places[2]), SEC_E_OK);
    assert_status(sspia_async_wait(late, PATIENCE_MS), SEC_E_INVALID_HANDLE);
    scripted->release(1);
    assert_status(sspia_async_wait(legs[0], PATIENCE_MS), SEC_I_CONTINUE_NEEDED);
    assert_status(sspia_async_wait(legs[1], PATIENCE_MS), SEC_E_OK);
    scripted_eventually(scripted->live_contexts, 0);
    assert_int_equal(scripted->legs() - before, 2);
    for (int i = 0; i < 2; i++)
        SspiFreeAsyncContext(legs[i]);
    SspiFreeAsyncContext(late);
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void count_notice(SspiAsyncContext *async, void *data)
{
    (void)async;
    __atomic_fetch_add((int *)data, 1, __ATOMIC_SEQ_CST);
}

static int notices;

static int notices_now(void)
{
    return __atomic_load_n(&notices, __ATOMIC_SEQ_CST);
}

/* Wrong would be: contexts that stay because nobody is there to hear of them. */
static void freed_batch_is_carried_out(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle contexts[MANY];

    (void)state;
    for (int round = 0; round < 20; round++) {
        SspiAsyncContext *async = SspiCreateAsyncContext();

        make_many(contexts, &credential);
        assert_status(delete_many(async, contexts, MANY), SEC_E_OK);
        SspiFreeAsyncContext(async);
        scripted_eventually(scripted->live_contexts, 0);
    }
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: contexts that are spared, or a callback that runs twice or never. */
static void cancelled_batch_is_carried_out(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle contexts[MANY];

    (void)state;
    __atomic_store_n(&notices, 0, __ATOMIC_SEQ_CST);
    for (int round = 1; round <= 20; round++) {
        SspiAsyncContext *async = SspiCreateAsyncContext();
        SECURITY_STATUS cancelled;

        make_many(contexts, &credential);
        assert_status(SspiSetAsyncNotifyCallback(async, count_notice, &notices), SEC_E_OK);
        assert_status(delete_many(async, contexts, MANY), SEC_E_OK);
        cancelled = sspia_async_cancel(async);
        if (cancelled != SEC_E_NO_CONTEXT) /* it was done already */
            assert_status(cancelled, SEC_E_OK);
        assert_status(SspiGetAsyncCallStatus(async),
                      cancelled == SEC_E_OK ? SEC_E_UNFINISHED_CONTEXT_DELETED : SEC_E_OK);
        scripted_eventually(scripted->live_contexts, 0);
        scripted_eventually(notices_now, round);
        SspiFreeAsyncContext(async);
    }
    usleep(20000);
    assert_int_equal(notices_now(), 20);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, scripted_nothing_is_left)
    const struct CMUnitTest tests[] = {
        TEST(delete_makes_copies_invalid),
        TEST(second_delete),
        TEST(what_never_was_a_context_is_invalid),
        TEST(context_keeps_its_credential_alive),
        TEST(delete_waits_behind_a_running_call),
        TEST(synchronous_delete_does_not_wait_for_a_running_call),
        TEST(calls_on_one_context_run_in_the_order_of_submit),
        TEST(synchronous_calls_take_their_turn),
        TEST(delete_works_in_every_state),
        TEST(batch_deletes_all_that_are_alive),
        TEST(batch_with_dead_handles_deletes_the_rest),
        TEST(batch_of_none_succeeds),
        TEST(refused_batch_leaves_every_handle_alive),
        TEST(batch_does_not_wait_for_calls_made_before),
        TEST(freed_batch_is_carried_out),
        TEST(cancelled_batch_is_carried_out),
    };

    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
