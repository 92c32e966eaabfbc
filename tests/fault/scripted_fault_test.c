/* SPDX-License-Identifier: MIT */
/*
 * Everything that the engine does, once for each request of its own that can fail.
 *
 * A scenario is run with its first, second, ... request failing, until one run has fewer
 * requests than that. What must hold in each: a call that does not succeed returns
 * SEC_E_INSUFFICIENT_MEMORY and nothing else; accepted calls notify exactly once; nothing is
 * alive at the end (LeakSanitizer looks, where it is linked); nothing hangs.
 */
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "fault.h"
#include "scripted.h"

static const char *scenario_name;
static unsigned long round_number;
static atomic_int notified;
static int accepted;
static bool on_queue;
static atomic_bool freed; /* a call may have been notified, or freed before that */

static void note(SspiAsyncContext *async, void *data)
{
    (void)async;
    (void)data;
    atomic_fetch_add(&notified, 1);
}

/* True: as wanted. False: it failed for want of what was made to fail. */
#define as_wanted(status, wanted) check((status), (wanted), #status, __LINE__)
static bool check(SECURITY_STATUS status, SECURITY_STATUS wanted, const char *text, int line)
{
    if (status == wanted)
        return true;
    if (status == SEC_E_INSUFFICIENT_MEMORY && fault_hit() != NULL)
        return false;
    print_error("%s, request %lu (%s): line %d: %s is %s\n", scenario_name, round_number,
                fault_hit() != NULL ? fault_hit() : "none failed", line, text,
                sspia_status_name(status));
    fail();
    return false;
}

static SspiAsyncContext *make_async(sspia_queue *queue)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();

    if (async == NULL) {
        assert_non_null(fault_hit());
        return NULL;
    }
    assert_status(SspiSetAsyncNotifyCallback(async, note, NULL), SEC_E_OK);
    if (queue != NULL)
        assert_status(sspia_async_set_queue(async, queue), SEC_E_OK);
    return async;
}

/* Submitted, and gone through to its status. */
static bool concluded(SspiAsyncContext *async, SECURITY_STATUS submitted,
                      SECURITY_STATUS wanted)
{
    char message[512];
    SECURITY_STATUS status;

    if (!as_wanted(submitted, SEC_E_OK))
        return false;
    accepted++;
    status = sspia_async_wait(async, PATIENCE_MS);
    assert_true(status >= 0 || sspia_async_message(async, message, sizeof(message)) > 0);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    return as_wanted(status, wanted);
}

/* The credential with everything that an identity can bring. */
static bool acquire(SspiAsyncContext *async, CredHandle *credential)
{
    WCHAR user[] = u"user", domain[] = u"domain", password[] = u"pa\u00dfword";
    SEC_WINNT_AUTH_IDENTITY_W identity = {.User = user,
                                          .UserLength = 4,
                                          .Domain = domain,
                                          .DomainLength = 6,
                                          .Password = password,
                                          .PasswordLength = 7,
                                          .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE};
    sspia_auth_identity places = {.version = SSPIA_AUTH_IDENTITY_VERSION,
                                  .size = sizeof(places),
                                  .identity = &identity,
                                  .credential_cache = "FILE:/none",
                                  .keytab = "FILE:/none",
                                  .client_keytab = "FILE:/none",
                                  .replay_cache = "none:",
                                  .ntlm_user_file = "/none"};
    WCHAR principal[] = u"all: per-leg name=anybody", package[] = u"Scripted";
    TimeStamp expiry;

    return concluded(async,
                     SspiAcquireCredentialsHandleAsyncW(async, principal, package,
                                                        SECPKG_CRED_BOTH, NULL, &places, NULL,
                                                        NULL, credential, &expiry),
                     SEC_E_OK);
}

static void query(CtxtHandle *context, CredHandle *credential)
{
    SecPkgContext_NamesW names;
    SecPkgContext_NegotiationInfoA negotiation;
    PSecPkgInfoW wide;
    PSecPkgInfoA list;
    uint32_t count;
    unsigned char token[16];
    char data[] = "data";
    SecBuffer buffers[2] = {{sizeof(token), SECBUFFER_TOKEN, token},
                            {sizeof(data), SECBUFFER_DATA, data}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

    (void)credential;
    if (as_wanted(QueryContextAttributesW(context, SECPKG_ATTR_NAMES, &names), SEC_E_OK))
        assert_status(FreeContextBuffer(names.sUserName), SEC_E_OK);
    if (as_wanted(QueryContextAttributesA(context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation),
                  SEC_E_OK))
        assert_status(FreeContextBuffer(negotiation.PackageInfo), SEC_E_OK);
    if (as_wanted(QuerySecurityPackageInfoW(u"scripted", &wide), SEC_E_OK))
        assert_status(FreeContextBuffer(wide), SEC_E_OK);
    if (as_wanted(EnumerateSecurityPackagesA(&count, &list), SEC_E_OK))
        assert_status(FreeContextBuffer(list), SEC_E_OK);
    /* Messages ask for nothing. */
    assert_status(EncryptMessage(context, 0, &message, 0), SEC_E_OK);
}

/* A first leg into too small a buffer, fetched; a second one into memory of the library. */
static void shake(SspiAsyncContext *async, CredHandle *credential)
{
    char small[8], large[64], words[] = "token=32 more";
    SecBuffer out = {sizeof(small), SECBUFFER_TOKEN, small};
    SecBuffer in = {sizeof(words) - 1, SECBUFFER_TOKEN, words};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out}, input = {SECBUFFER_VERSION, 1, &in};
    SECURITY_STATUS status;
    CtxtHandle context;
    uint32_t attributes;
    TimeStamp expiry;

    SecInvalidateHandle(&context);
    if (!concluded(async,
                   SspiAcceptSecurityContextAsync(async, credential, NULL, &input, 0, 0,
                                                  &context, &output, &attributes, &expiry),
                   SEC_E_BUFFER_TOO_SMALL))
        return;
    assert_int_equal(out.cbBuffer, 32);
    out = (SecBuffer){sizeof(large), SECBUFFER_TOKEN, large};
    if (!as_wanted(AcceptSecurityContext(credential, NULL, &input, 0, 0, &context, &output,
                                         &attributes, &expiry),
                   SEC_I_CONTINUE_NEEDED))
        return;
    out = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    if (concluded(async,
                  SspiAcceptSecurityContextAsync(async, NULL, &context, &input,
                                                 ASC_REQ_ALLOCATE_MEMORY, 0, NULL, &output,
                                                 &attributes, NULL),
                  SEC_I_CONTINUE_NEEDED))
        assert_status(FreeContextBuffer(out.pvBuffer), SEC_E_OK);
    query(&context, credential);
    /* A delete asks for nothing but a thread, unless the completion of the call before it
     * still waits in its queue. */
    status = SspiDeleteSecurityContextAsync(async, &context);
    if (status != SEC_E_OK && !on_queue)
        assert_string_equal(fault_hit(), "pthread_create");
    if (!concluded(async, status, SEC_E_OK))
        assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

/* Calls that are cancelled inside the package and before they began, and one that is freed. */
static void give_up(SspiAsyncContext *async, CredHandle *credential)
{
    CtxtHandle context, never;
    SspiAsyncContext *second = make_async(NULL);
    SECURITY_STATUS status;

    if (!as_wanted(InitializeSecurityContextA(credential, NULL, (char[]){"more token=0"}, 0, 0,
                                              0, NULL, 0, &context, NULL, NULL, NULL),
                   SEC_I_CONTINUE_NEEDED)) {
        SspiFreeAsyncContext(second);
        return;
    }
    status = SspiInitializeSecurityContextAsyncW(async, NULL, &context, (WCHAR[]){u"block"}, 0,
                                                 0, 0, NULL, 0, NULL, NULL, NULL, NULL);
    if (as_wanted(status, SEC_E_OK)) {
        accepted++;
        assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
        if (second != NULL &&
            as_wanted(SspiInitializeSecurityContextAsyncA(second, NULL, &context, NULL, 0, 0, 0,
                                                          NULL, 0, NULL, NULL, NULL, NULL),
                      SEC_E_OK)) {
            accepted++;
            /* It waits for its turn; a failed cancel leaves it there, to be freed below. */
            if (!as_wanted(sspia_async_cancel(second), SEC_E_OK))
                accepted--;
            SspiFreeAsyncContext(second);
            second = NULL;
        }
        if (as_wanted(sspia_async_cancel(async), SEC_E_OK))
            assert_status(SspiGetAsyncCallStatus(async), SEC_E_UNFINISHED_CONTEXT_DELETED);
        scripted->release(1);
        scripted_eventually(scripted->permits, 0); /* a later call would take it */
        sspia_async_wait(async, -1);
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    }
    SspiFreeAsyncContext(second);
    second = make_async(NULL);
    if (second != NULL && as_wanted(SspiInitializeSecurityContextAsyncA(
                                        second, credential, NULL, (char[]){"grow=10 token=10"},
                                        0, 0, 0, NULL, 0, &never, NULL, NULL, NULL),
                                    SEC_E_OK))
        /* Never notified, unless it was done before the free. */
        atomic_store(&freed, true);
    SspiFreeAsyncContext(second);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

static int pending_now(void)
{
    sspia_pool_counts counts = {.size = sizeof(counts)};

    sspia_pool_stats(&counts);
    return (int)counts.pending;
}

/* A call that a package holds up beyond its deadline, and one behind it that never begins. */
static void come_late(SspiAsyncContext *async, CredHandle *credential)
{
    SECURITY_STATUS status = sspia_async_set_deadline(async, 2);
    CtxtHandle never, context;

    if (!as_wanted(status, SEC_E_OK))
        return;
    scripted_eventually(pending_now, 0); /* another call would take what releases this one */
    SecInvalidateHandle(&context);
    status =
        SspiInitializeSecurityContextAsyncA(async, credential, NULL, (char[]){"block token=0"},
                                            0, 0, 0, NULL, 0, &never, NULL, NULL, NULL);
    concluded(async, status, SEC_E_SECURITY_QOS_FAILED);
    /* A delete in good time: on a busy machine 2 ms are soon over. */
    if (as_wanted(sspia_async_set_deadline(async, PATIENCE_MS), SEC_E_OK)) {
        status = SspiDeleteSecurityContextAsync(async, &context);
        concluded(async, status, SEC_E_INVALID_HANDLE);
    }
    for (int i = 0; i < PATIENCE_MS && pending_now() > 0; i++) {
        if (scripted->wait_blocked(1, 1) != 0)
            continue;
        scripted->release(1);
        scripted_eventually(scripted->permits, 0);
    }
    /* A completion that waits in the queue makes it ask for memory, once. */
    if (!as_wanted(sspia_async_set_deadline(async, SSPIA_DEADLINE_DEFAULT), SEC_E_OK))
        assert_status(sspia_async_set_deadline(async, SSPIA_DEADLINE_DEFAULT), SEC_E_OK);
}

/* Calls that wait outside the package: one that goes through all that there is to wait for, by
 * both ways, and one that is cancelled. */
static void wait_outside(SspiAsyncContext *async, CredHandle *credential)
{
    static const char all[] = "wait-fd=0 wait-until=1 wait-resume=1 wait-thread token=0";
    char first[sizeof(all)], second[sizeof(all)], third[] = "wait-resume token=0";
    CtxtHandle context;
    SECURITY_STATUS status;

    memcpy(first, all, sizeof(all));
    memcpy(second, all, sizeof(all));
    status = SspiInitializeSecurityContextAsyncA(async, credential, NULL, first, 0, 0, 0, NULL,
                                                 0, &context, NULL, NULL, NULL);
    if (concluded(async, status, SEC_E_OK))
        assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    if (as_wanted(InitializeSecurityContextA(credential, NULL, second, 0, 0, 0, NULL, 0,
                                             &context, NULL, NULL, NULL),
                  SEC_E_OK))
        assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    SecInvalidateHandle(&context);
    status = SspiInitializeSecurityContextAsyncA(async, credential, NULL, third, 0, 0, 0, NULL,
                                                 0, &context, NULL, NULL, NULL);
    if (!as_wanted(status, SEC_E_OK))
        return;
    accepted++;
    while ((status = sspia_async_cancel(async)) == SEC_E_INSUFFICIENT_MEMORY)
        assert_non_null(fault_hit());
    if (status == SEC_E_OK)
        assert_status(SspiGetAsyncCallStatus(async), SEC_E_UNFINISHED_CONTEXT_DELETED);
    else
        as_wanted(SspiGetAsyncCallStatus(async), SEC_E_UNFINISHED_CONTEXT_DELETED);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
}

static void dead_ends(void)
{
    SecBuffer packed = {4, SECBUFFER_EMPTY, (char[]){"abc"}};
    CredHandle none;
    CtxtHandle context;

    as_wanted(AcquireCredentialsHandleW((WCHAR[]){u"nobody"}, (WCHAR[]){u"no such package"},
                                        SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL, &none, NULL),
              SEC_E_SECPKG_NOT_FOUND);
    as_wanted(AcquireCredentialsHandleA((char[]){"acquire: status=SEC_E_LOGON_DENIED say='no'"},
                                        (char[]){"Scripted"}, SECPKG_CRED_BOTH, NULL, NULL,
                                        NULL, NULL, &none, NULL),
              SEC_E_LOGON_DENIED);
    as_wanted(ImportSecurityContextA((char[]){"Scripted"}, &packed, NULL, &context),
              SEC_E_UNSUPPORTED_FUNCTION);
}

static int threads_now(void)
{
    sspia_pool_counts counts = {.size = sizeof(counts)};

    sspia_pool_stats(&counts);
    return (int)counts.threads;
}

/* The whole life of a credential, with completions on a queue or on the pool's threads. */
static void whole_life(bool queued)
{
    sspia_queue *queue = queued ? sspia_queue_create() : NULL;
    SspiAsyncContext *async = NULL;
    CredHandle credential;
    SECURITY_STATUS status;

    on_queue = queued;
    if (queued && queue != NULL && sspia_queue_fd(queue) < 0)
        assert_string_equal(fault_hit(), "eventfd");
    if (!queued || queue != NULL)
        async = make_async(queue);
    if (async != NULL && acquire(async, &credential)) {
        shake(async, &credential);
        give_up(async, &credential);
        wait_outside(async, &credential);
        come_late(async, &credential);
        status = SspiFreeCredentialsHandleAsync(async, &credential);
        if (!concluded(async, status, SEC_E_OK))
            assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    }
    dead_ends();
    scripted_eventually(pending_now, 0);
    while (queue != NULL && sspia_queue_dispatch(queue, 100, 0) > 0)
        continue;
    SspiFreeAsyncContext(async);
    sspia_queue_free(queue);
}

static int missing_now(void)
{
    return atomic_load(&notified) < accepted;
}

static void for_each_request(const char *name, bool queued)
{
    sspia_pool_config config = {.size = sizeof(config), .idle_ms = 1};

    scenario_name = name;
    assert_status(sspia_pool_configure(&config), SEC_E_OK);
    fault_arm(0);
    whole_life(queued); /* modules load once and stay */
    for (round_number = 1; round_number < 10000; round_number++) {
        alarm(60);
        /* The threads of the last round leave, so that each round starts its own. */
        scripted_eventually(threads_now, 0);
        atomic_store(&notified, 0);
        atomic_store(&freed, false);
        accepted = 0;
        fault_arm(round_number);
        whole_life(queued);
        if (fault_hit() == NULL)
            break;
        fault_arm(0);
        scripted_eventually(missing_now, 0);
        assert_in_range(atomic_load(&notified), accepted, accepted + atomic_load(&freed));
        assert_int_equal(scripted_nothing_is_left(NULL), 0);
        assert_false(fault_leaks());
    }
    alarm(0);
    fault_arm(0);
    print_message("%s: each of %lu requests failed once\n", name, round_number - 1);
    assert_in_range(round_number, 30, 9999);
}

/* Wrong would be: a crash, a leak, a hang, another status, a notice lost or doubled. */
static void engine_survives_each_failure_on_the_pool(void **state)
{
    (void)state;
    for_each_request("pool", false);
}

static void engine_survives_each_failure_on_a_queue(void **state)
{
    (void)state;
    for_each_request("queue", true);
}

/* Wrong would be: a submit that fails for want of the reactor's thread and leaves something
 * behind, or that is accepted and never ends. */
static void submit_with_a_deadline_survives_each_failure(void **state)
{
    const sspia_pool_config config = {.size = sizeof(config), .idle_ms = 1};
    SspiAsyncContext *async = SspiCreateAsyncContext();
    CredHandle acquired;
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;

    (void)state;
    scenario_name = "deadline";
    assert_status(sspia_pool_configure(&config), SEC_E_OK);
    assert_status(sspia_async_set_deadline(async, 1), SEC_E_OK);
    sleep(6); /* the reactor of the tests before has left: 5 s after its last deadline */
    for (round_number = 1; status != SEC_E_OK; round_number++) {
        scripted_eventually(threads_now, 0);
        fault_arm(round_number);
        status = scripted_submit_acquire(async, "block", &acquired);
        fault_arm(0);
        assert_true(status == SEC_E_OK || status == SEC_E_INSUFFICIENT_MEMORY);
        assert_int_equal(pending_now(), status == SEC_E_OK);
    }
    assert_true(round_number > 3); /* two threads, and memory */
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_SECURITY_QOS_FAILED);
    if (scripted->wait_blocked(1, 1000) == 0)
        scripted->release(1);
    scripted_eventually(pending_now, 0);
    SspiFreeAsyncContext(async);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engine_survives_each_failure_on_the_pool),
        cmocka_unit_test(engine_survives_each_failure_on_a_queue),
        cmocka_unit_test(submit_with_a_deadline_survives_each_failure),
    };

    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
