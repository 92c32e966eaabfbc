/* SPDX-License-Identifier: MIT */
/* DTLS 1.2 on the package's own table, over a net that loses, doubles, turns round and changes
 * datagrams. */
#include "tls_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DATAGRAMS 256

struct datagram {
    bool to_server;
    uint8_t bytes[2048];
    size_t size;
};

/* Two sides, and what is between them. */
struct pair {
    struct tls_side sides[2]; /* client, server */
    bool done[2];
    SEC_DTLS_MTU mtu;
    uint8_t address[16]; /* of the client, as the server sees it */
    struct datagram net[DATAGRAMS];
    size_t sent, delivered;
    size_t lost;   /* which one is lost; SIZE_MAX: none */
    bool doubled;  /* each comes twice */
    bool reversed; /* those of a flight come last first */
    bool garbage;  /* each comes behind one that means nothing */
};

static struct pair *pair_make(void)
{
    struct pair *pair = calloc(1, sizeof(*pair));

    assert_non_null(pair);
    tls_sides(&pair->sides[0], &pair->sides[1], 0);
    pair->sides[0].flags = pair->sides[1].flags = ISC_REQ_DATAGRAM;
    pair->lost = SIZE_MAX;
    pair->mtu.PathMTU = 600;
    pair->address[0] = 2;
    return pair;
}

static void pair_free(struct pair *pair)
{
    tls_release_both(&pair->sides[0], &pair->sides[1]);
    free(pair);
}

/* What a leg or a message left in out is one datagram. */
static void send_out(struct pair *pair, int from)
{
    struct tls_bytes *out = &pair->sides[from].out;
    struct datagram *datagram = &pair->net[pair->sent];

    if (out->size == 0)
        return;
    assert_true(pair->sent < DATAGRAMS && out->size <= pair->mtu.PathMTU);
    datagram->to_server = from == 0;
    memcpy(datagram->bytes, out->data, out->size);
    datagram->size = out->size;
    pair->sent++;
    out->size = 0;
}

static SECURITY_STATUS leg(struct pair *pair, int which, const void *bytes, size_t size)
{
    struct tls_side *side = &pair->sides[which];
    SecBuffer more[2] = {
        {sizeof(pair->mtu), SECBUFFER_DTLS_MTU, &pair->mtu},
        {sizeof(pair->address), SECBUFFER_EXTRA, pair->address},
    };

    do {
        side->more = more;
        side->more_count = side->server ? 2 : 1;
        tls_leg(side, bytes, size);
        side->more_count = 0;
        send_out(pair, which);
        bytes = NULL;
        size = 0;
    } while (side->status == SEC_I_MESSAGE_FRAGMENT);
    if (side->status == SEC_E_OK)
        pair->done[which] = true;
    return side->status;
}

static void deliver(struct pair *pair, const struct datagram *datagram)
{
    const int to = datagram->to_server ? 1 : 0;
    struct tls_side *side = &pair->sides[to];

    if (!pair->done[to]) {
        leg(pair, to, datagram->bytes, datagram->size);
        assert_true(side->status == SEC_E_OK || side->status == SEC_I_CONTINUE_NEEDED);
        return;
    }
    tls_append(&side->in, datagram->bytes, datagram->size);
    assert_tls(tls_receive_all(side, NULL), SEC_E_OK);
    send_out(pair, to);
}

/* The side that it goes to is in its handshake. */
static bool takes_legs(const struct pair *pair, const struct datagram *datagram)
{
    const int to = datagram->to_server ? 1 : 0;

    return !pair->done[to] && pair->sides[to].context != NULL;
}

/* Until nothing is underway. */
static void pump(struct pair *pair)
{
    /* No record, and one of an epoch that has not begun. */
    static const char *const nonsense[] = {"GET / HTTP/1.1",
                                           "\x16\xfe\xfd\0\5\0\0\0\0\xff\xff\0\1x"};

    while (pair->delivered < pair->sent) {
        const size_t begin = pair->delivered, end = pair->sent;

        pair->delivered = end;
        for (size_t i = begin; i < end; i++) {
            const size_t which = pair->reversed ? end - 1 - (i - begin) : i;
            const struct datagram *datagram = &pair->net[which];

            if (which == pair->lost)
                continue;
            for (int n = 0; n < 2 && pair->garbage && takes_legs(pair, datagram); n++)
                assert_tls(leg(pair, datagram->to_server ? 1 : 0, nonsense[n], 14),
                           SEC_I_CONTINUE_NEEDED);
            deliver(pair, datagram);
            if (pair->doubled)
                deliver(pair, datagram);
        }
    }
}

static void begin(struct pair *pair)
{
    assert_tls(leg(pair, 0, NULL, 0), SEC_I_CONTINUE_NEEDED);
    pump(pair);
}

/* The milliseconds until a side that is not done has something to send again. */
static uint32_t patience(struct pair *pair, int which)
{
    uint32_t result = UINT32_MAX;

    if (!pair->done[which] && pair->sides[which].context != NULL)
        assert_tls(tls_query(&pair->sides[which], SSPIA_ATTR_DTLS_PATIENCE, &result), SEC_E_OK);
    return result;
}

/* Waits as long as the package says, and goes on; all pairs at once. */
static void wait_for_all(struct pair *const *pairs, size_t count)
{
    for (int turn = 0; turn < 1000; turn++) {
        uint32_t least = UINT32_MAX;
        bool done = true;

        for (size_t i = 0; i < count; i++) {
            for (int which = 0; which < 2; which++) {
                const uint32_t left = patience(pairs[i], which);

                done = done && pairs[i]->done[which];
                if (left == 0) {
                    leg(pairs[i], which, NULL, 0);
                    assert_true(pairs[i]->sides[which].status >= 0);
                    pump(pairs[i]);
                } else if (left < least) {
                    least = left;
                }
            }
        }
        if (done)
            return;
        if (least != UINT32_MAX)
            nanosleep(&(struct timespec){least / 1000, (least % 1000) * 1000000}, NULL);
    }
    fail();
}

static void assert_open(struct pair *pair)
{
    SecPkgContext_ConnectionInfo info;

    for (int which = 0; which < 2; which++) {
        assert_true(pair->done[which]);
        assert_tls(tls_query(&pair->sides[which], SECPKG_ATTR_CONNECTION_INFO, &info),
                   SEC_E_OK);
        assert_int_equal(info.dwProtocol,
                         which ? SP_PROT_DTLS1_2_SERVER : SP_PROT_DTLS1_2_CLIENT);
    }
    tls_exchange(&pair->sides[0], &pair->sides[1]);
}

/* Wrong: a handshake in datagrams does not complete, or one is larger than the MTU (send_out
 * looks); or attributes and sizes are those of a stream. */
static void datagrams_carry_a_handshake(void **state)
{
    struct pair *pair = pair_make();
    SecPkgContext_StreamSizes sizes;

    (void)state;
    begin(pair);
    assert_open(pair);
    assert_int_equal(pair->sides[0].result.attributes & (ISC_RET_DATAGRAM | ISC_RET_STREAM),
                     ISC_RET_DATAGRAM);
    assert_tls(tls_query(&pair->sides[0], SECPKG_ATTR_STREAM_SIZES, &sizes), SEC_E_OK);
    assert_int_equal(sizes.cbHeader + sizes.cbMaximumMessage + sizes.cbTrailer, 600);
    assert_int_equal(patience(pair, 0), UINT32_MAX);
    pair_free(pair);
}

/* Wrong: a handshake that loses one datagram, whichever it is, does not complete. */
static void each_datagram_may_be_lost(void **state)
{
    struct pair *pairs[DATAGRAMS];
    size_t count;

    (void)state;
    pairs[0] = pair_make();
    begin(pairs[0]);
    assert_open(pairs[0]);
    count = pairs[0]->sent;
    assert_true(count > 6);
    pair_free(pairs[0]);
    for (size_t i = 0; i < count; i++) {
        pairs[i] = pair_make();
        pairs[i]->lost = i;
        begin(pairs[i]);
    }
    wait_for_all(pairs, count);
    for (size_t i = 0; i < count; i++) {
        assert_open(pairs[i]);
        pair_free(pairs[i]);
    }
}

/* Wrong: datagrams that come twice, out of order, or between others that mean nothing do harm.
 */
static void odd_nets_do(void **state)
{
    (void)state;
    for (int odd = 1; odd < 8; odd++) {
        struct pair *pair = pair_make();

        pair->doubled = (odd & 1) != 0;
        pair->reversed = (odd & 2) != 0;
        pair->garbage = (odd & 4) != 0;
        begin(pair);
        wait_for_all(&pair, 1);
        assert_open(pair);
        pair_free(pair);
    }
}

/* Wrong: a client that does not get what is sent to its address is answered with more than a
 * cookie; or a server answers without knowing an address. */
static void cookie_is_of_the_address(void **state)
{
    struct pair *pair = pair_make();
    struct datagram hello;
    size_t before;

    (void)state;
    assert_tls(leg(pair, 0, NULL, 0), SEC_I_CONTINUE_NEEDED);
    assert_tls(tls_leg(&pair->sides[1], pair->net[0].bytes, pair->net[0].size),
               SEC_E_INVALID_PARAMETER);
    tls_reset(&pair->sides[1]);
    assert_tls(tls_leg(&pair->sides[1], "no hello", 8), SEC_E_INVALID_TOKEN);
    assert_null(pair->sides[1].context);
    assert_tls(leg(pair, 1, pair->net[0].bytes, pair->net[0].size), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(pair->net[1].bytes[13], 3); /* HelloVerifyRequest */
    assert_true(pair->net[1].size < pair->net[0].size);
    assert_tls(leg(pair, 0, pair->net[1].bytes, pair->net[1].size), SEC_I_CONTINUE_NEEDED);
    hello = pair->net[pair->sent - 1];
    before = pair->sent;
    /* From another address the cookie is none. */
    pair->address[1]++;
    assert_tls(leg(pair, 1, hello.bytes, hello.size), SEC_E_INVALID_TOKEN);
    assert_true(pair->sent <= before + 1);
    assert_true(pair->net[pair->sent - 1].size < 32); /* an alert */
    pair_free(pair);
}

static SECURITY_STATUS receive(struct pair *pair, int which, const struct datagram *datagram,
                               struct tls_bytes *data)
{
    struct tls_side *side = &pair->sides[which];

    data->size = 0;
    tls_append(&side->in, datagram->bytes, datagram->size);
    tls_receive(side, data);
    tls_consume(&side->in, side->in.size);
    return side->status;
}

/* Wrong: messages must come in order and each of them; or one is taken twice, or changed. */
static void messages_are_datagrams(void **state)
{
    struct pair *pair = pair_make();
    struct tls_bytes data = {NULL, 0, 0};
    struct datagram *messages;
    const size_t handshake = 64;

    (void)state;
    begin(pair);
    pair->sent = handshake;
    messages = &pair->net[handshake];
    for (size_t i = 0; i < 4; i++) {
        assert_tls(tls_send(&pair->sides[0], &"0123"[i], 1), SEC_E_OK);
        send_out(pair, 0);
    }
    messages[3].bytes[20] ^= 1;
    assert_tls(receive(pair, 1, &messages[2], &data), SEC_E_OK);
    assert_memory_equal(data.data, "2", data.size);
    assert_int_equal(data.size, 1);
    assert_tls(receive(pair, 1, &messages[0], &data), SEC_E_OK);
    assert_int_equal(data.size, 1);
    assert_tls(receive(pair, 1, &messages[0], &data), SEC_E_OK);
    assert_int_equal(data.size, 0);
    assert_tls(receive(pair, 1, &messages[3], &data), SEC_E_OK);
    assert_int_equal(data.size, 0);
    messages[3].bytes[20] ^= 1;
    assert_tls(receive(pair, 1, &messages[3], &data), SEC_E_OK);
    assert_int_equal(data.size, 1);
    messages[3].size = 5;
    assert_tls(receive(pair, 1, &messages[3], &data), SEC_E_INVALID_TOKEN);
    tls_exchange(&pair->sides[0], &pair->sides[1]);
    tls_clear(&data);
    pair_free(pair);
}

/* Wrong: the end of a connection is not told, or an alert goes out with a number that OpenSSL
 * has used. */
static void connection_is_closed(void **state)
{
    struct pair *pair = pair_make();
    const uint32_t shutdown = SCHANNEL_SHUTDOWN;
    const SCHANNEL_ALERT_TOKEN alert = {SCHANNEL_ALERT, TLS1_ALERT_FATAL, 80};
    struct tls_bytes data = {NULL, 0, 0};

    (void)state;
    begin(pair);
    assert_tls(tls_control(&pair->sides[0], &alert, sizeof(alert)), SEC_E_OK);
    assert_tls(leg(pair, 0, NULL, 0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_tls(tls_control(&pair->sides[0], &shutdown, sizeof(shutdown)), SEC_E_OK);
    assert_tls(leg(pair, 0, NULL, 0), SEC_E_OK);
    assert_tls(receive(pair, 1, &pair->net[pair->sent - 1], &data), SEC_I_CONTEXT_EXPIRED);
    tls_clear(&data);
    pair_free(pair);
}

/* Wrong: a second handshake with a server does not resume. */
static void sessions_are_resumed(void **state)
{
    struct pair *pair = pair_make();
    SecPkgContext_SessionInfo info;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(pair);
        assert_open(pair);
        assert_tls(tls_query(&pair->sides[1], SECPKG_ATTR_SESSION_INFO, &info), SEC_E_OK);
        assert_int_equal(info.dwFlags & SSL_SESSION_RECONNECT, i);
        tls_reset(&pair->sides[0]);
        tls_reset(&pair->sides[1]);
        pair->done[0] = pair->done[1] = false;
        pair->sent = pair->delivered = 0;
    }
    pair_free(pair);
}

/* Wrong: an MTU out of bounds is taken, or one that is taken does not count. */
static void mtu_counts(void **state)
{
    static const struct {
        uint16_t mtu;
        SECURITY_STATUS status;
    } cases[] = {{256, SEC_E_OK},
                 {1096, SEC_E_OK},
                 {1400, SEC_E_OK},
                 {199, SEC_E_INVALID_PARAMETER},
                 {200, SEC_E_UNSUPPORTED_FUNCTION}};
    struct pair *pair;
    SEC_DTLS_MTU mtu = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pair = pair_make();
        pair->mtu.PathMTU = cases[i].mtu;
        if (cases[i].status == SEC_E_OK) {
            begin(pair);
            assert_open(pair);
            assert_tls(tls_query(&pair->sides[0], SECPKG_ATTR_DTLS_MTU, &mtu), SEC_E_OK);
            assert_int_equal(mtu.PathMTU, cases[i].mtu);
        } else {
            assert_tls(leg(pair, 0, NULL, 0), cases[i].status);
        }
        pair_free(pair);
    }
    pair = pair_make();
    assert_tls(tls_leg(&pair->sides[0], NULL, 0), SEC_I_CONTINUE_NEEDED);
    assert_tls(tls_query(&pair->sides[0], SECPKG_ATTR_DTLS_MTU, &mtu), SEC_E_OK);
    assert_int_equal(mtu.PathMTU, 1096);
    mtu.PathMTU = 300;
    assert_tls(tls_package()->set_context(pair->sides[0].context, SECPKG_ATTR_DTLS_MTU, &mtu,
                                          sizeof(mtu), &pair->sides[0].report),
               SEC_E_OK);
    assert_tls(tls_query(&pair->sides[0], SECPKG_ATTR_DTLS_MTU, &mtu), SEC_E_OK);
    assert_int_equal(mtu.PathMTU, 300);
    tls_reset(&pair->sides[0]);
    pair->sides[0].flags = 0;
    assert_tls(leg(pair, 0, NULL, 0), SEC_E_UNSUPPORTED_FUNCTION); /* an MTU of a stream */
    pair_free(pair);
}

/* Wrong: settings let DTLS in, or leave it out, where they say otherwise. */
static void settings_choose_datagrams(void **state)
{
    struct pair *pair = pair_make();
    struct tls_side *client = &pair->sides[0];

    (void)state;
    assert_tls(tls_acquire_with(client, NULL, tls.roots, SCH_USE_DTLS_ONLY), SEC_E_OK);
    begin(pair);
    assert_open(pair);
    tls_reset(client);
    client->flags = 0;
    assert_tls(tls_leg(client, NULL, 0), SEC_E_ALGORITHM_MISMATCH);
    client->flags = ISC_REQ_DATAGRAM;
    assert_tls(tls_acquire_without(client, NULL, tls.roots, 0, SP_PROT_DTLS1_X), SEC_E_OK);
    assert_tls(tls_leg(client, NULL, 0), SEC_E_ALGORITHM_MISMATCH);
    client->flags = ISC_REQ_DATAGRAM | ISC_REQ_MESSAGES;
    assert_tls(tls_leg(client, NULL, 0), SEC_E_INVALID_PARAMETER);
    client->flags = 0;
    assert_tls(tls_leg(client, NULL, 0), SEC_I_CONTINUE_NEEDED);
    client->flags = ISC_REQ_DATAGRAM;
    assert_tls(tls_leg(client, NULL, 0), SEC_E_INVALID_PARAMETER);
    pair_free(pair);
}

/* Wrong: a client certificate cannot be shown when it is asked for. */
static void client_certificate_is_shown(void **state)
{
    struct pair *pair = pair_make();
    struct tls_side *client = &pair->sides[0];
    size_t i;

    (void)state;
    pair->sides[1].flags |= ASC_REQ_MUTUAL_AUTH;
    assert_tls(leg(pair, 0, NULL, 0), SEC_I_CONTINUE_NEEDED);
    for (i = 0; i < pair->sent; i++) {
        const struct datagram *datagram = &pair->net[i];

        leg(pair, datagram->to_server ? 1 : 0, datagram->bytes, datagram->size);
        if (client->status == SEC_I_INCOMPLETE_CREDENTIALS)
            break;
    }
    assert_true(i < pair->sent);
    assert_tls(tls_acquire_with(client, tls.client_context, tls.roots, 0), SEC_E_OK);
    assert_tls(leg(pair, 0, pair->net[i].bytes, pair->net[i].size), SEC_I_CONTINUE_NEEDED);
    pair->delivered = i + 1;
    pump(pair);
    assert_open(pair);
    assert_true((pair->sides[1].result.attributes & ASC_RET_MUTUAL_AUTH) != 0);
    pair_free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_carry_a_handshake),
        cmocka_unit_test(each_datagram_may_be_lost),
        cmocka_unit_test(odd_nets_do),
        cmocka_unit_test(cookie_is_of_the_address),
        cmocka_unit_test(messages_are_datagrams),
        cmocka_unit_test(connection_is_closed),
        cmocka_unit_test(sessions_are_resumed),
        cmocka_unit_test(mtu_counts),
        cmocka_unit_test(settings_choose_datagrams),
        cmocka_unit_test(client_certificate_is_shown),
    };

    return cmocka_run_group_tests(tests, tls_fixture_setup, tls_fixture_teardown);
}
