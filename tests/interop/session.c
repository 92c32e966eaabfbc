/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 15000

/* The result of a call that was submitted, or of the submit if that failed. */
static SECURITY_STATUS finish(SspiAsyncContext *async, sspia_queue *queue, const char *what,
                              SECURITY_STATUS submitted)
{
    SECURITY_STATUS status = submitted;
    char message[512] = "";

    if (submitted == SEC_E_OK && queue != NULL) {
        struct pollfd ready = {sspia_queue_fd(queue), POLLIN, 0};
        sspia_completion completion;

        status = SEC_I_ASYNC_CALL_PENDING;
        /* Readable and yet nothing: the library is at work on it in this moment. */
        while (status == SEC_I_ASYNC_CALL_PENDING && poll(&ready, 1, PATIENCE_MS) == 1) {
            if (sspia_queue_next(queue, 0, &completion) == SEC_E_OK)
                status = completion.status;
        }
    } else if (submitted == SEC_E_OK) {
        status = sspia_async_wait(async, PATIENCE_MS);
    }
    if (submitted != SEC_E_OK)
        sspia_last_message(message, sizeof(message));
    else
        sspia_async_message(async, message, sizeof(message));
    printf("%s %s\n", what, sspia_status_name(status));
    if (message[0] != '\0')
        printf("message %s\n", message);
    if (status == SEC_I_ASYNC_CALL_PENDING)
        sspia_async_cancel(async);
    SspiReinitAsyncContext(async);
    fflush(stdout);
    return status;
}

static SspiAsyncContext *new_async(void)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();

    if (async == NULL) {
        fputs("no memory\n", stderr);
        exit(1);
    }
    return async;
}

void session_acquire(const struct options *options, uint32_t use, CredHandle *credential)
{
    SspiAsyncContext *async = new_async();
    sspia_auth_identity identity = options->identity;
    SECURITY_STATUS status;

    status = finish(async, NULL, "acquire",
                    SspiAcquireCredentialsHandleAsyncA(async, options->principal,
                                                       options->package, use, NULL, &identity,
                                                       NULL, NULL, credential, NULL));
    SspiFreeAsyncContext(async);
    if (status != SEC_E_OK)
        exit(1);
}

void session_release(CredHandle *credential)
{
    SspiAsyncContext *async = new_async();

    finish(async, NULL, "release", SspiFreeCredentialsHandleAsync(async, credential));
    SspiFreeAsyncContext(async);
}

void session_begin(struct session *session, const struct options *options,
                   CredHandle *credential, bool with_queue)
{
    memset(session, 0, sizeof(*session));
    session->options = options;
    session->credential = credential;
    session->async = new_async();
    if (with_queue) {
        session->queue = sspia_queue_create();
        sspia_async_set_queue(session->async, session->queue);
    }
}

bool session_end(struct session *session)
{
    bool deleted = true;

    FreeContextBuffer(session->token.pvBuffer);
    session->token.pvBuffer = NULL;
    if (session->started)
        deleted = finish(session->async, session->queue, "delete",
                         SspiDeleteSecurityContextAsync(session->async, &session->context)) ==
                  SEC_E_OK;
    session->started = false;
    SspiFreeAsyncContext(session->async);
    sspia_queue_free(session->queue);
    return deleted;
}

/* A first leg that failed leaves no context. */
static SECURITY_STATUS leg_done(struct session *session, SECURITY_STATUS status)
{
    session->started =
        session->started || status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED;
    return status;
}

SECURITY_STATUS session_initialize(struct session *session, void *token, size_t size)
{
    SecBuffer input = {(uint32_t)size, SECBUFFER_TOKEN, token};
    SecBufferDesc inputs = {SECBUFFER_VERSION, 1, &input};
    SecBufferDesc outputs = {SECBUFFER_VERSION, 1, &session->token};
    SECURITY_STATUS submitted;

    FreeContextBuffer(session->token.pvBuffer);
    session->token = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    submitted = SspiInitializeSecurityContextAsyncA(
        session->async, session->credential, session->started ? &session->context : NULL,
        session->options->target, session->options->flags | ISC_REQ_ALLOCATE_MEMORY, 0,
        SECURITY_NATIVE_DREP, size > 0 ? &inputs : NULL, 0, &session->context, &outputs,
        &session->flags, NULL);
    return leg_done(session, finish(session->async, session->queue, "initialize", submitted));
}

SECURITY_STATUS session_accept(struct session *session, void *token, size_t size)
{
    SecBuffer input = {(uint32_t)size, SECBUFFER_TOKEN, token};
    SecBufferDesc inputs = {SECBUFFER_VERSION, 1, &input};
    SecBufferDesc outputs = {SECBUFFER_VERSION, 1, &session->token};
    SECURITY_STATUS submitted;

    FreeContextBuffer(session->token.pvBuffer);
    session->token = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    submitted = SspiAcceptSecurityContextAsync(
        session->async, session->credential, session->started ? &session->context : NULL,
        &inputs, ASC_REQ_ALLOCATE_MEMORY, SECURITY_NATIVE_DREP, &session->context, &outputs,
        &session->flags, NULL);
    return leg_done(session, finish(session->async, session->queue, "accept", submitted));
}

const char *session_scheme(const struct session *session)
{
    return strcmp(session->options->package, "NTLM") == 0 ? "NTLM" : "Negotiate";
}

static bool failed(const char *what, SECURITY_STATUS status)
{
    char message[512];

    if (status == SEC_E_OK)
        return false;
    sspia_last_message(message, sizeof(message));
    printf("%s %s\nmessage %s\n", what, sspia_status_name(status), message);
    return true;
}

bool session_describe(struct session *session)
{
    SecPkgContext_NegotiationInfoA negotiation;
    SecPkgContext_NativeNamesA names;
    SecPkgContext_SessionKey key;

    if (failed("negotiation",
               QueryContextAttributesA(&session->context, SECPKG_ATTR_NEGOTIATION_INFO,
                                       &negotiation)))
        return false;
    printf("package %s\nflags %08x\n", negotiation.PackageInfo->Name, session->flags);
    FreeContextBuffer(negotiation.PackageInfo);
    if (failed("names",
               QueryContextAttributesA(&session->context, SECPKG_ATTR_NATIVE_NAMES, &names)))
        return false;
    printf("client %s\nserver %s\n", names.sClientName != NULL ? names.sClientName : "",
           names.sServerName != NULL ? names.sServerName : "");
    FreeContextBuffer(names.sClientName);
    FreeContextBuffer(names.sServerName);
    if (session->options->show_key) {
        if (failed("key",
                   QueryContextAttributesA(&session->context, SECPKG_ATTR_SESSION_KEY, &key)))
            return false;
        printf("key ");
        for (uint32_t i = 0; i < key.SessionKeyLength; i++)
            printf("%02x", key.SessionKey[i]);
        printf("\n");
        FreeContextBuffer(key.SessionKey);
    }
    fflush(stdout);
    return true;
}

bool session_seal(struct session *session, const char *text, unsigned char **message,
                  size_t *size)
{
    SecPkgContext_Sizes sizes;
    uint32_t length = (uint32_t)strlen(text);
    unsigned char *room;
    SecBuffer part[3];
    SecBufferDesc parts = {SECBUFFER_VERSION, 3, part};

    if (failed("sizes", QueryContextAttributesA(&session->context, SECPKG_ATTR_SIZES, &sizes)))
        return false;
    room = malloc(sizes.cbSecurityTrailer + length + sizes.cbBlockSize + 1u);
    if (room == NULL)
        return false;
    part[0] = (SecBuffer){sizes.cbSecurityTrailer, SECBUFFER_TOKEN, room};
    part[1] = (SecBuffer){length, SECBUFFER_DATA, room + sizes.cbSecurityTrailer};
    part[2] = (SecBuffer){sizes.cbBlockSize, SECBUFFER_PADDING,
                          room + sizes.cbSecurityTrailer + length};
    memcpy(part[1].pvBuffer, text, length);
    if (failed("seal", EncryptMessage(&session->context, 0, &parts, 0))) {
        free(room);
        return false;
    }
    /* A token that came out shorter leaves a gap. */
    memmove(room + part[0].cbBuffer, part[1].pvBuffer, part[1].cbBuffer);
    memmove(room + part[0].cbBuffer + part[1].cbBuffer, part[2].pvBuffer, part[2].cbBuffer);
    *message = room;
    *size = (size_t)part[0].cbBuffer + part[1].cbBuffer + part[2].cbBuffer;
    return true;
}

bool session_unseal(struct session *session, unsigned char *message, size_t size, char **text)
{
    SecBuffer part[2] = {{(uint32_t)size, SECBUFFER_STREAM, message},
                         {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc parts = {SECBUFFER_VERSION, 2, part};
    uint32_t quality = 0;

    if (failed("unseal", DecryptMessage(&session->context, &parts, 0, &quality)))
        return false;
    if (quality != 0) {
        puts("unseal: the message was not encrypted");
        return false;
    }
    /* The caller's memory has one byte more than the message. */
    *text = part[1].pvBuffer;
    (*text)[part[1].cbBuffer] = '\0';
    printf("received %s\n", *text);
    fflush(stdout);
    return true;
}

bool session_sign(struct session *session, char *text, unsigned char **signature, size_t *size)
{
    SecPkgContext_Sizes sizes;
    SecBuffer part[2] = {{(uint32_t)strlen(text), SECBUFFER_DATA, text},
                         {0, SECBUFFER_TOKEN, NULL}};
    SecBufferDesc parts = {SECBUFFER_VERSION, 2, part};

    if (failed("sizes", QueryContextAttributesA(&session->context, SECPKG_ATTR_SIZES, &sizes)))
        return false;
    *signature = malloc(sizes.cbMaxSignature);
    if (*signature == NULL)
        return false;
    part[1].cbBuffer = sizes.cbMaxSignature;
    part[1].pvBuffer = *signature;
    if (failed("sign", MakeSignature(&session->context, 0, &parts, 0))) {
        free(*signature);
        return false;
    }
    *size = part[1].cbBuffer;
    return true;
}

bool session_verify(struct session *session, char *text, unsigned char *signature, size_t size)
{
    SecBuffer part[2] = {{(uint32_t)strlen(text), SECBUFFER_DATA, text},
                         {(uint32_t)size, SECBUFFER_TOKEN, signature}};
    SecBufferDesc parts = {SECBUFFER_VERSION, 2, part};

    if (failed("verify", VerifySignature(&session->context, &parts, 0, NULL)))
        return false;
    printf("verified %s\n", text);
    fflush(stdout);
    return true;
}
