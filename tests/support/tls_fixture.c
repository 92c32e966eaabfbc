/* SPDX-License-Identifier: MIT */
#include "tls_fixture.h"

struct tls_fixture tls;

int tls_fixture_setup(void **state)
{
    (void)state;
    tls.authority = tls_make(NULL, "Test Authority", &(struct tls_traits){.authority = true});
    tls.server = tls_make(&tls.authority, "localhost",
                          &(struct tls_traits){.names = "DNS:localhost,IP:127.0.0.1"});
    tls.client =
        tls_make(&tls.authority, "Some Client", &(struct tls_traits){.client_only = true});
    tls.server_context = tls_load(&tls.server, &tls.authority);
    tls.client_context = tls_load(&tls.client, NULL);
    tls.roots = tls_trust(&tls.authority);
    tls_package();
    return 0;
}

int tls_fixture_teardown(void **state)
{
    (void)state;
    sspia_certificate_free(tls.server_context);
    sspia_certificate_free(tls.client_context);
    sspia_roots_free(tls.roots);
    tls_unmake(&tls.authority);
    tls_unmake(&tls.server);
    tls_unmake(&tls.client);
    assert_int_equal(tls_blocks(), 0);
    return 0;
}

void tls_sides(struct tls_side *client, struct tls_side *server, uint32_t without)
{
    *client = (struct tls_side){.target = "localhost"};
    *server = (struct tls_side){.server = true};
    assert_tls(tls_acquire_without(client, NULL, tls.roots, 0, without), SEC_E_OK);
    assert_tls(tls_acquire_with(server, tls.server_context, tls.roots, 0), SEC_E_OK);
}

void tls_connected(struct tls_side *client, struct tls_side *server, uint32_t without)
{
    tls_sides(client, server, without);
    assert_tls(tls_shake(client, server), SEC_E_OK);
}

void tls_release_both(struct tls_side *client, struct tls_side *server)
{
    tls_release(client);
    tls_release(server);
}

static void exchange_one(struct tls_side *from, struct tls_side *to, const char *text)
{
    struct tls_bytes data = {NULL, 0, 0};

    assert_tls(tls_send(from, text, 5), SEC_E_OK);
    tls_move(from, to);
    assert_tls(tls_receive_all(to, &data), SEC_E_OK);
    assert_int_equal(data.size, 5);
    assert_memory_equal(data.data, text, 5);
    tls_clear(&data);
}

void tls_exchange(struct tls_side *client, struct tls_side *server)
{
    exchange_one(client, server, "hello");
    exchange_one(server, client, "there");
}
