/* SPDX-License-Identifier: MIT */
#include "side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *realm_value(const char *name)
{
    char *value = getenv(name);

    if (value == NULL) {
        fprintf(stderr, "skipped: run me with tests/support/realm run - ...\n");
        exit(77);
    }
    return value;
}

void login_init(struct login *login)
{
    memset(login, 0, sizeof(*login));
    login->identity.version = SSPIA_AUTH_IDENTITY_VERSION;
    login->identity.size = sizeof(login->identity);
}

static unsigned char *text(const char *string, uint32_t *length)
{
    *length = string != NULL ? (uint32_t)strlen(string) : 0;
    return (unsigned char *)(uintptr_t)string;
}

void login_as(struct login *login, const char *domain, const char *user, const char *password,
              const char *packages)
{
    SEC_WINNT_AUTH_IDENTITY_EXA *account = &login->account;

    account->Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
    account->Length = sizeof(*account);
    account->Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    account->User = text(user, &account->UserLength);
    account->Domain = text(domain, &account->DomainLength);
    account->Password = text(password, &account->PasswordLength);
    account->PackageList = text(packages, &account->PackageListLength);
    login->identity.identity = account;
}

void side_init(struct side *side, bool initiator, bool asynchronous)
{
    memset(side, 0, sizeof(*side));
    side->initiator = initiator;
    side->asynchronous = asynchronous;
    side->target = (char *)(uintptr_t) "HTTP@localhost";
    side->wanted = ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT |
                   ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY;
}

/* Takes the result of a call, from the async context if that is not NULL. */
static SECURITY_STATUS conclude(struct side *side, SspiAsyncContext *async,
                                SECURITY_STATUS status)
{
    side->message[0] = '\0';
    if (async != NULL && status == SEC_E_OK) {
        status = sspia_async_wait(async, SIDE_PATIENCE_MS);
        sspia_async_message(async, side->message, sizeof(side->message));
    } else if (status < 0) {
        sspia_last_message(side->message, sizeof(side->message));
    }
    SspiFreeAsyncContext(async);
    return side->status = status;
}

SECURITY_STATUS side_acquire(struct side *side, const char *package, struct login *login)
{
    SspiAsyncContext *async = side->asynchronous ? SspiCreateAsyncContext() : NULL;
    uint32_t use = side->initiator ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND;
    void *identity = login != NULL ? &login->identity : NULL;
    char *name = (char *)(uintptr_t)package;
    SECURITY_STATUS status;

    memset(&side->expiry, 0, sizeof(side->expiry));
    if (async != NULL)
        status =
            SspiAcquireCredentialsHandleAsyncA(async, NULL, name, use, NULL, identity, NULL,
                                               NULL, &side->credential, &side->expiry);
    else
        status = AcquireCredentialsHandleA(NULL, name, use, NULL, identity, NULL, NULL,
                                           &side->credential, &side->expiry);
    side->acquired = conclude(side, async, status) == SEC_E_OK;
    return side->status;
}

SECURITY_STATUS side_step(struct side *side, const SecBuffer *token)
{
    SspiAsyncContext *async = side->asynchronous ? SspiCreateAsyncContext() : NULL;
    SecBuffer input = token != NULL ? *token : (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc inputs = {SECBUFFER_VERSION, 1, &input};
    SecBuffer output = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc outputs = {SECBUFFER_VERSION, 1, &output};
    CtxtHandle *context = side->started ? &side->context : NULL;
    SECURITY_STATUS status;

    side->attributes = 0;
    memset(&side->expiry, 0, sizeof(side->expiry));
    if (side->initiator && async != NULL)
        status = SspiInitializeSecurityContextAsyncA(
            async, &side->credential, context, side->target,
            side->wanted | ISC_REQ_ALLOCATE_MEMORY, 0, SECURITY_NATIVE_DREP,
            token != NULL ? &inputs : NULL, 0, &side->context, &outputs, &side->attributes,
            &side->expiry);
    else if (side->initiator)
        status = InitializeSecurityContextA(
            &side->credential, context, side->target, side->wanted | ISC_REQ_ALLOCATE_MEMORY, 0,
            SECURITY_NATIVE_DREP, token != NULL ? &inputs : NULL, 0, &side->context, &outputs,
            &side->attributes, &side->expiry);
    else if (async != NULL)
        status = SspiAcceptSecurityContextAsync(
            async, &side->credential, context, &inputs, ASC_REQ_ALLOCATE_MEMORY,
            SECURITY_NATIVE_DREP, &side->context, &outputs, &side->attributes, &side->expiry);
    else
        status = AcceptSecurityContext(
            &side->credential, context, &inputs, ASC_REQ_ALLOCATE_MEMORY, SECURITY_NATIVE_DREP,
            &side->context, &outputs, &side->attributes, &side->expiry);
    conclude(side, async, status);
    side->started =
        side->started || side->status == SEC_E_OK || side->status == SEC_I_CONTINUE_NEEDED;
    FreeContextBuffer(side->token.pvBuffer); /* after the call: it may have been the input */
    side->token = output;
    return side->status;
}

bool side_delete(struct side *side)
{
    SspiAsyncContext *async = side->asynchronous ? SspiCreateAsyncContext() : NULL;
    SECURITY_STATUS status = SEC_E_OK;

    FreeContextBuffer(side->token.pvBuffer);
    side->token = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    if (side->started && async != NULL)
        status = SspiDeleteSecurityContextAsync(async, &side->context);
    else if (side->started)
        status = DeleteSecurityContext(&side->context);
    if (side->started)
        conclude(side, async, status);
    else
        SspiFreeAsyncContext(async);
    status = side->started ? side->status : SEC_E_OK;
    side->started = false;
    return status == SEC_E_OK;
}

bool side_release(struct side *side)
{
    bool good = side_delete(side);

    if (side->acquired)
        good = FreeCredentialsHandle(&side->credential) == SEC_E_OK && good;
    side->acquired = false;
    return good;
}

SECURITY_STATUS sides_shake(struct side *initiator, struct side *acceptor, unsigned most)
{
    const SecBuffer *token = NULL;
    struct side *turn = initiator;
    struct side *other = acceptor;

    while (most-- > 0) {
        SECURITY_STATUS status = side_step(turn, token);
        struct side *next = other;

        if (status < 0)
            return status;
        if (status == SEC_E_OK && turn->token.cbBuffer == 0)
            return other->status;
        token = &turn->token;
        other = turn;
        turn = next;
    }
    return SEC_I_CONTINUE_NEEDED;
}

bool sides_send(struct side *from, struct side *to, const char *text_sent)
{
    SecPkgContext_Sizes sizes;
    uint32_t length = (uint32_t)strlen(text_sent);
    SecBuffer part[3];
    SecBuffer whole[2];
    SecBufferDesc parts = {SECBUFFER_VERSION, 3, part};
    SecBufferDesc stream = {SECBUFFER_VERSION, 2, whole};
    unsigned char *memory;
    bool good = false;

    if (QueryContextAttributesA(&from->context, SECPKG_ATTR_SIZES, &sizes) != SEC_E_OK)
        return false;
    memory = malloc(sizes.cbSecurityTrailer + length + sizes.cbBlockSize);
    if (memory == NULL)
        return false;
    part[0] = (SecBuffer){sizes.cbSecurityTrailer, SECBUFFER_TOKEN, memory};
    part[1] = (SecBuffer){length, SECBUFFER_DATA, memory + sizes.cbSecurityTrailer};
    part[2] = (SecBuffer){sizes.cbBlockSize, SECBUFFER_PADDING,
                          memory + sizes.cbSecurityTrailer + length};
    memcpy(part[1].pvBuffer, text_sent, length);
    if (EncryptMessage(&from->context, 0, &parts, 0) == SEC_E_OK) {
        memmove(memory + part[0].cbBuffer, part[1].pvBuffer, length + part[2].cbBuffer);
        whole[0] =
            (SecBuffer){part[0].cbBuffer + length + part[2].cbBuffer, SECBUFFER_STREAM, memory};
        whole[1] = (SecBuffer){0, SECBUFFER_DATA, NULL};
        good = memcmp(memory + part[0].cbBuffer, text_sent, length) != 0 &&
               DecryptMessage(&to->context, &stream, 0, NULL) == SEC_E_OK &&
               whole[1].cbBuffer == length && memcmp(whole[1].pvBuffer, text_sent, length) == 0;
    }
    free(memory);
    return good;
}
