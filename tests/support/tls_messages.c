/* SPDX-License-Identifier: MIT */
#include "tls_messages.h"

#include <stdlib.h>
#include <string.h>

#include "tls_fixture.h"

void tls_messages_sides(struct tls_messages_side *client, struct tls_messages_side *server)
{
    *client = (struct tls_messages_side){.type = 0x39, .subscribes = true};
    *server = (struct tls_messages_side){.type = 0x39, .subscribes = true};
    tls_sides(&client->tls, &server->tls, 0);
    client->tls.flags = server->tls.flags = ISC_REQ_MESSAGES;
    client->tls.protocols = "h3,hq";
    server->tls.protocols = "hq";
    client->parameters = "the client's transport parameters";
    server->parameters = "the server's, which are others";
}

static void note_secret(struct tls_messages_side *side, const sspia_output *output)
{
    const size_t fixed = offsetof(SEC_TRAFFIC_SECRETS, TrafficSecret);
    SEC_TRAFFIC_SECRETS *secret = calloc(1, sizeof(*secret) + 64);
    const bool own_is_server = side->tls.server;
    bool of_server, application;
    int kind;

    assert_non_null(secret);
    assert_true(output->content.size >= fixed && output->content.size <= fixed + 64);
    memcpy(secret, output->content.data, output->content.size);
    assert_int_equal(output->content.size, fixed + secret->TrafficSecretSize);
    assert_true(secret->TrafficSecretType == SecTrafficSecret_Client ||
                secret->TrafficSecretType == SecTrafficSecret_Server);
    of_server = secret->TrafficSecretType == SecTrafficSecret_Server;
    /* The second of a side is of the next level, save for the own handshake secret that comes
     * once more with its place in the token. */
    kind = of_server ? TLS_SERVER_HANDSHAKE : TLS_CLIENT_HANDSHAKE;
    application = side->secrets[kind] != NULL &&
                  memcmp(side->secrets[kind]->TrafficSecret, secret->TrafficSecret,
                         secret->TrafficSecretSize) != 0;
    if (application)
        kind += 2;
    if (secret->MsgSequenceEnd != 0) {
        assert_int_equal(of_server, own_is_server);
        assert_false(application);
        side->start = secret->MsgSequenceStart;
        side->end = secret->MsgSequenceEnd;
    }
    free(side->secrets[kind]);
    side->secrets[kind] = secret;
    side->given[kind]++;
}

static void note_outputs(struct tls_messages_side *side)
{
    sspia_step_result *result = &side->tls.result;

    for (uint32_t i = 0; i < result->output_count; i++) {
        const sspia_output *output = &result->outputs[i];

        if (output->type == SECBUFFER_TRAFFIC_SECRETS)
            note_secret(side, output);
        else if (output->type == SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION)
            tls_append(&side->extension, output->content.data, output->content.size);
        else
            fail();
        tls_free(output->content.data);
    }
    result->output_count = 0;
}

SECURITY_STATUS tls_messages_leg(struct tls_messages_side *side, const void *token, size_t size)
{
    uint8_t send[512] = {0};
    SUBSCRIBE_GENERIC_TLS_EXTENSION subscribe = {.SubscriptionsCount = 1};
    const size_t parameters = side->parameters != NULL ? strlen(side->parameters) : 0;
    const uint16_t own[2] = {side->type, side->tls.server ? 8 : 1};
    const uint16_t count = (uint16_t)parameters;
    SecBuffer more[2];
    uint32_t more_count = 0;

    memcpy(send, own, sizeof(own));
    memcpy(send + 8, &count, sizeof(count));
    if (parameters > 0)
        memcpy(send + 10, side->parameters, parameters);
    if (side->parameters != NULL)
        more[more_count++] = (SecBuffer){(uint32_t)(10 + parameters),
                                         SECBUFFER_SEND_GENERIC_TLS_EXTENSION, send};
    subscribe.Subscriptions[0].ExtensionType = side->type;
    subscribe.Subscriptions[0].HandshakeType = side->tls.server ? 1 : 8;
    if (side->subscribes)
        more[more_count++] = (SecBuffer){sizeof(subscribe),
                                         SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION, &subscribe};
    side->tls.more = more;
    side->tls.more_count = more_count;
    tls_leg(&side->tls, token, size);
    side->tls.more_count = 0;
    note_outputs(side);
    return side->tls.status;
}

SECURITY_STATUS tls_messages_advance(struct tls_messages_side *side)
{
    const size_t size = side->tls.in.size;
    size_t taken;

    tls_messages_leg(side, side->tls.in.data, size);
    if (side->tls.status == SEC_E_INCOMPLETE_MESSAGE)
        return side->tls.status;
    taken = size - side->tls.result.extra;
    if (side->tls.status == SEC_I_GENERIC_EXTENSION_RECEIVED) {
        uint8_t *same = calloc(1, taken > 0 ? taken : 1);

        /* Windows' programs have the extension written over the token. */
        assert_non_null(same);
        tls_messages_leg(side, same, taken);
        free(same);
        assert_int_equal(side->tls.result.extra, 0);
    }
    tls_consume(&side->tls.in, taken);
    return side->tls.status;
}

SECURITY_STATUS tls_messages_shake(struct tls_messages_side *client,
                                   struct tls_messages_side *server)
{
    struct tls_messages_side *sides[2] = {client, server};
    bool done[2] = {false, false};

    for (int turn = 0; turn < 20 && !(done[0] && done[1]); turn++) {
        struct tls_messages_side *side = sides[turn % 2];

        if (done[turn % 2] || (turn > 0 && side->tls.in.size == 0))
            continue;
        tls_messages_advance(side);
        tls_move(&side->tls, &sides[1 - turn % 2]->tls);
        if (side->tls.status < 0 && side->tls.status != SEC_E_INCOMPLETE_MESSAGE)
            return side->tls.status;
        done[turn % 2] = side->tls.status == SEC_E_OK;
    }
    return done[0] && done[1] ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
}

void tls_messages_agree(const struct tls_messages_side *client,
                        const struct tls_messages_side *server)
{
    for (int kind = 0; kind < TLS_SECRETS; kind++) {
        const SEC_TRAFFIC_SECRETS *a = client->secrets[kind], *b = server->secrets[kind];

        assert_non_null(a);
        assert_non_null(b);
        assert_int_equal(a->TrafficSecretSize, b->TrafficSecretSize);
        assert_memory_equal(a->TrafficSecret, b->TrafficSecret, a->TrafficSecretSize);
        assert_memory_equal(a->SymmetricAlgId, b->SymmetricAlgId, sizeof(a->SymmetricAlgId));
        assert_int_equal(a->KeySize, b->KeySize);
    }
}

void tls_messages_reset(struct tls_messages_side *side)
{
    for (int kind = 0; kind < TLS_SECRETS; kind++) {
        free(side->secrets[kind]);
        side->secrets[kind] = NULL;
        side->given[kind] = 0;
    }
    tls_clear(&side->extension);
    side->start = side->end = 0;
    tls_reset(&side->tls);
}

void tls_messages_release(struct tls_messages_side *client, struct tls_messages_side *server)
{
    tls_messages_reset(client);
    tls_messages_reset(server);
    tls_release_both(&client->tls, &server->tls);
}
