/* SPDX-License-Identifier: MIT */
#include "context.h"

#include <sspi_queue.h>
#include <sspi_scripted.h>
#include <stdlib.h>

#include "bare.h"
#include "measure.h"

void expect_status(SECURITY_STATUS actual, SECURITY_STATUS expected, const char *what)
{
    char why[512];

    if (actual == expected)
        return;
    sspia_last_message(why, sizeof(why));
    measure_fail("%s: %s, not %s (%s)", what, sspia_status_name(actual),
                 sspia_status_name(expected), why);
}

static SECURITY_STATUS acquire(const char *package, char *principal, void *identity,
                               CredHandle *credential)
{
    return AcquireCredentialsHandleA(principal, (char *)(uintptr_t)package,
                                     SECPKG_CRED_OUTBOUND, NULL, identity, NULL, NULL,
                                     credential, NULL);
}

CredHandle *context_scripted(void)
{
    static CredHandle credential;
    static bool made;

    if (!made)
        expect_status(acquire(SSPIA_SCRIPTED_NAME, (char[]){"token=0"}, NULL, &credential),
                      SEC_E_OK, "a credential of Scripted");
    made = true;
    return &credential;
}

CredHandle *context_bare(void)
{
    static CredHandle credential;
    static bool made;

    if (!made) {
        expect_status(AddSecurityPackageA(BARE_MODULE, NULL), SEC_E_OK, BARE_MODULE);
        expect_status(acquire(BARE_NAME, NULL, NULL, &credential), SEC_E_OK,
                      "a credential of Bare");
    }
    made = true;
    return &credential;
}

CredHandle *context_ntlm(void)
{
    static CredHandle credential;
    static bool tried, made;
    SEC_WINNT_AUTH_IDENTITY_A account = {.User = (unsigned char *)(char[]){"alice"},
                                         .UserLength = 5,
                                         .Domain = (unsigned char *)(char[]){"TEST"},
                                         .DomainLength = 4,
                                         .Password = (unsigned char *)(char[]){"secret"},
                                         .PasswordLength = 6,
                                         .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};

    if (!tried)
        made = acquire("NTLM", NULL, &account, &credential) == SEC_E_OK;
    tried = true;
    return made ? &credential : NULL;
}

CredHandle *context_kerberos(void)
{
    static CredHandle credential;
    static bool tried, made;
    sspia_auth_identity tickets = {.version = SSPIA_AUTH_IDENTITY_VERSION,
                                   .size = sizeof(tickets),
                                   .credential_cache = getenv("CCACHE")};

    /* Without the realm's variables, GSSAPI would look for a KDC in the DNS. */
    if (!tried && tickets.credential_cache != NULL)
        made = acquire("Kerberos", NULL, &tickets, &credential) == SEC_E_OK;
    tried = true;
    return made ? &credential : NULL;
}

void context_make(CredHandle *credential, CtxtHandle *contexts, long count)
{
    unsigned char token[4096];
    uint32_t attributes;

    for (long i = 0; i < count; i++) {
        SecBuffer buffer = {sizeof(token), SECBUFFER_TOKEN, token};
        SecBufferDesc output = {SECBUFFER_VERSION, 1, &buffer};
        SECURITY_STATUS status = InitializeSecurityContextA(
            credential, NULL, (char[]){"HTTP/localhost"}, 0, 0, SECURITY_NATIVE_DREP, NULL, 0,
            &contexts[i], &output, &attributes, NULL);

        if (status != SEC_I_CONTINUE_NEEDED)
            expect_status(status, SEC_E_OK, "a context to measure on");
    }
}

CtxtHandle context_dead(void)
{
    CtxtHandle context, copy;

    context_make(context_scripted(), &context, 1);
    copy = context;
    expect_status(DeleteSecurityContext(&context), SEC_E_OK, "DeleteSecurityContext");
    return copy;
}

void context_quiet(void)
{
    sspia_pool_counts counts = {.size = sizeof(counts)};
    double until = measure_now() + PATIENCE_MS * 1e6;

    for (;;) {
        expect_status(sspia_pool_stats(&counts), SEC_E_OK, "sspia_pool_stats");
        if (counts.pending == 0)
            return;
        if (measure_now() > until)
            measure_fail("calls stay pending: %lu", (unsigned long)counts.pending);
        measure_sleep(0.1);
    }
}
