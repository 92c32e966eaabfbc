/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <dlfcn.h>
#include <time.h>

const struct probe *probe;

void probe_assert_status(SECURITY_STATUS actual, SECURITY_STATUS expected, const char *text,
                         const char *file, int line)
{
    if (actual == expected)
        return;
    print_error("%s is %s, not %s\n", text, sspia_status_name(actual),
                sspia_status_name(expected));
    _fail(file, line);
}

int probe_setup(void **state)
{
    const struct probe *(*control)(void);
    void *module, *symbol;

    (void)state;
    if (AddSecurityPackageA(PROBE_MODULE, NULL) != SEC_E_OK) {
        char message[256];

        sspia_last_message(message, sizeof(message));
        print_error("%s\n", message);
        return -1;
    }
    module = dlopen(PROBE_MODULE, RTLD_NOW | RTLD_NOLOAD);
    symbol = module != NULL ? dlsym(module, "probe_control") : NULL;
    if (symbol == NULL)
        return -1;
    memcpy(&control, &symbol, sizeof(control));
    probe = control();
    return 0;
}

void probe_eventually(int (*value)(void), int wanted)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    for (int i = 0; i < PATIENCE_MS && value() != wanted; i++)
        nanosleep(&pause, NULL);
    assert_int_equal(value(), wanted);
}

int probe_nothing_is_left(void **state)
{
    char log[65536];

    (void)state;
    probe_eventually(probe->live_contexts, 0);
    probe_eventually(probe->live_credentials, 0);
    probe->take_log(log, sizeof(log));
    return 0;
}

CredHandle probe_credential(void)
{
    CredHandle credential;
    char package[] = PROBE_NAME;

    assert_status(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_BOTH, NULL, NULL, NULL,
                                            NULL, &credential, NULL),
                  SEC_E_OK);
    return credential;
}

CtxtHandle probe_context(CredHandle *credential, const char *script, SECURITY_STATUS status)
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

SECURITY_STATUS probe_submit_leg(SspiAsyncContext *async, CredHandle *credential,
                                 CtxtHandle *context, const char *script, struct probe_leg *leg)
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

SECURITY_STATUS probe_submit_acquire(SspiAsyncContext *async, const char *script,
                                     CredHandle *credential)
{
    char package[] = PROBE_NAME;
    char principal[256];

    SecInvalidateHandle(credential);
    snprintf(principal, sizeof(principal), "%s", script);
    return SspiAcquireCredentialsHandleAsyncA(async, principal, package, SECPKG_CRED_OUTBOUND,
                                              NULL, NULL, NULL, NULL, credential, NULL);
}
