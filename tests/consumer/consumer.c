/* SPDX-License-Identifier: MIT */
/*
 * consumer.c - a program outside the project, in the shape of the Windows documentation's
 * sample for asynchronous contexts: create, register a callback, submit, be told, read the
 * status, reinitialise, submit the next call, free.
 *
 * It acquires an NTLM credential from an identity, makes the first leg of a handshake, and
 * deletes the context asynchronously, polling; no server is needed for any of this. Exit
 * code 0 if every call did what the documentation says, else 1 with the reason.
 */
#include <sspi.h>
#include <sspi_queue.h>

#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef struct Operation {
    sem_t Done;
    SECURITY_STATUS Status;
} Operation;

/* Runs on a thread of the library. */
static void OnComplete(SspiAsyncContext *Handle, void *CallbackData)
{
    Operation *operation = CallbackData;
    operation->Status = SspiGetAsyncCallStatus(Handle);
    sem_post(&operation->Done);
}

static int Fail(const char *what, SECURITY_STATUS status)
{
    char message[256];
    sspia_last_message(message, sizeof message);
    fprintf(stderr, "%s: %s (%s) %s\n", what, sspia_status_name(status),
            sspia_status_text(status), message);
    return 1;
}

/* The status of a call that was submitted with `submitted`, once the callback has run. */
static SECURITY_STATUS Finish(SspiAsyncContext *async, Operation *operation,
                              SECURITY_STATUS submitted)
{
    if (submitted != SEC_E_OK) {
        return submitted; /* then no callback runs */
    }
    while (sem_wait(&operation->Done) != 0) {
    }
    if (operation->Status < 0) {
        char message[256];
        sspia_async_message(async, message, sizeof message);
        fprintf(stderr, "%s\n", message);
    }
    NTSTATUS reinit = SspiReinitAsyncContext(async);
    return reinit == STATUS_SUCCESS ? operation->Status : SEC_E_INTERNAL_ERROR;
}

/* Polls a call that has no callback; gives up after ten seconds. */
static SECURITY_STATUS Poll(SspiAsyncContext *async)
{
    const struct timespec pause = {0, 1000000};
    SECURITY_STATUS status = SEC_I_ASYNC_CALL_PENDING;
    for (int i = 0; i < 10000 && status == SEC_I_ASYNC_CALL_PENDING; i++) {
        status = SspiGetAsyncCallStatus(async);
        nanosleep(&pause, NULL);
    }
    return status;
}

int main(void)
{
    Operation operation;
    sem_init(&operation.Done, 0, 0);
    SspiAsyncContext *async = SspiCreateAsyncContext();
    if (!async || SspiGetAsyncCallStatus(async) != SEC_E_NO_CONTEXT ||
        SspiAsyncContextRequiresNotify(async)) {
        return Fail("SspiCreateAsyncContext", SEC_E_INTERNAL_ERROR);
    }
    if (SspiSetAsyncNotifyCallback(async, OnComplete, &operation) != SEC_E_OK ||
        !SspiAsyncContextRequiresNotify(async)) {
        return Fail("SspiSetAsyncNotifyCallback", SEC_E_INTERNAL_ERROR);
    }

    unsigned char user[] = "alice";
    unsigned char domain[] = "TEST";
    unsigned char password[] = "correct-horse";
    SEC_WINNT_AUTH_IDENTITY_A identity = {0};
    identity.User = user;
    identity.UserLength = sizeof user - 1;
    identity.Domain = domain;
    identity.DomainLength = sizeof domain - 1;
    identity.Password = password;
    identity.PasswordLength = sizeof password - 1;
    identity.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;

    CredHandle credential;
    TimeStamp expiry;
    SecInvalidateHandle(&credential);
    char package[] = NTLMSP_NAME_A;
    SECURITY_STATUS status =
        SspiAcquireCredentialsHandleAsyncA(async, NULL, package, SECPKG_CRED_OUTBOUND, NULL,
                                           &identity, NULL, NULL, &credential, &expiry);
    memset(password, 0, sizeof password); /* copied at submit */
    status = Finish(async, &operation, status);
    if (status != SEC_E_OK || !SecIsValidHandle(&credential)) {
        return Fail("SspiAcquireCredentialsHandleAsync", status);
    }

    CtxtHandle context;
    SecInvalidateHandle(&context);
    SecBuffer token = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &token};
    ULONG attributes = 0;
    char target[] = "HTTP/www.example.org";
    status = SspiInitializeSecurityContextAsyncA(
        async, &credential, NULL, target, ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_INTEGRITY, 0,
        SECURITY_NATIVE_DREP, NULL, 0, &context, &output, &attributes, &expiry);
    status = Finish(async, &operation, status);
    if (status != SEC_I_CONTINUE_NEEDED) {
        return Fail("SspiInitializeSecurityContextAsync", status);
    }
    if (token.cbBuffer < 12 || memcmp(token.pvBuffer, "NTLMSSP\0\1\0\0\0", 12) != 0) {
        return Fail("the first token is not NTLM's", SEC_E_INVALID_TOKEN);
    }
    printf("first leg: %s, a token of %u bytes\n", sspia_status_name(status),
           (unsigned)token.cbBuffer);
    if (FreeContextBuffer(token.pvBuffer) != SEC_E_OK) {
        return Fail("FreeContextBuffer", SEC_E_INVALID_HANDLE);
    }

    /* The delete, polled. The handle may be overwritten as soon as it is submitted. */
    CtxtHandle copy = context;
    SspiSetAsyncNotifyCallback(async, NULL, NULL);
    status = SspiDeleteSecurityContextAsync(async, &context);
    SecInvalidateHandle(&context);
    if (status != SEC_E_OK || (status = Poll(async)) != SEC_E_OK) {
        return Fail("SspiDeleteSecurityContextAsync", status);
    }
    printf("asynchronous delete: %s\n", sspia_status_name(status));

    /* The copy died with it. */
    if (SspiReinitAsyncContext(async) != STATUS_SUCCESS ||
        SspiDeleteSecurityContextAsync(async, &copy) != SEC_E_OK ||
        (status = Poll(async)) != SEC_E_INVALID_HANDLE) {
        return Fail("a second delete", status);
    }
    printf("second delete: %s\n", sspia_status_name(status));
    SspiFreeAsyncContext(async);

    /* A handle that was made asynchronously may be freed synchronously. */
    status = FreeCredentialsHandle(&credential);
    if (status != SEC_E_OK) {
        return Fail("FreeCredentialsHandle", status);
    }
    sem_destroy(&operation.Done);
    return 0;
}
