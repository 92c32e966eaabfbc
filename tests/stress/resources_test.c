/* SPDX-License-Identifier: MIT */
/*
 * Memory over many lives, many contexts at once, and no descriptor left.
 *
 *   resources_test [CYCLES [CONTEXTS]]      50000 and 20000; 1000000 each on demand
 */
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "scripted.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* freed memory is kept: its size says nothing, and all is slow */
#else
#define SANITIZED 0
#endif

static unsigned long cycles = 50000, contexts = 20000;
static bool on_demand;

/* Bytes of memory in use. */
static long resident(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*s %ld", &pages), 1);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A credential of NTLM with an account, one of the realm's tickets, or one of a package that
 * needs none. */
static bool acquire(const char *package, CredHandle *credential)
{
    SEC_WINNT_AUTH_IDENTITY_A account = {.User = (unsigned char *)(char[]){"alice"},
                                         .UserLength = 5,
                                         .Domain = (unsigned char *)(char[]){"TEST"},
                                         .DomainLength = 4,
                                         .Password = (unsigned char *)(char[]){"secret"},
                                         .PasswordLength = 6,
                                         .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    sspia_auth_identity tickets = {.version = SSPIA_AUTH_IDENTITY_VERSION,
                                   .size = sizeof(tickets),
                                   .credential_cache = getenv("CCACHE")};
    void *identity = NULL;

    if (strcmp(package, "NTLM") == 0)
        identity = &account;
    else if (strcmp(package, "Kerberos") == 0 || strcmp(package, "Negotiate") == 0)
        identity = &tickets;
    return AcquireCredentialsHandleA(NULL, (char *)(uintptr_t)package, SECPKG_CRED_OUTBOUND,
                                     NULL, identity, NULL, NULL, credential, NULL) == SEC_E_OK;
}

/* A leg, and an asynchronous delete. */
static void live_once(SspiAsyncContext *async, CredHandle *credential, char *target)
{
    SecBuffer token = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &token};
    CtxtHandle context;
    uint32_t attributes;
    SECURITY_STATUS status = InitializeSecurityContextA(
        credential, NULL, target, ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_CONFIDENTIALITY, 0, 0, NULL,
        0, &context, &output, &attributes, NULL);

    assert_true(status >= 0);
    assert_status(FreeContextBuffer(token.pvBuffer), SEC_E_OK);
    assert_status(SspiDeleteSecurityContextAsync(async, &context), SEC_E_OK);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
}

/* Wrong would be: memory that grows with the number of contexts that were. */
static void memory_is_flat_over_many_lives(void **state)
{
    static const char *const packages[] = {"Scripted", "NTLM", "Kerberos", "Negotiate",
                                           "Schannel"};

    (void)state;
    for (size_t p = 0; p < sizeof(packages) / sizeof(packages[0]); p++) {
        /* By default less of the dear ones: these read a ticket cache or make keys. */
        unsigned long count = p < 2 || on_demand ? cycles : cycles / 5;
        char target[] = "HTTP/localhost";
        SspiAsyncContext *async = SspiCreateAsyncContext();
        CredHandle credential;
        double from;
        long before;

        if (!acquire(packages[p], &credential)) {
            print_message("without %s\n", packages[p]);
            SspiFreeAsyncContext(async);
            continue;
        }
        for (unsigned long i = 0; i < count / 10; i++)
            live_once(async, &credential, p == 4 ? target + 5 : target);
        before = resident();
        from = seconds();
        for (unsigned long i = 0; i < count; i++)
            live_once(async, &credential, p == 4 ? target + 5 : target);
        print_message("%s: %lu lives in %.1f s, memory %+ld KiB\n", packages[p], count,
                      seconds() - from, (resident() - before) / 1024);
        if (!SANITIZED)
            assert_true(resident() - before < 1024 * 1024);
        assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
        SspiFreeAsyncContext(async);
    }
}

/* Wrong would be: handles that run out, get slow or mixed up, or memory that does not return.
 */
static void many_contexts_live_at_once(void **state)
{
    CtxtHandle *all = calloc(contexts, sizeof(*all));
    sspia_queue *queue = sspia_queue_create();
    CredHandle credential;
    long before = resident();
    double from = seconds(), middle;
    unsigned long done = 0;

    (void)state;
    assert_non_null(all);
    assert_status(AcquireCredentialsHandleA((char[]){"token=0"}, (char[]){"Scripted"},
                                            SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL,
                                            &credential, NULL),
                  SEC_E_OK);
    for (unsigned long i = 0; i < contexts; i++)
        assert_status(InitializeSecurityContextA(&credential, NULL, NULL, 0, 0, 0, NULL, 0,
                                                 &all[i], NULL, NULL, NULL),
                      SEC_E_OK);
    assert_int_equal(scripted->live_contexts(), contexts);
    middle = seconds();
    print_message("%lu contexts in %.2f s, %ld bytes each\n", contexts, middle - from,
                  (resident() - before) / (long)contexts);
    for (unsigned long i = 0; i < contexts; i++) {
        SspiAsyncContext *async = SspiCreateAsyncContext();

        assert_status(sspia_async_set_queue(async, queue), SEC_E_OK);
        assert_status(SspiDeleteSecurityContextAsync(async, &all[i]), SEC_E_OK);
    }
    while (done < contexts) {
        sspia_completion completion;

        assert_status(sspia_queue_next(queue, PATIENCE_MS, &completion), SEC_E_OK);
        assert_status(completion.status, SEC_E_OK);
        SspiFreeAsyncContext(completion.async);
        done++;
    }
    print_message("deleted in %.2f s\n", seconds() - middle);
    scripted_eventually(scripted->live_contexts, 0);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    sspia_queue_free(queue);
    free(all);
}

/* Wrong would be: a crash, a hang, or a library that is no good when there are some again. */
static void descriptors_may_run_out(void **state)
{
    struct rlimit old, none;
    SspiAsyncContext *async = SspiCreateAsyncContext();
    sspia_queue *queue = sspia_queue_create();
    sspia_completion completion;
    CredHandle credential, ntlm;
    char message[512];

    (void)state;
    assert_true(acquire("Scripted", &credential));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(sspia_queue_fd(queue), -1);
    assert_status(sspia_async_set_queue(async, queue), SEC_E_OK);
    assert_status(SspiFreeCredentialsHandleAsync(async, &credential), SEC_E_OK);
    assert_status(sspia_queue_next(queue, PATIENCE_MS, &completion), SEC_E_OK);
    assert_status(completion.status, SEC_E_OK);
    if (acquire("NTLM", &ntlm)) /* it may, or may not, need a file */
        assert_status(FreeCredentialsHandle(&ntlm), SEC_E_OK);
    else
        assert_true(sspia_last_message(message, sizeof(message)) > 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_true(sspia_queue_fd(queue) >= 0);
    assert_true(acquire("Scripted", &credential));
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    SspiFreeAsyncContext(async);
    sspia_queue_free(queue);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, scripted_nothing_is_left)
    const struct CMUnitTest tests[] = {
        TEST(memory_is_flat_over_many_lives),
        TEST(many_contexts_live_at_once),
        TEST(descriptors_may_run_out),
    };

    if (SANITIZED)
        cycles = contexts = 2000;
    if (argc > 1) {
        cycles = strtoul(argv[1], NULL, 10);
        on_demand = true;
    }
    if (argc > 2)
        contexts = strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
