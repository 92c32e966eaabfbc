/* SPDX-License-Identifier: MIT */
/*
 * FAST: a KDC that knows who was armored. Its tickets carry a mark for those whose password
 * came inside FAST, and the service armored/localhost is for them alone.
 */
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

static struct kdc_process kdc;

static void configure(const char *defaults)
{
    char text[64];

    snprintf(text, sizeof text, "        kdc = 127.0.0.1:%u\n", kdc.port);
    kdc_configure(text, defaults);
}

static int open_kdc(void **state)
{
    (void)state;
    assert_int_equal(system("PATH=$PATH:/usr/sbin; printf '%s\\n' "
                            "'addprinc -randkey -requires_preauth armored/localhost' "
                            "'setstr armored/localhost require_auth armored' | "
                            "kadmin.local -r SSPI.TEST >/dev/null 2>&1"),
                     0);
    kdc_process_start(&kdc, NULL,
                      "[realms]\n    SSPI.TEST = {\n"
                      "        encrypted_challenge_indicator = armored\n    }\n");
    configure("    udp_preference_limit = 1\n");
    return 0;
}

static int close_kdc(void **state)
{
    (void)state;
    kdc_process_stop(&kdc);
    return 0;
}

static int thaw(void **state)
{
    (void)state;
    kill(kdc.pid, SIGCONT);
    return 0;
}

/* By a password; to make a key of it takes its time, under AddressSanitizer seconds. */
static sspia_identity by_password(const char *password, const char *armor)
{
    return (sspia_identity){.user = "alice", .password = password, .armor_cache = armor};
}

static sspia_identity by_keys(const char *armor)
{
    return (sspia_identity){.client_keytab = realm_host_env("CLIENT_KEYTAB"),
                            .armor_cache = armor};
}

static void acquire(realm_side *side, const sspia_identity *identity)
{
    *side = (realm_side){.target = "armored/localhost", .flags = ISC_REQ_MUTUAL_AUTH};
    if (realm_side_acquire(side, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, identity) != SEC_E_OK)
        fail_msg("%s", side->report.text);
}

/* A first leg that waits, or one that blocks. */
static SECURITY_STATUS log_on(realm_side *side, const sspia_identity *identity, bool waits)
{
    realm_leg leg;

    acquire(side, identity);
    if (!waits)
        return realm_side_step(side, NULL, 0);
    realm_leg_begin(&leg, side);
    assert_true(realm_legs_run(&leg, 1, PATIENCE));
    assert_int_equal(leg.threads, 0);
    return leg.status;
}

/* Wrong would be: a password that goes out where all can try others on it, though armor was
 * named. */
static void what_is_named_armors(void **state)
{
    static const char *const ways[] = {"    udp_preference_limit = 1\n",
                                       "    udp_preference_limit = 1465\n"};
    const unsigned before = kdc_descriptors();
    sspia_identity identity;
    realm_side side;

    (void)state;
    for (int i = 0; i < 8; i++) {
        configure(ways[i % 2]);
        identity = by_keys(i / 4 == 0 ? realm_host_env("CCACHE") : NULL);
        assert_int_equal(log_on(&side, &identity, i / 2 % 2 != 0),
                         i / 4 == 0 ? SEC_I_CONTINUE_NEEDED : SEC_E_LOGON_DENIED);
        realm_side_release(&side);
    }
    identity = by_password(realm_host_env("ALICE_PASSWORD"), realm_host_env("CCACHE"));
    assert_int_equal(log_on(&side, &identity, true), SEC_I_CONTINUE_NEEDED);
    realm_side_release(&side);
    identity = by_password("not-the-password", realm_host_env("CCACHE"));
    assert_int_equal(log_on(&side, &identity, true), SEC_E_LOGON_DENIED);
    realm_side_release(&side);
    assert_int_equal(kdc_descriptors(), before);
}

/* Wrong would be: a password that goes out without the armor that is not there; or an error
 * that does not name the cache. */
static void without_a_good_ticket_nothing_is_sent(void **state)
{
    char expired[512];
    const char *const caches[] = {"FILE:/nowhere/armor", expired, "MEMORY:empty"};
    sspia_identity identity;
    realm_side side;

    (void)state;
    snprintf(expired, sizeof expired, "FILE:%s/expired", realm_host_env("REALM_DIR"));
    ticket_cache_fill_expired(expired);
    kill(kdc.pid, SIGSTOP); /* who sends something would have to wait */
    for (int i = 0; i < 6; i++) {
        identity = by_keys(caches[i / 2]);
        assert_int_equal(log_on(&side, &identity, i % 2 != 0), SEC_E_NO_CREDENTIALS);
        assert_non_null(strstr(side.report.text, caches[i / 2]));
        assert_non_null(strstr(side.report.text, i / 2 == 1 ? "expired" : "armor cache"));
        realm_side_release(&side);
    }
}

/* Wrong would be: armored requests that hold a thread while the KDC is silent. */
static void armored_logons_wait_too(void **state)
{
    const unsigned before = kdc_descriptors();
    sspia_identity identity;
    realm_side side;
    realm_leg leg;

    (void)state;
    identity = by_keys(realm_host_env("CCACHE"));
    kill(kdc.pid, SIGSTOP);
    acquire(&side, &identity);
    realm_leg_begin(&leg, &side);
    assert_int_equal(leg.status, SSPIA_WAITING);
    assert_int_equal(leg.wait.flags, 0);
    assert_int_equal(leg.wait.fd_count, 1);
    kill(kdc.pid, SIGCONT);
    assert_true(realm_legs_run(&leg, 1, PATIENCE));
    assert_int_equal(leg.status, SEC_I_CONTINUE_NEEDED);
    assert_int_equal(leg.threads, 0);
    realm_side_release(&side);
    assert_int_equal(kdc_descriptors(), before);
}

/* Wrong would be: armor that is named and not used, without a word. */
static void armor_that_is_of_no_use_is_refused(void **state)
{
    const sspia_identity identities[] = {
        {.armor_cache = realm_host_env("CCACHE")},
        {.armor_cache = realm_host_env("CCACHE"), .credential_cache = realm_host_env("CCACHE")},
        {.armor_cache = realm_host_env("CCACHE"),
         .credential_cache = realm_host_env("CCACHE"),
         .client_keytab = realm_host_env("CLIENT_KEYTAB")},
        {.armor_cache = "NOSUCHTYPE:x", .client_keytab = realm_host_env("CLIENT_KEYTAB")},
    };
    static const char *const packages[] = {"Kerberos", "Negotiate"};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof identities / sizeof identities[0]; i++) {
        realm_side side = {.credential = NULL};

        assert_int_equal(realm_side_acquire(&side, packages[i % 2], SECPKG_CRED_OUTBOUND, NULL,
                                            &identities[i / 2]),
                         SEC_E_INVALID_PARAMETER);
        assert_non_null(strstr(side.report.text, i / 2 < 3 ? "armor cache" : "NOSUCHTYPE:x"));
    }
}

/* Wrong would be: NTLM, on which passwords can be tried, where armor was asked for. */
static void negotiate_does_without_ntlm(void **state)
{
    sspia_identity identity;
    realm_side side = {.target = "armored/localhost"};

    (void)state;
    identity = by_password(realm_host_env("ALICE_PASSWORD"), "FILE:/nowhere/armor");
    assert_int_equal(
        realm_side_acquire(&side, "Negotiate", SECPKG_CRED_OUTBOUND, NULL, &identity),
        SEC_E_OK);
    assert_int_equal(realm_side_step(&side, NULL, 0), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(side.report.text, "/nowhere/armor"));
    realm_side_release(&side);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_named_armors),
        cmocka_unit_test_teardown(without_a_good_ticket_nothing_is_sent, thaw),
        cmocka_unit_test_teardown(armored_logons_wait_too, thaw),
        cmocka_unit_test(armor_that_is_of_no_use_is_refused),
        cmocka_unit_test(negotiate_does_without_ntlm),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, open_kdc, close_kdc);
}
