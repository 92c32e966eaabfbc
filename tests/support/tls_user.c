/* SPDX-License-Identifier: MIT */
#include "tls_user.h"

#include <string.h>

#include "tls_maker.h"

static struct tls_cert authority, certificate;
static PCCERT_CONTEXT context_of_server;
static HCERTSTORE roots;

void tls_user_setup(void)
{
    authority = tls_make(NULL, "Test Authority", &(struct tls_traits){.authority = true});
    certificate =
        tls_make(&authority, "localhost", &(struct tls_traits){.names = "DNS:localhost"});
    context_of_server = tls_load(&certificate, NULL);
    roots = tls_trust(&authority);
}

void tls_user_teardown(void)
{
    assert_user(sspia_certificate_free(context_of_server), SEC_E_OK);
    assert_user(sspia_roots_free(roots), SEC_E_OK);
    tls_unmake(&authority);
    tls_unmake(&certificate);
}

void tls_user_assert(SECURITY_STATUS actual, SECURITY_STATUS expected, const char *text,
                     const char *file, int line)
{
    char message[1024];

    if (actual == expected)
        return;
    sspia_last_message(message, sizeof(message));
    print_error("%s is %s (0x%08X), not %s; last message: %s\n", text,
                sspia_status_name(actual), (unsigned)actual, sspia_status_name(expected),
                message);
    _fail(file, line);
}

void tls_user_init(struct tls_user *user, bool server, uint32_t without)
{
    TLS_PARAMETERS parameters = {.grbitDisabledProtocols = without};
    SCH_CREDENTIALS settings = {
        .dwVersion = SCH_CREDENTIALS_VERSION,
        .cCreds = server ? 1 : 0,
        .paCred = &context_of_server,
        .hRootStore = roots,
        .cTlsParameters = 1,
        .pTlsParameters = &parameters,
    };

    memset(user, 0, sizeof(*user));
    user->server = server;
    user->target = "localhost";
    assert_user(AcquireCredentialsHandleA(NULL, (char *)UNISP_NAME_A,
                                          server ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND,
                                          NULL, &settings, NULL, NULL, &user->credential, NULL),
                SEC_E_OK);
}

static SECURITY_STATUS call(struct tls_user *user, SspiAsyncContext *async, uint32_t flags,
                            SecBufferDesc *input, SecBufferDesc *output)
{
    CtxtHandle *old = user->has_context ? &user->context : NULL;
    char *target = (char *)user->target;
    uint32_t attributes;
    SECURITY_STATUS status;

    if (async == NULL)
        return user->server ? AcceptSecurityContext(&user->credential, old, input, flags, 0,
                                                    &user->context, output, &attributes, NULL)
                            : InitializeSecurityContextA(&user->credential, old, target, flags,
                                                         0, 0, input, 0, &user->context, output,
                                                         &attributes, NULL);
    SspiReinitAsyncContext(async);
    status = user->server
                 ? SspiAcceptSecurityContextAsync(async, &user->credential, old, input, flags,
                                                  0, &user->context, output, &attributes, NULL)
                 : SspiInitializeSecurityContextAsyncA(async, &user->credential, old, target,
                                                       flags, 0, 0, input, 0, &user->context,
                                                       output, &attributes, NULL);
    assert_user(status, SEC_E_OK);
    return sspia_async_wait(async, 30000);
}

SECURITY_STATUS tls_user_leg(struct tls_user *user, SspiAsyncContext *async)
{
    SecBuffer input[2] = {{user->in_size, SECBUFFER_TOKEN, user->in},
                          {0, SECBUFFER_EMPTY, NULL}};
    SecBuffer output[2] = {{user->room, SECBUFFER_TOKEN, user->out},
                           {sizeof(user->alert), SECBUFFER_ALERT, user->alert}};
    SecBufferDesc input_desc = {SECBUFFER_VERSION, 2, input};
    SecBufferDesc output_desc = {SECBUFFER_VERSION, 2, output};
    const bool allocate = user->room == 0 || user->no_memory;
    SECURITY_STATUS status;
    uint32_t extra;

    if (allocate)
        output[0].pvBuffer = NULL;
    status = call(user, async,
                  user->flags | (allocate && !user->no_memory ? ISC_REQ_ALLOCATE_MEMORY : 0),
                  &input_desc, &output_desc);
    if (status >= 0)
        user->has_context = true;
    user->missing = input[1].BufferType == SECBUFFER_MISSING ? input[1].cbBuffer : 0;
    if (status == SEC_E_BUFFER_TOO_SMALL) {
        user->room = output[0].cbBuffer;
        return status;
    }
    user->out_size = user->alert_size = 0;
    if (status == SEC_E_INCOMPLETE_MESSAGE) {
        /* The same buffers are good for the next call. */
        assert_int_equal(output[0].cbBuffer, user->room);
        assert_int_equal(output[1].cbBuffer, sizeof(user->alert));
        return status;
    }
    user->alert_size = output[1].cbBuffer;
    user->out_size = output[0].cbBuffer;
    if (allocate && output[0].pvBuffer != NULL) {
        assert_true(output[0].cbBuffer <= sizeof(user->out));
        memcpy(user->out, output[0].pvBuffer, output[0].cbBuffer);
        assert_user(FreeContextBuffer(output[0].pvBuffer), SEC_E_OK);
    }
    extra = input[1].BufferType == SECBUFFER_EXTRA ? input[1].cbBuffer : 0;
    memmove(user->in, user->in + user->in_size - extra, extra);
    user->in_size = extra;
    return status;
}

void tls_user_move(struct tls_user *from, struct tls_user *to)
{
    assert_true(to->in_size + from->out_size <= sizeof(to->in));
    memcpy(to->in + to->in_size, from->out, from->out_size);
    to->in_size += from->out_size;
    from->out_size = 0;
}

void tls_user_shake(struct tls_user *client, struct tls_user *server)
{
    struct tls_user *users[2] = {client, server};
    SECURITY_STATUS status[2] = {SEC_I_CONTINUE_NEEDED, SEC_I_CONTINUE_NEEDED};

    for (int turn = 0; turn < 10; turn++) {
        struct tls_user *user = users[turn % 2];

        if (status[turn % 2] == SEC_E_OK || (turn > 0 && user->in_size == 0))
            continue;
        status[turn % 2] = tls_user_leg(user, NULL);
        assert_true(status[turn % 2] == SEC_E_OK || status[turn % 2] == SEC_I_CONTINUE_NEEDED);
        tls_user_move(user, users[1 - turn % 2]);
    }
    assert_user(status[0], SEC_E_OK);
    assert_user(status[1], SEC_E_OK);
}

void tls_user_end(struct tls_user *user)
{
    if (user->has_context)
        assert_user(DeleteSecurityContext(&user->context), SEC_E_OK);
    user->has_context = false;
    assert_user(FreeCredentialsHandle(&user->credential), SEC_E_OK);
}
