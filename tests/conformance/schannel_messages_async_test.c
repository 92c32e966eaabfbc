/* SPDX-License-Identifier: MIT */
/* TLS messages without records through the library, with the buffers that QUIC stacks pass:
 * four for secrets on each leg, the extension written over the input, a token's buffer that
 * grows. */
#include "tls_user.h"

#include <stdlib.h>
#include <string.h>

#define SECRETS     4u
#define SECRET_ROOM (sizeof(SEC_TRAFFIC_SECRETS) + 64)

struct endpoint {
    struct tls_user user; /* its credential and context */
    SspiAsyncContext *async;
    uint8_t in[16384]; /* overwritten by the extension */
    uint32_t in_size;
    uint8_t *out; /* the token: as small as it may be at first */
    uint32_t out_room, out_size;
    _Alignas(SEC_TRAFFIC_SECRETS) uint8_t secrets[SECRETS][SECRET_ROOM];
    uint8_t known[2][2][48]; /* of client and server, of the handshake and what follows */
    int count[2];            /* how many of client and server */
    char peers[64];          /* parameters */
    uint8_t *extension;      /* where they go if the input has no room */
    uint32_t extension_room;
    int too_small, extension_too_small;
};

static const char *const parameters[2] = {"of the client", "of the server"};

static int setup(void **state)
{
    (void)state;
    tls_user_setup();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tls_user_teardown();
    return 0;
}

static void begin(struct endpoint *endpoint, bool server, bool async)
{
    memset(endpoint, 0, sizeof(*endpoint));
    tls_user_init(&endpoint->user, server, 0);
    endpoint->async = async ? SspiCreateAsyncContext() : NULL;
    endpoint->out_room = 64;
    endpoint->out = malloc(endpoint->out_room);
    assert_non_null(endpoint->out);
}

static void end(struct endpoint *endpoint)
{
    tls_user_end(&endpoint->user);
    if (endpoint->async != NULL)
        SspiFreeAsyncContext(endpoint->async);
    free(endpoint->extension);
    free(endpoint->out);
}

static void note_secrets(struct endpoint *endpoint)
{
    for (uint32_t i = 0; i < SECRETS; i++) {
        SEC_TRAFFIC_SECRETS *secret = (SEC_TRAFFIC_SECRETS *)endpoint->secrets[i];
        const int side = secret->TrafficSecretType == SecTrafficSecret_Server;
        const uint8_t *last = endpoint->known[side][0];

        if (secret->TrafficSecretType == SecTrafficSecret_None)
            continue;
        assert_int_equal(secret->TrafficSecretSize, 48); /* SHA-384 comes first */
        /* The own handshake secret may come again, with its place. */
        if (endpoint->count[side] == 1 && memcmp(last, secret->TrafficSecret, 48) == 0)
            continue;
        assert_true(endpoint->count[side] < 2);
        memcpy(endpoint->known[side][endpoint->count[side]++], secret->TrafficSecret, 48);
    }
}

static SECURITY_STATUS call(struct endpoint *endpoint, SecBufferDesc *input,
                            SecBufferDesc *output)
{
    struct tls_user *user = &endpoint->user;
    CtxtHandle *old = user->has_context ? &user->context : NULL;
    const uint32_t flags = ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONFIDENTIALITY;
    uint32_t attributes;

    if (endpoint->async == NULL)
        return user->server ? AcceptSecurityContext(&user->credential, old, input, flags, 0,
                                                    &user->context, output, &attributes, NULL)
                            : InitializeSecurityContextA(&user->credential, old, "localhost",
                                                         flags, 0, 0, input, 0, &user->context,
                                                         output, &attributes, NULL);
    SspiReinitAsyncContext(endpoint->async);
    assert_user(user->server ? SspiAcceptSecurityContextAsync(
                                   endpoint->async, &user->credential, old, input, flags, 0,
                                   &user->context, output, &attributes, NULL)
                             : SspiInitializeSecurityContextAsyncA(
                                   endpoint->async, &user->credential, old, "localhost", flags,
                                   0, 0, input, 0, &user->context, output, &attributes, NULL),
                SEC_E_OK);
    return sspia_async_wait(endpoint->async, 30000);
}

/* One leg with all that came in, as often as it takes. */
static SECURITY_STATUS leg(struct endpoint *endpoint)
{
    const bool server = endpoint->user.server;
    SEC_FLAGS flags = {ISC_REQ_MESSAGES};
    uint8_t protocols[] = {9, 0, 0, 0, 2, 0, 0, 0, 3, 0, 2, 'h', '3'};
    uint8_t send[64] = {0x39, 0, server ? 8 : 1};
    SUBSCRIBE_GENERIC_TLS_EXTENSION subscribe = {.SubscriptionsCount = 1,
                                                 .Subscriptions = {{0x39, server ? 1 : 8}}};
    SecBuffer input[7] = {{0, SECBUFFER_EMPTY, NULL}};
    SecBuffer output[3 + SECRETS];
    SecBufferDesc input_desc = {SECBUFFER_VERSION, 7, input};
    SecBufferDesc output_desc = {SECBUFFER_VERSION, 3 + SECRETS, output};
    bool heard = endpoint->peers[0] != '\0';
    uint8_t alert[2];
    SECURITY_STATUS status;

    send[8] = (uint8_t)strlen(parameters[server]);
    memcpy(send + 10, parameters[server], send[8]);
    input[0] = (SecBuffer){endpoint->in_size, SECBUFFER_TOKEN, endpoint->in};
    input[1] = input[2] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
    input[3] = (SecBuffer){sizeof(flags), SECBUFFER_FLAGS, &flags};
    input[4] = (SecBuffer){sizeof(protocols), SECBUFFER_APPLICATION_PROTOCOLS, protocols};
    input[5] = (SecBuffer){10u + send[8], SECBUFFER_SEND_GENERIC_TLS_EXTENSION, send};
    if (!heard && endpoint->in_size > 0)
        input[6] = (SecBuffer){sizeof(subscribe), SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION,
                               &subscribe};
    output[0] = (SecBuffer){endpoint->out_room, SECBUFFER_TOKEN, endpoint->out};
    output[1] = (SecBuffer){sizeof(alert), SECBUFFER_ALERT, alert};
    /* The first time there is room for a header alone. */
    output[2] =
        endpoint->extension != NULL
            ? (SecBuffer){endpoint->extension_room, SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION,
                          endpoint->extension}
            : (SecBuffer){4, SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION, endpoint->in};
    for (uint32_t i = 0; i < SECRETS; i++) {
        memset(endpoint->secrets[i], 0xAA, SECRET_ROOM);
        output[3 + i] =
            (SecBuffer){SECRET_ROOM, SECBUFFER_TRAFFIC_SECRETS, endpoint->secrets[i]};
    }
    status = call(endpoint, &input_desc, &output_desc);
    if (status >= 0)
        endpoint->user.has_context = true;
    switch (status) {
    case SEC_E_BUFFER_TOO_SMALL:
        endpoint->too_small++;
        assert_true(output[0].cbBuffer > endpoint->out_room);
        endpoint->out_room *= 2;
        endpoint->out = realloc(endpoint->out, endpoint->out_room);
        assert_non_null(endpoint->out);
        return leg(endpoint);
    case SEC_E_EXT_BUFFER_TOO_SMALL:
        endpoint->extension_too_small++;
        endpoint->extension_room = output[2].cbBuffer;
        assert_int_equal(endpoint->extension_room, 4 + strlen(parameters[!server]));
        endpoint->extension = malloc(endpoint->extension_room);
        assert_non_null(endpoint->extension);
        return leg(endpoint);
    case SEC_I_GENERIC_EXTENSION_RECEIVED:
        assert_int_equal(output[2].cbBuffer, endpoint->extension_room);
        assert_int_equal(output[0].cbBuffer, 0);
        memcpy(endpoint->peers, endpoint->extension + 4, endpoint->extension_room - 4);
        memset(endpoint->in, 0, endpoint->in_size);
        return leg(endpoint);
    default:
        break;
    }
    if (status < 0)
        return status;
    endpoint->out_size = output[0].cbBuffer;
    note_secrets(endpoint);
    if (input[1].BufferType == SECBUFFER_EXTRA)
        assert_int_equal(input[1].cbBuffer, 0);
    endpoint->in_size = 0;
    return status;
}

static void move(struct endpoint *from, struct endpoint *to)
{
    assert_true(from->out_size <= sizeof(to->in));
    memcpy(to->in, from->out, from->out_size);
    to->in_size = from->out_size;
    from->out_size = 0;
}

/* Wrong: something that such a program passes is refused, or an outcome that did not fit is
 * lost; or an asynchronous leg yields other things than a synchronous one. */
static void buffers_of_a_quic_stack_do(void **state)
{
    static struct endpoint client, server;

    (void)state;
    for (int async = 0; async < 2; async++) {
        begin(&client, false, async != 0);
        begin(&server, true, async != 0);
        assert_user(leg(&client), SEC_I_CONTINUE_NEEDED);
        move(&client, &server);
        assert_user(leg(&server), SEC_I_CONTINUE_NEEDED);
        move(&server, &client);
        assert_user(leg(&client), SEC_E_OK);
        move(&client, &server);
        assert_user(leg(&server), SEC_E_OK);
        move(&server, &client); /* a ticket */
        assert_true(client.in_size > 0);
        assert_user(leg(&client), SEC_E_OK);
        assert_int_equal(client.out_size, 0);
        assert_string_equal(client.peers, parameters[1]);
        assert_string_equal(server.peers, parameters[0]);
        assert_int_equal(client.count[0], 2);
        assert_int_equal(client.count[1], 2);
        assert_memory_equal(client.known, server.known, sizeof(client.known));
        assert_true(client.too_small > 0 && server.too_small > 0);
        assert_int_equal(client.extension_too_small, 1);
        assert_int_equal(server.extension_too_small, 1);
        end(&client);
        end(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_of_a_quic_stack_do),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
