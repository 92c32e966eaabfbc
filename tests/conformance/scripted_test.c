/* SPDX-License-Identifier: MIT */
/* The Scripted package does what its script says (docs/scripted.md), nothing else, and the
 * same each time. */
#include <stdbool.h>
#include <time.h>

#include "scripted.h"

static SECURITY_STATUS acquire(const char *script, CredHandle *credential)
{
    char principal[512];

    snprintf(principal, sizeof(principal), "%s", script);
    return AcquireCredentialsHandleA(principal, (char[]){SSPIA_SCRIPTED_NAME}, SECPKG_CRED_BOTH,
                                     NULL, NULL, NULL, NULL, credential, NULL);
}

struct side {
    CredHandle credential;
    CtxtHandle context;
    bool acceptor;
    bool begun;
    char token[64];
    uint32_t size;
};

static struct side make_side(const char *script, bool acceptor)
{
    struct side side = {.acceptor = acceptor};

    assert_status(acquire(script, &side.credential), SEC_E_OK);
    return side;
}

static SECURITY_STATUS step(struct side *side, const struct side *peer)
{
    SecBuffer in = {peer != NULL ? peer->size : 0, SECBUFFER_TOKEN,
                    peer != NULL ? (void *)peer->token : NULL};
    SecBuffer out = {sizeof(side->token), SECBUFFER_TOKEN, side->token};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    PCtxtHandle context = side->begun ? &side->context : NULL;
    uint32_t attributes;
    SECURITY_STATUS status;

    if (side->acceptor)
        status = AcceptSecurityContext(&side->credential, context, &input, 0, 0, &side->context,
                                       &output, &attributes, NULL);
    else
        status =
            InitializeSecurityContextA(&side->credential, context, (char[]){"any"}, 0, 0, 0,
                                       &input, 0, &side->context, &output, &attributes, NULL);
    side->begun = side->begun || status >= 0;
    side->size = status >= 0 ? out.cbBuffer : 0;
    return status;
}

static void end_side(struct side *side)
{
    if (side->begun)
        assert_status(DeleteSecurityContext(&side->context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&side->credential), SEC_E_OK);
}

/* Wrong would be: legs in another order or number than written, or tokens that differ. */
static void legs_follow_the_script(void **state)
{
    struct side client = make_side("token='hello'; token='bye' expect='welcome'", false);
    struct side server = make_side("token='welcome' expect='hello';token=0 expect='bye'", true);

    (void)state;
    assert_status(step(&client, NULL), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(client.size, 5);
    assert_memory_equal(client.token, "hello", 5);
    assert_status(step(&server, &client), SEC_I_CONTINUE_NEEDED);
    assert_status(step(&client, &server), SEC_E_OK);
    assert_status(step(&server, &client), SEC_E_OK);
    assert_int_equal(server.size, 0);
    assert_status(step(&server, &client), SEC_E_OUT_OF_SEQUENCE);
    end_side(&client);
    end_side(&server);
}

/* Wrong would be: a leg that fails early, with another status, or without its message. */
static void second_leg_takes_its_time_and_fails_with_the_status(void **state)
{
    struct side client = make_side(
        "; delay=60 status=SEC_E_NO_AUTHENTICATING_AUTHORITY say='no KDC answers'", false);
    struct timespec from, to;
    char message[256];

    (void)state;
    assert_status(step(&client, NULL), SEC_I_CONTINUE_NEEDED);
    clock_gettime(CLOCK_MONOTONIC, &from);
    assert_status(step(&client, NULL), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 >= 60);
    sspia_last_message(message, sizeof(message));
    assert_string_equal(message, "Scripted InitializeSecurityContext: "
                                 "SEC_E_NO_AUTHENTICATING_AUTHORITY: no KDC answers");
    end_side(&client);
}

/* Wrong would be: another token than the one expected let through. */
static void unexpected_token_is_refused(void **state)
{
    struct side client = make_side("token='hello!'", false);
    struct side server = make_side("expect='hello'", true);

    (void)state;
    assert_status(step(&client, NULL), SEC_E_OK);
    assert_status(step(&server, &client), SEC_E_INVALID_TOKEN);
    assert_status(step(&server, NULL), SEC_E_INVALID_TOKEN);
    end_side(&client);
    end_side(&server);
}

/* Wrong would be: a script with a mistake in it that runs all the same. */
static void mistakes_are_told(void **state)
{
    static const char *const scripts[] = {"tokn=5",
                                          "token=5x",
                                          "token=",
                                          "token",
                                          "delay=-1",
                                          "delay=99999999999",
                                          "status=SEC_E_NO_SUCH_STATUS",
                                          "status=",
                                          "acquire: token=1; nonsense",
                                          "all: token=5",
                                          "alert=12345",
                                          "per-leg"};
    CredHandle credential;
    char message[256];

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        assert_status(acquire(scripts[i], &credential), SEC_E_INVALID_PARAMETER);
        sspia_last_message(message, sizeof(message));
        assert_non_null(strstr(message, "the script has a"));
    }
}

/* Wrong would be: memory that does not grow as told, or outlives its context. */
static void memory_grows_until_the_delete(void **state)
{
    struct side client = make_side("grow=1000000; grow=500000", false);
    sspia_scripted_counts counts = {.size = sizeof(counts)};

    (void)state;
    for (uint64_t grown = 1000000; grown <= 1500000; grown += 500000) {
        step(&client, NULL);
        assert_status(QueryCredentialsAttributesA(&client.credential,
                                                  SSPIA_SCRIPTED_ATTR_COUNTS, &counts),
                      SEC_E_OK);
        assert_int_equal(counts.grown, grown);
    }
    assert_status(DeleteSecurityContext(&client.context), SEC_E_OK);
    client.begun = false;
    assert_status(
        QueryCredentialsAttributesA(&client.credential, SSPIA_SCRIPTED_ATTR_COUNTS, &counts),
        SEC_E_OK);
    assert_int_equal(counts.grown, 0);
    end_side(&client);
}

/* Wrong would be: an identity's user, where a script may stand, that is not read. */
static void script_may_come_with_the_identity(void **state)
{
    unsigned char script[] = "acquire: status=SEC_E_LOGON_DENIED";
    SEC_WINNT_AUTH_IDENTITY_A identity = {.User = script,
                                          .UserLength = sizeof(script) - 1,
                                          .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    CredHandle credential;

    (void)state;
    assert_status(AcquireCredentialsHandleA(NULL, (char[]){SSPIA_SCRIPTED_NAME},
                                            SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL,
                                            &credential, NULL),
                  SEC_E_LOGON_DENIED);
}

/* Wrong would be: a blocked call that no other call can let go on, from any language. */
static void script_may_release_what_blocks(void **state)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    CredHandle blocked, other;

    (void)state;
    assert_status(scripted_submit_acquire(async, "block", &blocked), SEC_E_OK);
    assert_int_equal(scripted->wait_blocked(1, PATIENCE_MS), 0);
    assert_status(acquire("acquire: release=1", &other), SEC_E_OK);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&blocked), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&other), SEC_E_OK);
    SspiFreeAsyncContext(async);
}

/* Wrong would be: altered, replayed or reordered messages let through. */
static void messages_are_numbered_and_checked(void **state)
{
    struct side client = make_side("", false), server = make_side("", true);
    char data[] = "a message";
    unsigned char token[16];
    SecBuffer buffers[2] = {{sizeof(token), SECBUFFER_TOKEN, token},
                            {sizeof(data), SECBUFFER_DATA, data}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

    (void)state;
    assert_status(step(&client, NULL), SEC_E_OK);
    assert_status(step(&server, &client), SEC_E_OK);
    assert_status(EncryptMessage(&client.context, 0, &message, 0), SEC_E_OK);
    assert_memory_not_equal(data, "a message", sizeof(data));
    assert_status(DecryptMessage(&server.context, &message, 0, NULL), SEC_E_OK);
    assert_string_equal(data, "a message");
    assert_status(VerifySignature(&server.context, &message, 0, NULL), SEC_E_OUT_OF_SEQUENCE);
    assert_status(MakeSignature(&client.context, 0, &message, 0), SEC_E_OK);
    data[0] ^= 1;
    assert_status(VerifySignature(&server.context, &message, 0, NULL), SEC_E_MESSAGE_ALTERED);
    data[0] ^= 1;
    assert_status(VerifySignature(&server.context, &message, 0, NULL), SEC_E_OK);
    end_side(&client);
    end_side(&server);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, scripted_nothing_is_left)
    const struct CMUnitTest tests[] = {
        TEST(legs_follow_the_script),
        TEST(second_leg_takes_its_time_and_fails_with_the_status),
        TEST(unexpected_token_is_refused),
        TEST(mistakes_are_told),
        TEST(memory_grows_until_the_delete),
        TEST(script_may_come_with_the_identity),
        TEST(script_may_release_what_blocks),
        TEST(messages_are_numbered_and_checked),
    };

    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
