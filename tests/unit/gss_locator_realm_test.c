/* SPDX-License-Identifier: MIT */
/* KDCs that a locator plug-in names, and krb5.conf does not: real ones, and silent ones. */
#include "kdc_relay.h"
#include "locator.h"
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
#define MANY     16

static struct locator *plugin;
static struct kdc_relay named;
static struct kdc_relay configured; /* in krb5.conf, and not asked unless the plug-in passes */

static int start(void **state)
{
    char folder[4200];
    char kdcs[256];
    char defaults[4400];

    (void)state;
    kdc_relay_start(&named, 0);
    kdc_relay_start(&configured, 0);
    snprintf(folder, sizeof folder, "%s/plugins", realm_host_env("REALM_DIR"));
    plugin = locator_install(folder);
    atomic_store(&plugin->port, named.port);
    atomic_store(&plugin->primary_port, named.port);
    snprintf(kdcs, sizeof kdcs,
             "        kdc = 127.0.0.1:%u\n    }\n    PASSED.TEST = {\n"
             "        kdc = 127.0.0.1:%u\n",
             configured.port, configured.port);
    snprintf(defaults, sizeof defaults,
             "    plugin_base_dir = %s\n    udp_preference_limit = 1465\n", folder);
    kdc_configure(kdcs, defaults);
    return 0;
}

static void initiator_init(realm_side *side, const char *user)
{
    const sspia_identity password = {.user = user,
                                     .password = realm_host_env("ALICE_PASSWORD")};

    *side = (realm_side){.target = "HTTP/localhost", .flags = ISC_REQ_MUTUAL_AUTH};
    assert_int_equal(
        realm_side_acquire(side, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, &password), SEC_E_OK);
}

static unsigned sum_of_threads(const realm_leg *legs)
{
    unsigned sum = 0;

    for (int i = 0; i < MANY; i++)
        sum += legs[i].threads;
    return sum;
}

/* Wrong would be: a KDC of the plug-in's that is waited for on a thread, or not by our own
 * sockets; a plug-in that is asked, or has a thread, more than once; another KDC than it
 * names; descriptors that stay behind. */
static void a_silent_kdc_of_a_plugin_takes_no_thread(void **state)
{
    static realm_side sides[MANY];
    static realm_leg legs[MANY];
    unsigned before = kdc_descriptors();

    (void)state;
    atomic_store(&named.mood, KDC_SILENT);
    for (int i = 0; i < MANY; i++) {
        initiator_init(&sides[i], "alice@SSPI.TEST");
        realm_leg_begin(&legs[i], &sides[i]);
        assert_int_equal(legs[i].status, SSPIA_WAITING);
    }
    while (atomic_load(&named.requests) < MANY)
        assert_false(realm_legs_run(legs, MANY, 10));
    assert_int_equal(atomic_load(&plugin->asked), 1);
    assert_int_equal(sum_of_threads(legs), 1);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(legs[i].status, SSPIA_WAITING);
        assert_int_equal(legs[i].wait.flags, 0);
        assert_in_range(legs[i].wait.fd_count, 1, 2);
        if (i % 2 == 1)
            realm_leg_stop(&legs[i]);
    }
    atomic_store(&named.mood, KDC_FAITHFUL);
    assert_true(realm_legs_run(legs, MANY, PATIENCE));
    for (int i = 0; i < MANY; i++) {
        if (i % 2 == 0 && legs[i].status != SEC_I_CONTINUE_NEEDED)
            fail_msg("%s", sides[i].report.text);
        realm_side_release(&sides[i]);
    }
    assert_int_equal(atomic_load(&configured.requests), 0);
    assert_int_equal(kdc_descriptors(), before);
}

/* Wrong would be: a plug-in that does not handle the realm, and has the last word all the same;
 * or krb5.conf before the plug-in. */
static void krb5_conf_has_its_say_if_the_plugin_passes(void **state)
{
    unsigned before = atomic_load(&plugin->asked);
    realm_side side;
    realm_leg leg;

    (void)state;
    atomic_store(&configured.mood, KDC_SILENT);
    initiator_init(&side, "alice@PASSED.TEST");
    realm_leg_begin(&leg, &side);
    while (atomic_load(&configured.requests) == 0)
        assert_false(realm_legs_run(&leg, 1, 10));
    assert_int_equal(atomic_load(&plugin->asked), before + 1);
    assert_int_equal(leg.threads, 1);
    assert_int_equal(leg.wait.flags, 0);
    realm_leg_stop(&leg);
    realm_side_release(&side);
}

/* Wrong would be: another status than libkrb5's own path has, or no word of the plug-in; a
 * failure that is remembered. */
static void what_a_plugin_says_is_told(void **state)
{
    static const struct {
        const char *user;
        SECURITY_STATUS status;
        const char *text;
    } cases[] = {
        {"alice@FAILED.TEST", SEC_E_NO_AUTHENTICATING_AUTHORITY,
         "A locator plug-in of libkrb5 failed for realm 'FAILED.TEST'"},
        {"alice@EMPTY.TEST", SEC_E_NO_AUTHENTICATING_AUTHORITY,
         "Cannot find KDC for realm \"EMPTY.TEST\""},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned before = atomic_load(&plugin->asked);
        realm_side side;
        realm_leg leg;

        initiator_init(&side, cases[i].user);
        for (int k = 0; k < 2; k++) {
            realm_leg_begin(&leg, &side);
            assert_true(realm_legs_run(&leg, 1, PATIENCE));
            assert_int_equal(leg.status, cases[i].status);
            if (strstr(side.report.text, cases[i].text) == NULL)
                fail_msg("%s", side.report.text);
            realm_side_reset(&side);
        }
        assert_in_range(atomic_load(&plugin->asked) - before, i == 0 ? 2 : 1, 2);
        realm_side_release(&side);
    }
}

/* Wrong would be: a message that libkrb5 sends to a proxy when nobody wants the answer. */
static void nothing_more_is_sent_to_a_proxy_for_nobody(void **state)
{
    char kdcs[256];
    realm_side side;
    realm_leg leg;

    (void)state;
    snprintf(kdcs, sizeof kdcs,
             "    }\n    PASSED.TEST = {\n        kdc = https://127.0.0.1:%u/KdcProxy\n",
             configured.port);
    kdc_configure(kdcs, "");
    initiator_init(&side, "alice@PASSED.TEST");
    realm_leg_begin(&leg, &side);
    leg.patience = 2; /* once before it is known how the KDC is reached, and then */
    assert_true(realm_legs_run(&leg, 1, PATIENCE));
    assert_true(leg.given_up);
    assert_int_equal(leg.status, SEC_E_NO_AUTHENTICATING_AUTHORITY);
    realm_side_release(&side);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_kdc_of_a_plugin_takes_no_thread),
        cmocka_unit_test(krb5_conf_has_its_say_if_the_plugin_passes),
        cmocka_unit_test(what_a_plugin_says_is_told),
        cmocka_unit_test(nothing_more_is_sent_to_a_proxy_for_nobody),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, start, NULL);
}
