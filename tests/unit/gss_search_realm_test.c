/* SPDX-License-Identifier: MIT */
/*
 * KDCs that the DNS knows, and not krb5.conf: real ones, and a server of the DNS on loopback.
 */
#include "dns_server.h"
#include "kdc_relay.h"
#include "realm_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATIENCE 60000 /* ms; a guard only */
#define MANY     50

#define SRV_UDP "_kerberos._udp.SSPI.TEST"
#define SRV_TCP "_kerberos._tcp.SSPI.TEST"

#define BY_DNS "    dns_lookup_kdc = true\n    udp_preference_limit = 1465\n"

static dns_server *server;
static uint16_t port;

static int start(void **state)
{
    (void)state;
    port = (uint16_t)atoi(realm_host_env("KDC_PORT"));
    server = dns_server_start();
    setenv("SSPI_ASYNC_DNS_SERVERS", dns_server_address(server), 1);
    dns_server_a(server, "localhost", 1, "127.0.0.1");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    dns_server_stop(server);
    return 0;
}

static void initiator_init(realm_side *side)
{
    const sspia_identity password = {.user = "alice@SSPI.TEST",
                                     .password = realm_host_env("ALICE_PASSWORD")};

    *side = (realm_side){.target = "HTTP/localhost", .flags = ISC_REQ_MUTUAL_AUTH};
    assert_int_equal(
        realm_side_acquire(side, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, &password), SEC_E_OK);
}

/* Wrong would be: a silent DNS that takes a thread, or descriptors that stay behind; as many
 * queries as legs. (First, as answers are kept.) */
static void a_silent_dns_takes_no_thread(void **state)
{
    static realm_side sides[MANY];
    static realm_leg legs[MANY];
    unsigned before;

    (void)state;
    kdc_configure("", BY_DNS);
    dns_server_set_mood(server, DNS_SILENT);
    before = kdc_descriptors();
    for (int i = 0; i < MANY; i++) {
        initiator_init(&sides[i]);
        realm_leg_begin(&legs[i], &sides[i]);
        assert_int_equal(legs[i].status, SSPIA_WAITING);
    }
    assert_false(realm_legs_run(legs, MANY, 100));
    assert_in_range(kdc_descriptors() - before, 0, 8);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(legs[i].threads, 0);
        realm_leg_stop(&legs[i]);
        realm_side_release(&sides[i]);
    }
    assert_int_equal(kdc_descriptors(), before);
}

/* Wrong would be: KDCs of the DNS that are not found, or taken in another order than by their
 * priority; or a thread for them. */
static void the_dns_knows_the_kdcs(void **state)
{
    realm_side side;
    realm_leg leg;

    (void)state;
    dns_server_set_mood(server, DNS_ANSWERS);
    dns_server_srv(server, SRV_UDP, 1, 1, 1, "localhost"); /* refuses */
    dns_server_srv(server, SRV_UDP, 1, 2, port, "localhost");
    dns_server_srv(server, SRV_TCP, 1, 2, port, "localhost");
    kdc_configure("", BY_DNS);
    initiator_init(&side);
    realm_leg_begin(&leg, &side);
    assert_int_equal(leg.status, SSPIA_WAITING);
    assert_true(realm_legs_run(&leg, 1, PATIENCE));
    if (leg.status != SEC_I_CONTINUE_NEEDED)
        fail_msg("%s", side.report.text);
    realm_side_release(&side);
}

/* Wrong would be: a realm that nobody knows, and another status than with MIT. */
static void an_unknown_realm_is_told(void **state)
{
    const sspia_identity nobody = {.user = "alice@NOWHERE.TEST",
                                   .password = "not-the-password"};
    realm_side side = {.target = "HTTP/localhost", .flags = ISC_REQ_MUTUAL_AUTH};
    realm_leg leg;

    (void)state;
    kdc_configure("", BY_DNS);
    assert_int_equal(realm_side_acquire(&side, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, &nobody),
                     SEC_E_OK);
    realm_leg_begin(&leg, &side);
    assert_true(realm_legs_run(&leg, 1, PATIENCE));
    assert_int_equal(leg.status, SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_non_null(strstr(side.report.text, "Cannot find KDC for realm \"NOWHERE.TEST\""));
    realm_side_release(&side);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_dns_takes_no_thread),
        cmocka_unit_test(the_dns_knows_the_kdcs),
        cmocka_unit_test(an_unknown_realm_is_told),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, start, stop);
}
