/* SPDX-License-Identifier: MIT */
#include "scripted.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "task.h"

void scripted_assert_status(SECURITY_STATUS actual, SECURITY_STATUS expected, const char *text,
                            const char *file, int line)
{
    if (actual == expected)
        return;
    print_error("%s is %s, not %s\n", text, sspia_status_name(actual),
                sspia_status_name(expected));
    _fail(file, line);
}

static CredHandle control;

static sspia_scripted_counts counts(void)
{
    sspia_scripted_counts result = {.size = sizeof(result)};

    if (QueryCredentialsAttributesA(&control, SSPIA_SCRIPTED_ATTR_COUNTS, &result) != SEC_E_OK)
        fail_msg("the package does not give its counts");
    return result;
}

static void release(int count)
{
    uint32_t more = (uint32_t)count;

    assert_status(
        SetCredentialsAttributesA(&control, SSPIA_SCRIPTED_ATTR_RELEASE, &more, sizeof(more)),
        SEC_E_OK);
}

static int wait_blocked(int count, int ms)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    for (int i = 0; i < ms && counts().blocked < (uint32_t)count; i++)
        nanosleep(&pause, NULL);
    return counts().blocked < (uint32_t)count;
}

static int live_contexts(void)
{
    return (int)counts().contexts;
}

static int live_credentials(void)
{
    return (int)counts().credentials - 1;
}

static int legs(void)
{
    return (int)counts().legs;
}

static int permits(void)
{
    return (int)counts().permits;
}

static sspia_scripted_waits waits(void)
{
    sspia_scripted_waits result = {.size = sizeof(result)};

    if (QueryCredentialsAttributesA(&control, SSPIA_SCRIPTED_ATTR_WAITS, &result) != SEC_E_OK)
        fail_msg("the package does not tell what waits");
    if (result.abandoned != 0)
        fail_msg("a wait was deleted and not stopped");
    return result;
}

static int waiting(void)
{
    return (int)waits().waiting;
}

static int stopped(void)
{
    return (int)waits().stopped;
}

static int idle_calls(void)
{
    return (int)waits().idle_calls;
}

static void take_log(char *log, int size)
{
    char *text;

    assert_status(QueryCredentialsAttributesA(&control, SSPIA_SCRIPTED_ATTR_LOG, &text),
                  SEC_E_OK);
    snprintf(log, (size_t)size, "%s", text);
    assert_status(FreeContextBuffer(text), SEC_E_OK);
}

const struct scripted *const scripted = &(const struct scripted){
    .release = release,
    .wait_blocked = wait_blocked,
    .live_contexts = live_contexts,
    .live_credentials = live_credentials,
    .legs = legs,
    .permits = permits,
    .waiting = waiting,
    .stopped = stopped,
    .idle_calls = idle_calls,
    .take_log = take_log,
};

static CredHandle acquire(const char *script)
{
    CredHandle credential;
    char principal[256];

    snprintf(principal, sizeof(principal), "%s", script);
    assert_status(AcquireCredentialsHandleA(principal, (char[]){SSPIA_SCRIPTED_NAME},
                                            SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL,
                                            &credential, NULL),
                  SEC_E_OK);
    return credential;
}

int scripted_setup(void **state)
{
    char log[64];

    (void)state;
    if (AddSecurityPackageA("scripted", NULL) != SEC_E_OK) {
        char message[256];

        sspia_last_message(message, sizeof(message));
        print_error("%s\n", message);
        return -1;
    }
    control = acquire("");
    scripted->take_log(log, sizeof(log));
    return 0;
}

int scripted_teardown(void **state)
{
    (void)state;
    return FreeCredentialsHandle(&control) == SEC_E_OK ? 0 : -1;
}

void scripted_eventually(int (*value)(void), int wanted)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    for (int i = 0; i < PATIENCE_MS && value() != wanted; i++)
        nanosleep(&pause, NULL);
    assert_int_equal(value(), wanted);
}

int scripted_nothing_is_left(void **state)
{
    char log[65536];

    (void)state;
    scripted_eventually(scripted->live_contexts, 0);
    scripted_eventually(scripted->live_credentials, 0);
    scripted_eventually(scripted->permits, 0);
    scripted_eventually(scripted->waiting, 0);
    scripted->take_log(log, sizeof(log));
    return 0;
}

CredHandle scripted_credential(void)
{
    return acquire("all: per-leg name=scr\xc3\xafpted");
}

CtxtHandle scripted_context(CredHandle *credential, const char *script, SECURITY_STATUS status)
{
    unsigned char token[4096];
    SecBuffer buffer = {sizeof(token), SECBUFFER_TOKEN, token};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &buffer};
    uint32_t attributes;
    CtxtHandle context;
    char target[256];

    SecInvalidateHandle(&context);
    snprintf(target, sizeof(target), "%s", script);
    assert_status(InitializeSecurityContextA(credential, NULL, target, 0, 0, 0, NULL, 0,
                                             &context, &output, &attributes, NULL),
                  status);
    return context;
}

SECURITY_STATUS scripted_submit_leg(SspiAsyncContext *async, CredHandle *credential,
                                    CtxtHandle *context, const char *script,
                                    struct scripted_leg *leg)
{
    char target[256];

    memset(leg, 0, sizeof(*leg));
    SecInvalidateHandle(&leg->context);
    leg->buffer = (SecBuffer){sizeof(leg->token), SECBUFFER_TOKEN, leg->token};
    leg->output = (SecBufferDesc){SECBUFFER_VERSION, 1, &leg->buffer};
    snprintf(target, sizeof(target), "%s", script);
    return SspiInitializeSecurityContextAsyncA(async, credential, context, target, 0, 0, 0,
                                               NULL, 0, &leg->context, &leg->output,
                                               &leg->attributes, &leg->expiry);
}

SECURITY_STATUS scripted_submit_acquire(SspiAsyncContext *async, const char *script,
                                        CredHandle *credential)
{
    char package[] = SSPIA_SCRIPTED_NAME;
    char principal[256];

    SecInvalidateHandle(credential);
    snprintf(principal, sizeof(principal), "acquire: %s", script);
    return SspiAcquireCredentialsHandleAsyncA(async, principal, package, SECPKG_CRED_OUTBOUND,
                                              NULL, NULL, NULL, NULL, credential, NULL);
}

void scripted_let_others_sleep(void)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    for (int i = 0; i < 500 && task_count_others_at_work() > 0; i++)
        nanosleep(&pause, NULL);
}
