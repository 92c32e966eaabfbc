/* SPDX-License-Identifier: MIT */
/*
 * Random moves on shared async contexts, handles and queues from many threads: create, set
 * callback, queue and deadline, also while completions wait, submit, poll, wait, cancel, free,
 * reinit, delete one or many, delete and forget, copy, drain, wait outside the package and be
 * resumed; over Scripted, and over NTLM.
 *
 *   moves_test [SEED [SECONDS]]     a failure prints the seed
 *
 * What must hold whatever the interleaving: no crash, race or leak (the sanitizers say), every
 * accepted call that was neither freed while pending nor posted to a freed queue notifies
 * exactly once, and nothing is alive at the end.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "scripted.h"

enum { THREADS = 8, SLOTS = 24, QUEUES = 3 };

static _Atomic(SspiAsyncContext *) asyncs[SLOTS];
static _Atomic(sspia_queue *) queues[QUEUES];
static pthread_mutex_t handle_lock = PTHREAD_MUTEX_INITIALIZER;
static CtxtHandle contexts[SLOTS]; /* words race by nature: the lock is for TSan's peace */
static CredHandle credential, quick, ntlm_client, ntlm_server;
static bool have_ntlm;
static char user_file[32];
static atomic_uint_fast64_t shaken;
static atomic_uint_fast64_t accepted, notified, taken, moves;
static atomic_bool stop;
static unsigned long seed = 1;
static unsigned seconds = 3;

static uint32_t draw(uint64_t *state, uint32_t below)
{
    /* xorshift64*: replayable, and a stream a thread. */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * 2685821657736338717ull) >> 33) % below;
}

static void on_complete(SspiAsyncContext *async, void *data)
{
    SECURITY_STATUS status = SspiGetAsyncCallStatus(async);

    /* Others may have freed, or reused, it meanwhile: any status but garbage. */
    if (strcmp(sspia_status_name(status), "UNKNOWN") == 0)
        abort();
    atomic_fetch_add(&notified, 1);
    (void)data;
}

static CtxtHandle get_context(uint32_t slot)
{
    CtxtHandle context;

    pthread_mutex_lock(&handle_lock);
    context = contexts[slot];
    pthread_mutex_unlock(&handle_lock);
    return context;
}

static void put_context(uint32_t slot, CtxtHandle context)
{
    CtxtHandle old;

    pthread_mutex_lock(&handle_lock);
    old = contexts[slot];
    contexts[slot] = context;
    pthread_mutex_unlock(&handle_lock);
    DeleteSecurityContext(&old);
}

/* Many at once: alive, dead, twice the same, garbage; some of them in use by others. */
static SECURITY_STATUS submit_batch(uint64_t *state, SspiAsyncContext *async)
{
    CtxtHandle batch[100];
    uint32_t count = draw(state, 100);

    for (uint32_t i = 0; i < count; i++) {
        if (draw(state, 8) == 0)
            batch[i] = (CtxtHandle){draw(state, 1000), draw(state, 1000)};
        else
            batch[i] = get_context(draw(state, SLOTS));
    }
    return sspia_async_delete_contexts(async, batch, count);
}

static void submit(uint64_t *state, SspiAsyncContext *async)
{
    static const char *const scripts[] = {
        "more",          "",
        "token=64 more", "status=80090308",
        "token=99999",   "delay=1 more",
        "wait-fd more",  "wait-fd=1 wait-resume=2 more",
    };
    CtxtHandle context = get_context(draw(state, SLOTS));
    SECURITY_STATUS status;

    /* No output: the places would have to outlive whoever waits for the call. */
    switch (draw(state, 5)) {
    case 0: {
        char target[32];

        snprintf(target, sizeof(target), "%s", scripts[draw(state, 8)]);
        status = SspiInitializeSecurityContextAsyncA(async, NULL, &context, target, 0, 0, 0,
                                                     NULL, 0, NULL, NULL, NULL, NULL);
        break;
    }
    case 1:
        status = SspiFreeCredentialsHandleAsync(async, &context); /* never a credential */
        break;
    case 2:
        status = submit_batch(state, async);
        break;
    default:
        status = SspiDeleteSecurityContextAsync(async, &context);
        break;
    }
    if (status == SEC_E_OK)
        atomic_fetch_add(&accepted, 1);
    else if (status != SEC_E_INVALID_PARAMETER && status != SEC_E_INVALID_HANDLE)
        abort();
}

static CtxtHandle make_context(void)
{
    CtxtHandle context;

    if (InitializeSecurityContextA(&credential, NULL, (char[]){"more token=0"}, 0, 0, 0, NULL,
                                   0, &context, NULL, NULL, NULL) != SEC_I_CONTINUE_NEEDED)
        abort();
    return context;
}

static void new_context(uint64_t *state)
{
    put_context(draw(state, SLOTS), make_context());
}

/* Deletes that nobody can be waiting for, and their async contexts freed at once. */
static void delete_and_forget(uint64_t *state)
{
    uint32_t rounds = 1 + draw(state, 4);

    for (uint32_t i = 0; i < rounds; i++) {
        CtxtHandle own[3] = {make_context(), make_context(), {0, 0}};
        SspiAsyncContext *async = SspiCreateAsyncContext();
        bool batch = draw(state, 2) != 0;
        SECURITY_STATUS status;

        own[2] = own[0];
        status = batch ? sspia_async_delete_contexts(async, own, 3)
                       : SspiDeleteSecurityContextAsync(async, &own[0]);
        if (status != SEC_E_OK)
            abort();
        atomic_fetch_add(&accepted, 1);
        if (draw(state, 4) == 0)
            SspiGetAsyncCallStatus(async);
        if (draw(state, 8) == 0)
            sspia_async_cancel(async);
        SspiFreeAsyncContext(async);
        if (!batch)
            DeleteSecurityContext(&own[1]);
    }
}

/* A context of this thread alone: its completions wait while its settings change, and each
 * must come as it was set when it was submitted. Others drain the queue too, and may free it.
 */
static atomic_uint_fast64_t waited;

static void count_data(SspiAsyncContext *async, void *data)
{
    (void)async;
    if (data != &waited)
        abort();
    atomic_fetch_add(&notified, 1);
    atomic_fetch_add(&waited, 1);
}

static void never(SspiAsyncContext *async, void *data)
{
    (void)async;
    (void)data;
    abort();
}

static void change_while_completions_wait(uint64_t *state, sspia_queue *queue)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    uint32_t rounds = 1 + draw(state, 6);

    for (uint32_t i = 0; i < rounds; i++) {
        sspia_async_set_queue(async, draw(state, 4) != 0 ? queue : NULL);
        SspiSetAsyncNotifyCallback(async, count_data, &waited);
        if (draw(state, 4) == 0)
            sspia_async_set_deadline(async, draw(state, 3));
        if (sspia_async_delete_contexts(async, NULL, 0) != SEC_E_OK)
            abort();
        atomic_fetch_add(&accepted, 1);
        if (draw(state, 4) == 0)
            sspia_async_cancel(async);
        if (draw(state, 8) == 0)
            break;
        sspia_async_wait(async, -1);
        if (draw(state, 2) == 0)
            SspiSetAsyncNotifyCallback(async, never, NULL);
        if (draw(state, 2) == 0)
            sspia_async_set_queue(async, NULL);
        if (SspiReinitAsyncContext(async) != STATUS_SUCCESS)
            abort();
        if (draw(state, 2) == 0)
            SspiSetAsyncNotifyCallback(async, NULL, NULL);
    }
    SspiFreeAsyncContext(async);
}

/* A leg whose outputs are on this stack: after the free nothing may be written there, and
 * AddressSanitizer looks. Sometimes it is given up; false then. */
static bool real_leg(uint64_t *state, bool acceptor, bool begun, CtxtHandle *context,
                     const SecBuffer *token, SecBuffer *answer)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    SecBuffer in = *token, out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    CtxtHandle made = *context;
    uint32_t attributes;
    SECURITY_STATUS status;

    SspiSetAsyncNotifyCallback(async, on_complete, NULL);
    if (draw(state, 8) == 0)
        sspia_async_set_deadline(async, 1);
    if (acceptor)
        status = SspiAcceptSecurityContextAsync(async, &ntlm_server, begun ? context : NULL,
                                                &input, ASC_REQ_ALLOCATE_MEMORY, 0, &made,
                                                &output, &attributes, NULL);
    else
        status = SspiInitializeSecurityContextAsyncA(
            async, &ntlm_client, begun ? context : NULL, (char[]){"HTTP/localhost"},
            ISC_REQ_ALLOCATE_MEMORY, 0, 0, begun ? &input : NULL, 0, &made, &output,
            &attributes, NULL);
    if (status != SEC_E_OK)
        abort();
    atomic_fetch_add(&accepted, 1);
    if (draw(state, 16) == 0)
        sspia_async_cancel(async);
    if (draw(state, 16) != 0)
        sspia_async_wait(async, -1);
    status = SspiGetAsyncCallStatus(async);
    SspiFreeAsyncContext(async);
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED)
        return false;
    *context = made;
    *answer = out;
    return true;
}

/* An NTLM handshake, given up at any point; its contexts go where others find them. */
static void real_handshake(uint64_t *state)
{
    CtxtHandle sides[2];
    SecBuffer token = {0, SECBUFFER_TOKEN, NULL};
    bool going = true;

    SecInvalidateHandle(&sides[0]);
    SecInvalidateHandle(&sides[1]);
    for (uint32_t leg = 0; leg < 4 && going; leg++) {
        SecBuffer answer = {0, SECBUFFER_TOKEN, NULL};

        going = real_leg(state, leg % 2 != 0, leg >= 2, &sides[leg % 2], &token, &answer);
        FreeContextBuffer(token.pvBuffer);
        token = answer;
    }
    FreeContextBuffer(token.pvBuffer);
    if (going)
        atomic_fetch_add(&shaken, 1);
    put_context(draw(state, SLOTS), sides[0]);
    put_context(draw(state, SLOTS), sides[1]);
}

/* The last three end by a release alone, or not at all. */
static const char *const waits[] = {
    "wait-fd=1 more",     "wait-fd=0 wait-until=1 wait-thread more",
    "wait-until=1 more",  "wait-resume=1 more",
    "wait-resume=3 more", "wait-thread status=80090308",
    "wait-fd more",       "wait-resume more",
    "wait-until=3600000",
};
enum { WAITS = sizeof(waits) / sizeof(waits[0]), WAITS_THAT_END = WAITS - 3 };
static atomic_uint_fast64_t outside;

/* What happens to a call that may wait just now. */
static void disturb(uint64_t *state, SspiAsyncContext *async)
{
    switch (draw(state, 6)) {
    case 0:
        sspia_async_cancel(async);
        break;
    case 1:
        scripted->release(1);
        break;
    case 2:
    case 3:
        sspia_async_wait(async, (int32_t)draw(state, 4));
        break;
    case 4:
        usleep(draw(state, 500));
        break;
    default:
        break;
    }
}

/* A first leg or an acquire of this thread alone that waits, with outputs on this stack. */
static void wait_outside(uint64_t *state)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    CredHandle *used = draw(state, 2) != 0 ? &quick : &credential;
    const char *script = waits[draw(state, WAITS)];
    const bool acquires = draw(state, 4) == 0;
    struct scripted_leg leg;
    CredHandle acquired;
    char acquire[64];

    if (draw(state, 2) != 0)
        SspiSetAsyncNotifyCallback(async, on_complete, NULL);
    if (draw(state, 4) == 0)
        sspia_async_set_deadline(async, 1 + draw(state, 3));
    if (acquires) {
        snprintf(acquire, sizeof(acquire), "%s", script);
        if (strstr(acquire, " more") != NULL)
            *strstr(acquire, " more") = '\0';
        script = acquire;
    }
    if ((acquires ? scripted_submit_acquire(async, script, &acquired)
                  : scripted_submit_leg(async, used, NULL, script, &leg)) != SEC_E_OK)
        abort();
    atomic_fetch_add(&accepted, 1);
    atomic_fetch_add(&outside, 1);
    disturb(state, async);
    if (draw(state, 2) != 0)
        disturb(state, async);
    SspiFreeAsyncContext(async);
    if (acquires)
        FreeCredentialsHandle(&acquired);
    else
        DeleteSecurityContext(&leg.context);
}

static void wait_here(uint64_t *state)
{
    const uint32_t i = draw(state, WAITS_THAT_END);
    CtxtHandle context;
    char target[64];

    snprintf(target, sizeof(target), "%s", waits[i]);
    SecInvalidateHandle(&context);
    InitializeSecurityContextA(&credential, NULL, target, 0, 0, 0, NULL, 0, &context, NULL,
                               NULL, NULL);
    put_context(draw(state, SLOTS), context);
}

static void replace_async(uint32_t slot)
{
    SspiAsyncContext *fresh = SspiCreateAsyncContext();

    SspiSetAsyncNotifyCallback(fresh, on_complete, NULL);
    SspiFreeAsyncContext(atomic_exchange(&asyncs[slot], fresh));
}

/* Some too short for anything, some that come about as the call ends, some that never pass. */
static void set_deadline(uint64_t *state, SspiAsyncContext *async)
{
    struct timespec now;

    switch (draw(state, 4)) {
    case 0:
        sspia_async_set_deadline(async, draw(state, 2) != 0 ? 0 : SSPIA_DEADLINE_DEFAULT);
        break;
    case 1:
        sspia_async_set_deadline(async, 1 + draw(state, 3));
        break;
    case 2:
        sspia_async_set_deadline(async, 3600000);
        break;
    default:
        clock_gettime(CLOCK_MONOTONIC, &now);
        sspia_async_set_deadline_at(async, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec +
                                               draw(state, 300000));
        break;
    }
    if (draw(state, 16) == 0)
        sspia_set_default_deadline(draw(state, 3));
}

static void *move(void *number)
{
    uint64_t state = seed * 0x9E3779B97F4A7C15ull + (uintptr_t)number + 1;

    while (!atomic_load(&stop)) {
        uint32_t slot = draw(&state, SLOTS), which = draw(&state, QUEUES);
        SspiAsyncContext *async = atomic_load(&asyncs[slot]);
        sspia_queue *queue = atomic_load(&queues[which]);

        atomic_fetch_add(&moves, 1);
        if (have_ntlm && draw(&state, 32) == 0)
            real_handshake(&state);
        switch (draw(&state, 22)) {
        case 0:
            replace_async(slot);
            break;
        case 1:
            sspia_async_set_queue(async, draw(&state, 2) != 0 ? queue : NULL);
            break;
        case 2:
            SspiSetAsyncNotifyCallback(async, draw(&state, 4) != 0 ? on_complete : NULL, NULL);
            break;
        case 3:
            SspiGetAsyncCallStatus(async);
            SspiAsyncContextRequiresNotify(async);
            break;
        case 4:
            sspia_async_wait(async, (int32_t)draw(&state, 3));
            break;
        case 5:
            sspia_async_cancel(async);
            break;
        case 6:
        case 7:
            SspiReinitAsyncContext(async);
            break;
        case 8:
            new_context(&state);
            break;
        case 9:
            sspia_queue_dispatch(queue, 1 + draw(&state, 8), (int32_t)draw(&state, 2));
            break;
        case 10: {
            sspia_completion completion;

            if (sspia_queue_next(queue, 0, &completion) == SEC_E_OK)
                atomic_fetch_add(&taken, 1);
            break;
        }
        case 11:
            if (draw(&state, 64) == 0)
                sspia_queue_free(atomic_exchange(&queues[which], sspia_queue_create()));
            else
                sspia_queue_fd(queue);
            break;
        case 12: {
            char message[200];

            sspia_async_message(async, message, sizeof(message));
            break;
        }
        case 13:
            if (draw(&state, 4) == 0)
                delete_and_forget(&state);
            break;
        case 15:
            set_deadline(&state, async);
            break;
        case 14:
            if (draw(&state, 4) == 0)
                change_while_completions_wait(&state, queue);
            break;
        case 16:
        case 17:
            wait_outside(&state);
            break;
        case 18:
            if (draw(&state, 8) == 0)
                wait_here(&state);
            else
                scripted->release(1);
            break;
        default:
            submit(&state, async);
            break;
        }
    }
    return NULL;
}

/* Ends what only a release ends, and takes the releases that are left over. */
static void let_all_go(SspiAsyncContext *async)
{
    while (sspia_async_wait(async, 1) == SEC_I_ASYNC_CALL_PENDING)
        scripted->release(1);
}

static void take_permits(void)
{
    while (scripted->permits() > 0) {
        CtxtHandle context = scripted_context(&credential, "wait-resume", SEC_E_OK);

        assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    }
}

/* Credentials of NTLM, which needs no realm. */
static void acquire_ntlm(void)
{
    char file[] = "/tmp/moves.XXXXXX";
    const char line[] = "TEST:alice:secret of alice\n";
    SEC_WINNT_AUTH_IDENTITY_A account = {.User = (unsigned char *)(char[]){"alice"},
                                         .UserLength = 5,
                                         .Domain = (unsigned char *)(char[]){"TEST"},
                                         .DomainLength = 4,
                                         .Password =
                                             (unsigned char *)(char[]){"secret of alice"},
                                         .PasswordLength = 15,
                                         .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    sspia_auth_identity server = {
        .version = SSPIA_AUTH_IDENTITY_VERSION, .size = sizeof(server), .ntlm_user_file = file};
    int fd = mkstemp(file);
    SECURITY_STATUS status;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, line, sizeof(line) - 1), sizeof(line) - 1);
    close(fd);
    status = AcquireCredentialsHandleA(NULL, (char[]){"NTLM"}, SECPKG_CRED_OUTBOUND, NULL,
                                       &account, NULL, NULL, &ntlm_client, NULL);
    have_ntlm = status == SEC_E_OK;
    if (have_ntlm)
        assert_status(AcquireCredentialsHandleA(NULL, (char[]){"NTLM"}, SECPKG_CRED_INBOUND,
                                                NULL, &server, NULL, NULL, &ntlm_server, NULL),
                      SEC_E_OK);
    else
        print_message("without NTLM: %s\n", sspia_status_name(status));
    snprintf(user_file, sizeof(user_file), "%s", file);
}

static int pending_now(void)
{
    sspia_pool_counts counts = {.size = sizeof(counts)};

    sspia_pool_stats(&counts);
    return (int)counts.pending;
}

static void random_moves_break_nothing(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    print_message("seed %lu, %u s\n", seed, seconds);
    credential = scripted_credential();
    assert_status(AcquireCredentialsHandleA((char[]){"all: per-leg quick"},
                                            (char[]){SSPIA_SCRIPTED_NAME}, SECPKG_CRED_BOTH,
                                            NULL, NULL, NULL, NULL, &quick, NULL),
                  SEC_E_OK);
    acquire_ntlm();
    for (uint32_t i = 0; i < QUEUES; i++)
        atomic_store(&queues[i], sspia_queue_create());
    for (uint32_t i = 0; i < SLOTS; i++) {
        SecInvalidateHandle(&contexts[i]);
        replace_async(i);
    }
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, move, (void *)i), 0);
    sleep(seconds);
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    sspia_set_default_deadline(0);
    for (uint32_t i = 0; i < SLOTS; i++) {
        let_all_go(atomic_load(&asyncs[i]));
        SspiFreeAsyncContext(atomic_load(&asyncs[i]));
        DeleteSecurityContext(&contexts[i]);
    }
    for (int i = 0; i < PATIENCE_MS && pending_now() > 0; i++) {
        if (scripted->wait_blocked(1, 1) == 0)
            scripted->release(1);
    }
    assert_int_equal(pending_now(), 0);
    take_permits();
    for (uint32_t i = 0; i < QUEUES; i++)
        sspia_queue_free(atomic_load(&queues[i]));
    assert_status(FreeCredentialsHandle(&quick), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    if (have_ntlm) {
        assert_status(FreeCredentialsHandle(&ntlm_client), SEC_E_OK);
        assert_status(FreeCredentialsHandle(&ntlm_server), SEC_E_OK);
        assert_true(atomic_load(&shaken) > 0);
    }
    unlink(user_file);
    print_message(
        "%llu moves, %llu calls accepted, %llu notified, %llu taken, %llu NTLM handshakes, "
        "%llu waited outside, %d were stopped\n",
        (unsigned long long)atomic_load(&moves), (unsigned long long)atomic_load(&accepted),
        (unsigned long long)atomic_load(&notified), (unsigned long long)atomic_load(&taken),
        (unsigned long long)atomic_load(&shaken), (unsigned long long)atomic_load(&outside),
        scripted->stopped());
    assert_true(scripted->stopped() > 0);
    assert_true(atomic_load(&accepted) > 0);
    assert_true(atomic_load(&waited) > 0);
    assert_true(atomic_load(&notified) + atomic_load(&taken) <= atomic_load(&accepted));
}

/* Nothing is freed or cancelled here, so the count must be exact. */
enum { PER_THREAD = 2000 };
static atomic_uint_fast64_t exact;

static void count_it(SspiAsyncContext *async, void *data)
{
    (void)data;
    atomic_fetch_add(&exact, 1);
    SspiFreeAsyncContext(async);
}

static void *submit_many(void *data)
{
    for (int i = 0; i < PER_THREAD; i++) {
        SspiAsyncContext *async = SspiCreateAsyncContext();
        CtxtHandle none = {0, 0};

        SspiSetAsyncNotifyCallback(async, count_it, NULL);
        if (data != NULL)
            sspia_async_set_queue(async, data);
        if (SspiDeleteSecurityContextAsync(async, &none) != SEC_E_OK)
            abort();
        if (data != NULL && i % 3 == 0)
            sspia_queue_dispatch(data, 2, 0);
    }
    return NULL;
}

static int exact_now(void)
{
    return (int)atomic_load(&exact);
}

static void each_accepted_call_notifies_exactly_once(void **state)
{
    sspia_queue *queue = sspia_queue_create();
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, submit_many, i % 2 == 0 ? queue : NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    scripted_eventually(pending_now, 0);
    while (sspia_queue_dispatch(queue, 100, 0) > 0)
        continue;
    scripted_eventually(exact_now, THREADS * PER_THREAD);
    sspia_queue_free(queue);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, scripted_nothing_is_left)
    const struct CMUnitTest tests[] = {
        TEST(random_moves_break_nothing),
        TEST(each_accepted_call_notifies_exactly_once),
    };

    seed = argc > 1 ? strtoul(argv[1], NULL, 10) : (unsigned long)time(NULL);
    if (argc > 2)
        seconds = (unsigned)strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
