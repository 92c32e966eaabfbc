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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, restore)
    const struct CMUnitTest tests[] = {
        TEST(synchronous_functions_wait_on_their_thread),
        TEST(synchronous_functions_are_resumed_by_others),
        TEST(synchronous_acquire_waits),
    };

    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
