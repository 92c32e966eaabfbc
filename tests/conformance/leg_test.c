/* SPDX-License-Identifier: MIT */
/* The buffers of a leg: too small, allocated, extra, missing. */
#include <stdlib.h>

#include "scripted.h"

struct output {
    unsigned char memory[512];
    SecBuffer buffer;
    SecBufferDesc desc;
};

static SecBufferDesc *room(struct output *output, uint32_t size)
{
    memset(output->memory, 0xEE, sizeof(output->memory));
    output->buffer = (SecBuffer){size, SECBUFFER_TOKEN, output->memory};
    output->desc = (SecBufferDesc){SECBUFFER_VERSION, 1, &output->buffer};
    return &output->desc;
}

static SECURITY_STATUS initialize(CredHandle *credential, CtxtHandle *context,
                                  const char *script, uint32_t flags, CtxtHandle *new_context,
                                  SecBufferDesc *output)
{
    char target[256];

    snprintf(target, sizeof(target), "%s", script);
    return InitializeSecurityContextA(credential, context, target, flags, 0, 0, NULL, 0,
                                      new_context, output, NULL, NULL);
}

static SECURITY_STATUS accept_token(CredHandle *credential, CtxtHandle *context,
                                    const char *token, CtxtHandle *new_context,
                                    SecBufferDesc *output)
{
    char copy[256];
    SecBuffer input = {(uint32_t)strlen(token), SECBUFFER_TOKEN, copy};
    SecBufferDesc inputs = {SECBUFFER_VERSION, 1, &input};

    snprintf(copy, sizeof(copy), "%s", token);
    return AcceptSecurityContext(credential, context, &inputs, 0, 0, new_context, output, NULL,
                                 NULL);
}

/* Wrong would be: a package that is asked twice, a token that differs or is lost. */
static void too_small_a_buffer_loses_nothing(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context, elsewhere;
    struct output output;
    int legs = scripted->legs();

    (void)state;
    SecInvalidateHandle(&context);
    assert_status(
        initialize(&credential, NULL, "more token=300", 0, &context, room(&output, 100)),
        SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(output.buffer.cbBuffer, 300);
    assert_int_equal(output.memory[0], 0xEE);
    assert_false(SecIsValidHandle(&context));
    /* For another connection the same token is a replay: it gets no parked result. */
    assert_status(
        initialize(&credential, NULL, "more token=300", 0, &elsewhere, room(&output, 300)),
        SEC_I_CONTINUE_NEEDED);
    assert_int_equal(scripted->legs() - legs, 2);
    assert_status(DeleteSecurityContext(&elsewhere), SEC_E_OK);
    legs++;
    assert_status(
        initialize(&credential, NULL, "more token=300", 0, &context, room(&output, 300)),
        SEC_I_CONTINUE_NEEDED);
    assert_int_equal(output.memory[299], 1);
    assert_int_equal(scripted->legs() - legs, 1);

    assert_status(initialize(NULL, &context, "token=400", 0, NULL, room(&output, 399)),
                  SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(output.buffer.cbBuffer, 400);
    /* Something else instead of the retry: refused, and the retry still works. */
    assert_status(initialize(NULL, &context, "token=1", 0, NULL, room(&output, 400)),
                  SEC_E_OUT_OF_SEQUENCE);
    assert_status(initialize(NULL, &context, "token=400", 0, NULL, room(&output, 400)),
                  SEC_E_OK);
    assert_int_equal(output.memory[399], 2);
    assert_int_equal(scripted->legs() - legs, 2);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: a first leg that the credential keeps alive when nobody can ask for it. */
static void parked_legs_go_with_their_credential(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context;
    struct output output;
    char token[32];

    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(token, sizeof(token), "token=200 say=%d", i);
        assert_status(accept_token(&credential, NULL, token, &context, room(&output, 10)),
                      SEC_E_BUFFER_TOO_SMALL);
    }
    assert_true(scripted->live_contexts() <= 16); /* bounded */
    assert_status(accept_token(&credential, NULL, token, &context, room(&output, 200)),
                  SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_int_equal(scripted->live_contexts(), 1);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

/* Wrong would be: memory that FreeContextBuffer does not know. */
static void allocated_tokens_are_the_callers_to_free(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context;
    SecBuffer buffer = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &buffer};

    (void)state;
    assert_status(
        initialize(&credential, NULL, "token=77", ISC_REQ_ALLOCATE_MEMORY, &context, &output),
        SEC_E_OK);
    assert_int_equal(buffer.cbBuffer, 77);
    assert_int_equal(((unsigned char *)buffer.pvBuffer)[76], 1);
    assert_status(FreeContextBuffer(buffer.pvBuffer), SEC_E_OK);
    assert_status(FreeContextBuffer(buffer.pvBuffer), SEC_E_INVALID_HANDLE);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: pvBuffer NULL is refused, or followed. Windows allocates (Wine's
 * dlls/secur32/tests/ntlm.c). */
static void token_without_memory_is_allocated(void **state)
{
    CredHandle credential = scripted_credential();
    SecBuffer buffer = {10, SECBUFFER_TOKEN, NULL};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &buffer};
    CtxtHandle context;
    uint32_t attributes = 0;

    (void)state;
    assert_status(InitializeSecurityContextA(&credential, NULL, (char[]){"token=77"}, 0, 0, 0,
                                             NULL, 0, &context, &output, &attributes, NULL),
                  SEC_E_OK);
    assert_int_equal(buffer.cbBuffer, 77);
    assert_non_null(buffer.pvBuffer);
    assert_int_not_equal(attributes & ISC_RET_ALLOCATED_MEMORY, 0);
    assert_status(FreeContextBuffer(buffer.pvBuffer), SEC_E_OK);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    /* Without a size either, there is no room. */
    buffer = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    assert_status(initialize(&credential, NULL, "token=77", 0, &context, &output),
                  SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(buffer.cbBuffer, 77);
    assert_null(buffer.pvBuffer);
    buffer = (SecBuffer){1, SECBUFFER_ALERT, NULL};
    assert_status(initialize(&credential, NULL, "token=0", 0, &context, &output),
                  SEC_E_INVALID_PARAMETER);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: an error that keeps the token which tells the peer of it. */
static void error_tokens_are_delivered(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context;
    struct output output;

    (void)state;
    SecInvalidateHandle(&context);
    assert_status(initialize(&credential, NULL, "status=80090308 token=9", 0, &context,
                             room(&output, 100)),
                  SEC_E_INVALID_TOKEN);
    assert_int_equal(output.buffer.cbBuffer, 9);
    assert_false(SecIsValidHandle(&context));
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: rests told in the wrong place, or a copy of them. */
static void extra_and_missing_go_into_the_empty_buffer(void **state)
{
    CredHandle credential = scripted_credential();
    char token[] = "more token=0 extra=5 say=tail!";
    SecBuffer inputs[2] = {{sizeof(token) - 1, SECBUFFER_TOKEN, token},
                           {0, SECBUFFER_EMPTY, NULL}};
    SecBufferDesc input = {SECBUFFER_VERSION, 2, inputs};
    CtxtHandle context;

    (void)state;
    assert_status(
        AcceptSecurityContext(&credential, NULL, &input, 0, 0, &context, NULL, NULL, NULL),
        SEC_I_CONTINUE_NEEDED);
    assert_int_equal(inputs[1].BufferType, SECBUFFER_EXTRA);
    assert_int_equal(inputs[1].cbBuffer, 5);
    assert_ptr_equal(inputs[1].pvBuffer, token + sizeof(token) - 1 - 5);

    strcpy(token, "status=80090318 missing=9");
    inputs[0].cbBuffer = (uint32_t)strlen(token);
    inputs[1] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
    assert_status(AcceptSecurityContext(NULL, &context, &input, 0, 0, NULL, NULL, NULL, NULL),
                  SEC_E_INCOMPLETE_MESSAGE);
    assert_int_equal(inputs[1].BufferType, SECBUFFER_MISSING);
    assert_int_equal(inputs[1].cbBuffer, 9);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static SECURITY_STATUS accept_into(SspiAsyncContext *async, CredHandle *credential,
                                   CtxtHandle *context, const char *token, uint32_t flags,
                                   CtxtHandle *new_context, SecBufferDesc *output)
{
    char copy[256];
    SecBuffer input = {(uint32_t)strlen(token), SECBUFFER_TOKEN, copy};
    SecBufferDesc inputs = {SECBUFFER_VERSION, 1, &input};
    uint32_t attributes;

    snprintf(copy, sizeof(copy), "%s", token);
    if (async == NULL)
        return AcceptSecurityContext(credential, context, &inputs, flags, 0, new_context,
                                     output, &attributes, NULL);
    assert_status(SspiReinitAsyncContext(async), STATUS_SUCCESS);
    assert_status(SspiAcceptSecurityContextAsync(async, credential, context, &inputs, flags, 0,
                                                 new_context, output, &attributes, NULL),
                  SEC_E_OK);
    return sspia_async_wait(async, PATIENCE_MS);
}

/* Wrong would be: a program that passes the same buffers again has no room in them, or sends
 * what nobody wrote. Windows leaves them on SEC_E_INCOMPLETE_MESSAGE and sets the size to 0
 * where a package failed (Wine's dlls/secur32/tests/schannel.c, which runs on Windows too). */
static void outputs_are_untouched_where_nothing_was_produced(void **state)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    CredHandle credential = scripted_credential();

    (void)state;
    for (int way = 0; way < 4; way++) {
        SspiAsyncContext *how = way % 2 == 0 ? NULL : async;
        const uint32_t flags = way < 2 ? 0 : ASC_REQ_ALLOCATE_MEMORY;
        unsigned char memory[100], alert[2] = {0xEE, 0xEE};
        SecBuffer buffers[2] = {{sizeof(memory), SECBUFFER_TOKEN, memory},
                                {sizeof(alert), SECBUFFER_ALERT, alert}};
        const SecBuffer before[2] = {buffers[0], buffers[1]};
        SecBufferDesc output = {SECBUFFER_VERSION, 2, buffers};
        CtxtHandle context, dead, untouched;

        memset(&untouched, 0xDE, sizeof(untouched));
        context = untouched;
        /* Not yet: on the first leg and on a later one. */
        assert_status(accept_into(how, &credential, NULL, "status=80090318 missing=9", flags,
                                  &context, &output),
                      SEC_E_INCOMPLETE_MESSAGE);
        assert_memory_equal(&context, &untouched, sizeof(context));
        assert_memory_equal(buffers, before, sizeof(buffers));
        assert_status(
            accept_into(how, &credential, NULL, "more token=0", flags, &context, &output),
            SEC_I_CONTINUE_NEEDED);
        assert_int_equal(buffers[0].cbBuffer, 0); /* an answer, without a token */
        assert_int_equal(buffers[1].cbBuffer, 0);
        memcpy(buffers, before, sizeof(buffers));
        assert_status(
            accept_into(how, NULL, &context, "status=80090318 missing=9", flags, NULL, &output),
            SEC_E_INCOMPLETE_MESSAGE);
        assert_memory_equal(buffers, before, sizeof(buffers));
        /* The same buffers take the token then. */
        assert_status(accept_into(how, NULL, &context, "more token=100", flags, NULL, &output),
                      SEC_I_CONTINUE_NEEDED);
        assert_int_equal(buffers[0].cbBuffer, 100);
        if (flags != 0)
            assert_status(FreeContextBuffer(buffers[0].pvBuffer), SEC_E_OK);
        /* A failure of the package is an answer too; a dead handle is none. */
        memcpy(buffers, before, sizeof(buffers));
        assert_status(
            accept_into(how, NULL, &context, "status=80090308 token=0", flags, NULL, &output),
            SEC_E_INVALID_TOKEN);
        assert_int_equal(buffers[0].cbBuffer, 0);
        dead = context;
        assert_status(DeleteSecurityContext(&context), SEC_E_OK);
        memcpy(buffers, before, sizeof(buffers));
        assert_status(accept_into(how, NULL, &dead, "token=1", flags, NULL, &output),
                      SEC_E_INVALID_HANDLE);
        assert_memory_equal(buffers, before, sizeof(buffers));
        assert_int_equal(alert[0], 0xEE);
    }
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: an initiator's handle accepted by the acceptor, or the wrong use. */
static void sides_and_uses_do_not_mix(void **state)
{
    CredHandle credential, both = scripted_credential();
    CtxtHandle context;
    char message[256];

    (void)state;
    assert_status(AcquireCredentialsHandleA(NULL, (char[]){"scripted TEST package"},
                                            SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                            &credential, NULL),
                  SEC_E_OK);
    assert_status(initialize(&credential, NULL, "", 0, &context, NULL), SEC_E_NO_CREDENTIALS);
    assert_true(sspia_last_message(message, sizeof(message)) > 0);
    assert_non_null(strstr(message, "outbound"));
    context = scripted_context(&both, "more", SEC_I_CONTINUE_NEEDED);
    assert_status(accept_token(&both, &context, "", NULL, NULL), SEC_E_INVALID_HANDLE);
    assert_status(initialize(&context, NULL, "", 0, &context, NULL), SEC_E_INVALID_HANDLE);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&both), SEC_E_OK);
}

/* Wrong would be: W strings that differ from A ones, or results not freed one by one. */
static void wide_queries_convert_the_strings(void **state)
{
    static const WCHAR expected[] = u"scr\u00efpted";
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "", SEC_E_OK);
    SecPkgContext_NamesW wide;
    SecPkgContext_NamesA narrow;
    SecPkgContext_PackageInfoW info;
    SecPkgContext_NegotiationInfoA negotiation;

    (void)state;
    assert_status(QueryContextAttributesA(&context, SECPKG_ATTR_NAMES, &narrow), SEC_E_OK);
    assert_string_equal(narrow.sUserName, "scr\xc3\xafpted");
    assert_status(QueryContextAttributesW(&context, SECPKG_ATTR_NAMES, &wide), SEC_E_OK);
    assert_memory_equal(wide.sUserName, expected, sizeof(expected));
    assert_status(QueryContextAttributesExW(&context, SECPKG_ATTR_NAMES, &wide, 1),
                  SEC_E_BUFFER_TOO_SMALL);
    assert_status(QueryContextAttributesA(&context, SECPKG_ATTR_LIFESPAN, &info),
                  SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(QueryContextAttributesW(&context, SECPKG_ATTR_PACKAGE_INFO, &info), SEC_E_OK);
    assert_memory_equal(info.PackageInfo->Name, u"Scripted", 18);
    assert_status(QueryContextAttributesA(&context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation),
                  SEC_E_OK);
    assert_string_equal(negotiation.PackageInfo->Name, "Scripted");
    assert_int_equal(negotiation.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
    assert_status(FreeContextBuffer(narrow.sUserName), SEC_E_OK);
    assert_status(FreeContextBuffer(wide.sUserName), SEC_E_OK);
    assert_status(FreeContextBuffer(info.PackageInfo), SEC_E_OK);
    assert_status(FreeContextBuffer(negotiation.PackageInfo), SEC_E_OK);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: success returned by what is not there. */
static void what_is_not_implemented_says_so(void **state)
{
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "", SEC_E_OK);
    SecBuffer packed;
    void *token;

    (void)state;
    assert_status(ImpersonateSecurityContext(&context), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(RevertSecurityContext(&context), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(QuerySecurityContextToken(&context, &token), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(ExportSecurityContext(&context, 0, &packed, NULL),
                  SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(DeleteSecurityPackageA("Scripted"), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(AddCredentialsA(&credential, NULL, NULL, 0, NULL, NULL, NULL, NULL),
                  SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(AcquireCredentialsHandleA(NULL, (char[]){"no such package"},
                                            SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL,
                                            &credential, NULL),
                  SEC_E_SECPKG_NOT_FOUND);
    assert_status(CompleteAuthToken(&context, NULL), SEC_E_OK);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, scripted_nothing_is_left)
    const struct CMUnitTest tests[] = {
        TEST(too_small_a_buffer_loses_nothing),
        TEST(parked_legs_go_with_their_credential),
        TEST(allocated_tokens_are_the_callers_to_free),
        TEST(token_without_memory_is_allocated),
        TEST(error_tokens_are_delivered),
        TEST(extra_and_missing_go_into_the_empty_buffer),
        TEST(outputs_are_untouched_where_nothing_was_produced),
        TEST(sides_and_uses_do_not_mix),
        TEST(wide_queries_convert_the_strings),
        TEST(what_is_not_implemented_says_so),
    };

    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
