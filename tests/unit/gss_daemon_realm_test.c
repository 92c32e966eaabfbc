/* SPDX-License-Identifier: MIT */
/* Ticket caches that a daemon keeps (KCM), which may be silent: this program for a core. */
#include "kcm_server.h"
#include "kdc_relay.h"
#include "realm_host.h"
#include "ticket_cache.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATIENCE 60000 /* ms; a guard only */
#define MANY     40    /* more than the daemon's backlog takes */

static int kcm;

static pid_t realm_kdc(void)
{
    return (pid_t)atoi(realm_host_env("KDC_PID"));
}

static void configure(const char *defaults)
{
    char kdcs[64];
    char text[4400];

    snprintf(kdcs, sizeof kdcs, "        kdc = 127.0.0.1:%s\n", realm_host_env("KDC_PORT"));
    snprintf(text, sizeof text, "%s    kcm_socket = %s/kcm\n", defaults,
             realm_host_env("REALM_DIR")); /* the first that says so counts */
    kdc_configure(kdcs, text);
}

static int open_daemon(void **state)
{
    char path[4200];

    (void)state;
    snprintf(path, sizeof path, "%s/kcm", realm_host_env("REALM_DIR"));
    kcm = kcm_server_start(path);
    configure("");
    return 0;
}

static int close_daemon(void **state)
{
    (void)state;
    kcm_server_stop(kcm);
    return 0;
}

static int thaw(void **state)
{
    (void)state;
    kill(kcm, SIGCONT);
    kill(realm_kdc(), SIGCONT);
    return 0;
}

static void acquire(realm_side *side, const sspia_identity *identity)
{
    *side = (realm_side){.target = "HTTP/localhost", .flags = ISC_REQ_MUTUAL_AUTH};
    if (realm_side_acquire(side, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, identity) != SEC_E_OK)
        fail_msg("%s", side->report.text);
}

static void assert_shakes(realm_side *initiator)
{
    const sspia_identity keys = {.keytab = realm_host_env("KEYTAB"), .replay_cache = "none:"};
    realm_side acceptor = {.flags = 0};

    assert_int_equal(
        realm_side_acquire(&acceptor, "Kerberos", SECPKG_CRED_INBOUND, NULL, &keys), SEC_E_OK);
    if (realm_side_step(&acceptor, initiator->token.data, initiator->token.size) != SEC_E_OK)
        fail_msg("%s", acceptor.report.text);
    assert_int_equal(realm_side_step(initiator, acceptor.token.data, acceptor.token.size),
                     SEC_E_OK);
    realm_side_release(&acceptor);
}

/* Wrong would be: tickets in a daemon that are not found, used and kept there; a KDC that is
 * waited for on a thread. */
static void tickets_of_a_daemon_are_used(void **state)
{
    static const char *const defaults[] = {"", "    default_ccache_name = KCM:\n"};
    const unsigned before = kdc_descriptors();

    (void)state;
    for (int i = 0; i < 2; i++) {
        const sspia_identity identity = {.credential_cache = i == 0 ? "KCM:1000" : NULL};
        realm_side side;
        realm_leg leg;

        configure(defaults[i]);
        ticket_cache_fill("KCM:1000");
        acquire(&side, &identity);
        kill(realm_kdc(), SIGSTOP);
        realm_leg_begin(&leg, &side);
        assert_int_equal(leg.status, SSPIA_WAITING);
        assert_int_equal(leg.wait.flags, 0); /* for the daemon */
        while (leg.threads == 0)
            assert_false(realm_legs_run(&leg, 1, 10));
        assert_int_equal(leg.threads, 1);
        assert_int_equal(leg.wait.flags, 0); /* for the KDC */
        assert_int_equal(leg.wait.fd_count, 1);
        kill(realm_kdc(), SIGCONT);
        assert_true(realm_legs_run(&leg, 1, PATIENCE));
        if (leg.status != SEC_I_CONTINUE_NEEDED)
            fail_msg("%s", side.report.text);
        assert_int_equal(leg.threads, 2);
        assert_shakes(&side);
        assert_true(ticket_cache_has("KCM:1000", "HTTP/localhost@SSPI.TEST"));
        /* What was got once needs neither daemon nor thread. */
        kill(kcm, SIGSTOP);
        realm_side_reset(&side);
        realm_leg_begin(&leg, &side);
        assert_int_equal(leg.status, SEC_I_CONTINUE_NEEDED);
        kill(kcm, SIGCONT);
        realm_side_release(&side);
        assert_int_equal(kdc_descriptors(), before);
    }
    configure("");
}

/* Wrong would be: a daemon's silence that holds a thread, or the acquire; that others have to
 * wait for; that leaves a descriptor. */
static void a_silent_daemon_holds_no_thread(void **state)
{
    static realm_side sides[MANY];
    static realm_leg legs[MANY];
    static char targets[MANY][32];
    const sspia_identity by_daemon = {.credential_cache = "KCM:1000"};
    const sspia_identity by_file = {.credential_cache = realm_host_env("CCACHE")};
    const sspia_identity armored = {.client_keytab = realm_host_env("CLIENT_KEYTAB"),
                                    .armor_cache = "KCM:1000"};
    const unsigned before = kdc_descriptors();
    realm_side other;
    realm_side login;
    realm_leg leg;

    (void)state;
    ticket_cache_fill("KCM:1000");
    kill(kcm, SIGSTOP);
    acquire(&sides[0], &by_daemon);
    acquire(&login, &armored);
    for (int i = 0; i < MANY; i++) {
        snprintf(targets[i], sizeof targets[i], "HTTP/host%d.localhost", i);
        sides[i] = sides[0];
        sides[i].context = NULL;
        sides[i].target = targets[i];
        realm_leg_begin(&legs[i], &sides[i]);
        assert_int_equal(legs[i].status, SSPIA_WAITING);
    }
    sides[0].target = targets[0];
    realm_leg_begin(&leg, &login);
    assert_int_equal(leg.status, SSPIA_WAITING);
    assert_false(realm_legs_run(&leg, 1, 0));
    assert_int_equal(leg.threads, 0);
    acquire(&other, &by_file);
    {
        realm_leg quick;

        realm_leg_begin(&quick, &other);
        assert_true(realm_legs_run(&quick, 1, PATIENCE));
        assert_int_equal(quick.status, SEC_I_CONTINUE_NEEDED);
        assert_shakes(&other);
        realm_side_release(&other);
    }
    assert_false(realm_legs_run(legs, MANY, 0));
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(legs[i].status, SSPIA_WAITING);
        assert_int_equal(legs[i].threads, 0);
        if (i > 0)
            realm_leg_stop(&legs[i]);
    }
    realm_leg_stop(&leg);
    assert_int_equal(kdc_descriptors(), before + 1); /* of the one that is left */
    kill(kcm, SIGCONT);
    assert_true(realm_legs_run(legs, 1, PATIENCE));
    assert_int_equal(legs[0].status, SEC_E_TARGET_UNKNOWN);
    realm_leg_begin(&leg, &login);
    assert_true(realm_legs_run(&leg, 1, PATIENCE));
    if (leg.status != SEC_I_CONTINUE_NEEDED)
        fail_msg("%s", login.report.text);
    realm_side_release(&login);
    realm_side_release(&sides[0]);
    assert_int_equal(kdc_descriptors(), before);
}

/* Wrong would be: a lack that is not told as libkrb5 tells it, or waited for. */
static void a_daemon_that_is_not_there_is_told(void **state)
{
    const sspia_identity identity = {.credential_cache = "KCM:1000"};
    realm_side side;
    realm_leg leg;

    (void)state;
    configure("    kcm_socket = /nowhere/kcm\n");
    acquire(&side, &identity);
    realm_leg_begin(&leg, &side);
    assert_true(realm_legs_run(&leg, 1, PATIENCE));
    assert_int_equal(leg.status, SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(side.report.text, "KCM"));
    realm_side_release(&side);
    configure("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(tickets_of_a_daemon_are_used, thaw),
        cmocka_unit_test_teardown(a_silent_daemon_holds_no_thread, thaw),
        cmocka_unit_test(a_daemon_that_is_not_there_is_told),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, open_daemon, close_daemon);
}
