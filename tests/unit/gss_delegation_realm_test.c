/* SPDX-License-Identifier: MIT */
/* Credentials of services that act for users: where the core can wait, they ask for a thread
 * once the KDC has shown that it lives. */
#include "kdc_relay.h"
#include "realm_host.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATIENCE 60000 /* ms; a guard only */

static pid_t realm_kdc(void)
{
    return (pid_t)atoi(realm_host_env("KDC_PID"));
}

static int thaw(void **state)
{
    (void)state;
    kill(realm_kdc(), SIGCONT);
    return 0;
}

static void acquire(realm_side *side, const char *package, uint32_t use,
                    const sspia_identity *identity)
{
    assert_int_equal(realm_side_acquire(side, package, use, NULL, identity), SEC_E_OK);
}

static void make(realm_side *initiator, realm_side *acceptor, const char *package)
{
    const sspia_identity service = {.client_keytab = realm_host_env("KEYTAB"),
                                    .impersonate = "bob"};
    const sspia_identity both = {.client_keytab = realm_host_env("KEYTAB"),
                                 .keytab = realm_host_env("KEYTAB"),
                                 .delegation = SSPIA_DELEGATION_CONSTRAINED};

    *initiator = (realm_side){.target = "HTTP@localhost"};
    *acceptor = (realm_side){.target = NULL};
    acquire(initiator, package, SECPKG_CRED_OUTBOUND, &service);
    acquire(acceptor, package, SECPKG_CRED_BOTH, &both);
    acceptor->initiator = false; /* it could be either */
}

/* A leg that may wait; how often it asks for a thread. */
static unsigned leg_of(realm_side *side, const sspia_bytes *token, SECURITY_STATUS expected)
{
    realm_leg leg;

    if (token == NULL)
        realm_leg_begin(&leg, side);
    else
        realm_leg_answer(&leg, side, token->data, token->size);
    assert_true(realm_legs_run(&leg, 1, PATIENCE));
    if (leg.status != expected)
        fail_msg("%s", side->report.text);
    return leg.threads;
}

/* Wrong: a leg that libkrb5 makes holds a thread that must not block. */
static void services_that_act_for_users_need_a_thread(void **state)
{
    static const char *const packages[] = {"Kerberos", "Negotiate"};

    (void)state;
    for (size_t i = 0; i < sizeof packages / sizeof *packages; i++) {
        realm_side initiator;
        realm_side acceptor;

        make(&initiator, &acceptor, packages[i]);
        assert_int_equal(leg_of(&initiator, NULL, i == 0 ? SEC_E_OK : SEC_I_CONTINUE_NEEDED),
                         1);
        assert_int_equal(leg_of(&acceptor, &initiator.token, SEC_E_OK), 1);
        realm_side_release(&initiator);
        realm_side_release(&acceptor);
    }
    assert_int_equal(realm_host_blocks(), 0);
}

/* Wrong: a silent KDC that takes a thread from a leg of theirs, or does not let go of it; a KDC
 * that is asked though it need not be. */
static void a_silent_kdc_takes_no_thread(void **state)
{
    const unsigned before = kdc_descriptors();
    realm_side initiator;
    realm_side acceptor;
    realm_side plain = {.target = "HTTP@localhost"};
    const sspia_identity tickets = {.credential_cache = realm_host_env("CCACHE")};

    (void)state;
    acquire(&plain, "Kerberos", SECPKG_CRED_OUTBOUND, &tickets);
    leg_of(&plain, NULL, SEC_E_OK);
    make(&initiator, &acceptor, "Kerberos");
    /* Without its own tickets, and with them. */
    for (int i = 0; i < 2; i++) {
        realm_leg legs[2];

        kill(realm_kdc(), SIGSTOP);
        if (i == 1)
            initiator.target = "host@localhost";
        realm_leg_begin(&legs[0], &initiator);
        assert_int_equal(legs[0].status, SSPIA_WAITING);
        assert_int_equal(legs[0].wait.flags, 0);
        assert_int_equal(legs[0].wait.fd_count, 1);
        if (i == 0) {
            realm_leg_answer(&legs[1], &acceptor, plain.token.data, plain.token.size);
            assert_int_equal(legs[1].status, SSPIA_WAITING);
            assert_int_equal(legs[1].wait.flags, 0);
            realm_leg_stop(&legs[1]);
        }
        realm_leg_stop(&legs[0]);
        assert_int_equal(kdc_descriptors(), before);
        kill(realm_kdc(), SIGCONT);
        initiator.target = "HTTP@localhost";
        leg_of(&initiator, NULL, SEC_E_OK);
        realm_side_reset(&initiator);
    }
    kill(realm_kdc(), SIGSTOP);
    assert_int_equal(leg_of(&initiator, NULL, SEC_E_OK), 1);
    realm_side_release(&initiator);
    realm_side_release(&acceptor);
    realm_side_release(&plain);
    assert_int_equal(kdc_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_that_act_for_users_need_a_thread),
        cmocka_unit_test_teardown(a_silent_kdc_takes_no_thread, thaw),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
