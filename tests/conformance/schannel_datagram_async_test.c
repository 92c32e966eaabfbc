/* SPDX-License-Identifier: MIT */
/* DTLS through the library by callbacks on one queue: many handshakes at once, each of which
 * loses another datagram, with inputs that are gone when the submit returns. */
#include "tls_user.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS     10
#define DATAGRAMS 32
#define SIZE_MOST 1500

struct end {
    struct tls_user user; /* its credential and context */
    struct end *peer;
    struct pair *pair;
    SspiAsyncContext *async;
    unsigned char out[SIZE_MOST];
    SecBuffer output;
    SecBufferDesc output_desc;
    uint32_t attributes;
    bool busy, done;
    struct {
        unsigned char bytes[SIZE_MOST];
        uint32_t size;
    } inbox[DATAGRAMS];
    size_t received, taken;
};

struct pair {
    struct end ends[2]; /* client, server */
    size_t sent, lost;
};

static sspia_queue *queue;

static int setup(void **state)
{
    (void)state;
    tls_user_setup();
    queue = sspia_queue_create();
    return queue == NULL;
}

static int teardown(void **state)
{
    (void)state;
    sspia_queue_free(queue);
    tls_user_teardown();
    return 0;
}

/* A copy that is no longer what it was once the caller has submitted. */
static void *lend(const void *bytes, size_t size)
{
    void *copy = malloc(size + 1);

    assert_non_null(copy);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

static void take_back(void *copy, size_t size)
{
    memset(copy, 0xAA, size);
    free(copy);
}

static void submit(struct end *end, const void *datagram, uint32_t size)
{
    struct tls_user *user = &end->user;
    const SEC_DTLS_MTU mtu = {600};
    const unsigned char address[] = "an address of the client's";
    SecBuffer input[3] = {{size, SECBUFFER_TOKEN, lend(datagram, size)},
                          {sizeof(mtu), SECBUFFER_DTLS_MTU, lend(&mtu, sizeof(mtu))},
                          {sizeof(address), SECBUFFER_EXTRA, lend(address, sizeof(address))}};
    SecBufferDesc input_desc = {SECBUFFER_VERSION, user->server ? 3 : 2, input};
    CtxtHandle *old = user->has_context ? &user->context : NULL;
    SECURITY_STATUS status;

    end->output = (SecBuffer){sizeof(end->out), SECBUFFER_TOKEN, end->out};
    end->output_desc = (SecBufferDesc){SECBUFFER_VERSION, 1, &end->output};
    end->busy = true;
    SspiReinitAsyncContext(end->async);
    status =
        user->server
            ? SspiAcceptSecurityContextAsync(end->async, &user->credential, old, &input_desc,
                                             ASC_REQ_DATAGRAM, 0, &user->context,
                                             &end->output_desc, &end->attributes, NULL)
            : SspiInitializeSecurityContextAsyncA(
                  end->async, &user->credential, old, "localhost", ISC_REQ_DATAGRAM, 0, 0,
                  &input_desc, 0, &user->context, &end->output_desc, &end->attributes, NULL);
    for (int i = 0; i < 3; i++)
        take_back(input[i].pvBuffer, input[i].cbBuffer);
    assert_user(status, SEC_E_OK);
}

static void send_out(struct end *end)
{
    struct end *peer = end->peer;

    if (end->output.cbBuffer == 0 || end->pair->sent++ == end->pair->lost)
        return;
    assert_true(peer->received < DATAGRAMS && end->output.cbBuffer <= 600);
    memcpy(peer->inbox[peer->received].bytes, end->out, end->output.cbBuffer);
    peer->inbox[peer->received++].size = end->output.cbBuffer;
}

/* After the handshake: datagrams of the peer's that come late are answered by a leg. */
static void read_late(struct end *end, unsigned char *bytes, uint32_t size)
{
    bool answer = false;

    while (size > 0) {
        SecBuffer buffers[4] = {{size, SECBUFFER_DATA, bytes}};
        SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
        const SECURITY_STATUS status = DecryptMessage(&end->user.context, &message, 0, NULL);

        assert_true(status == SEC_E_OK || status == SEC_I_RENEGOTIATE);
        answer = answer || status == SEC_I_RENEGOTIATE;
        size = buffers[3].BufferType == SECBUFFER_EXTRA ? buffers[3].cbBuffer : 0;
        bytes = buffers[3].pvBuffer;
    }
    if (answer)
        submit(end, NULL, 0);
}

static void go_on(struct end *end)
{
    while (!end->busy && end->taken < end->received) {
        const size_t next = end->taken++;

        if (end->done)
            read_late(end, end->inbox[next].bytes, end->inbox[next].size);
        else
            submit(end, end->inbox[next].bytes, end->inbox[next].size);
    }
}

static void finished(SspiAsyncContext *async, void *data)
{
    struct end *end = data;
    const SECURITY_STATUS status = SspiGetAsyncCallStatus(async);

    assert_true(status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED ||
                status == SEC_I_MESSAGE_FRAGMENT);
    end->user.has_context = true;
    end->busy = false;
    send_out(end);
    if (status == SEC_I_MESSAGE_FRAGMENT)
        submit(end, NULL, 0);
    else if (status == SEC_E_OK)
        end->done = true;
    go_on(end);
    go_on(end->peer);
}

static void begin(struct pair *pair, size_t lost)
{
    pair->lost = lost;
    for (int i = 0; i < 2; i++) {
        struct end *end = &pair->ends[i];

        tls_user_init(&end->user, i == 1, 0);
        end->pair = pair;
        end->peer = &pair->ends[1 - i];
        end->async = SspiCreateAsyncContext();
        assert_non_null(end->async);
        assert_user(SspiSetAsyncNotifyCallback(end->async, finished, end), SEC_E_OK);
        assert_user(sspia_async_set_queue(end->async, queue), SEC_E_OK);
    }
    submit(&pair->ends[0], NULL, 0);
}

static uint32_t patience(const struct end *end)
{
    uint32_t left = UINT32_MAX;
    CtxtHandle context = end->user.context;

    if (!end->done && end->user.has_context)
        assert_user(QueryContextAttributesA(&context, SSPIA_ATTR_DTLS_PATIENCE, &left),
                    SEC_E_OK);
    return left;
}

/* Nothing is under way: what was lost is sent again when its time has come. False: all ends are
 * done. */
static bool wait_for_times(struct pair *pairs)
{
    uint32_t least = UINT32_MAX;

    for (int i = 0; i < PAIRS * 2; i++) {
        struct end *end = &pairs[i / 2].ends[i % 2];
        const uint32_t left = patience(end);

        if (left == 0)
            submit(end, NULL, 0);
        least = left < least ? left : least;
    }
    if (least != UINT32_MAX && least > 0)
        poll(NULL, 0, (int)least);
    return least != UINT32_MAX;
}

static bool any_busy(const struct pair *pairs)
{
    for (int i = 0; i < PAIRS * 2; i++) {
        if (pairs[i / 2].ends[i % 2].busy)
            return true;
    }
    return false;
}

/* Wrong: a leg reads what the caller has taken back, a callback does not come, or a handshake
 * does not get over a loss. */
static void handshakes_run_by_callbacks(void **state)
{
    struct pair *pairs = calloc(PAIRS, sizeof(*pairs));

    (void)state;
    assert_non_null(pairs);
    for (size_t i = 0; i < PAIRS; i++)
        begin(&pairs[i], i);
    do {
        while (any_busy(pairs))
            assert_true(sspia_queue_dispatch(queue, 64, 60000) > 0);
    } while (wait_for_times(pairs));
    for (size_t i = 0; i < PAIRS; i++) {
        for (int side = 0; side < 2; side++) {
            struct end *end = &pairs[i].ends[side];

            assert_true(end->done);
            assert_true((end->attributes & ISC_RET_DATAGRAM) != 0);
            tls_user_end(&end->user);
            SspiFreeAsyncContext(end->async);
        }
    }
    free(pairs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(handshakes_run_by_callbacks)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
