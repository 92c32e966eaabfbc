/* SPDX-License-Identifier: MIT */
/*
 * Many first legs that wait at once, and two realms: who is silent hinders nobody else, and
 * nobody takes more descriptors than there are.
 */
#include "kdc_relay.h"
#include "realm_host.h"

#include <krb5.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE 60000 /* ms; a guard only */
#define MANY     200
#define FILES    320 /* that the process may have */
#define CAP      (FILES / 4)

static char other_folder[4200];
static unsigned other_port;
static pid_t other_kdc;

static pid_t realm_kdc(void)
{
    return (pid_t)atoi(realm_host_env("KDC_PID"));
}

static void run(const char *format, ...)
{
    char command[16384];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    if (system(command) != 0)
        fail_msg("%s", command);
}

static int stop_other_realm(void **state)
{
    (void)state;
    run("'%s' stop '%s' >/dev/null", SSPI_ASYNC_REALM, other_folder);
    return 0;
}

/* A second realm, which trusts the first. */
static int start_other_realm(void **state)
{
    static const char *const trust =
        "addprinc -pw trust -requires_preauth krbtgt/OTHER.TEST@SSPI.TEST";
    char path[8400];
    char text[512];
    FILE *from;

    (void)state;
    snprintf(other_folder, sizeof other_folder, "%s/other", realm_host_env("REALM_DIR"));
    run("REALM_NAME=OTHER.TEST '%s' start '%s'", SSPI_ASYNC_REALM, other_folder);
    run("PATH=$PATH:/usr/sbin; kadmin.local -r SSPI.TEST %s >/dev/null 2>&1", trust);
    run(". '%s/env'; PATH=$PATH:/usr/sbin; kadmin.local -r OTHER.TEST %s >/dev/null 2>&1; "
        "echo \"$KDC_PORT $KDC_PID\" >'%s/port'",
        other_folder, trust, other_folder);
    snprintf(path, sizeof path, "%s/port", other_folder);
    from = fopen(path, "r");
    assert_non_null(from);
    assert_int_equal(fscanf(from, "%u %d", &other_port, &other_kdc), 2);
    fclose(from);
    snprintf(text, sizeof text,
             "        kdc = 127.0.0.1:%s\n    }\n    OTHER.TEST = {\n        kdc = "
             "127.0.0.1:%u\n",
             realm_host_env("KDC_PORT"), other_port);
    kdc_configure(text, "    udp_preference_limit = 1465\n");
    return 0;
}

static int thaw(void **state)
{
    (void)state;
    kill(realm_kdc(), SIGCONT);
    kill(other_kdc, SIGCONT);
    return 0;
}

static char last_ccache[4200]; /* that initiator_init made */

/* With a copy of alice's tickets, of which the one for this service is not one. */
static void initiator_init(realm_side *side, const char *target)
{
    static unsigned number;
    const sspia_identity identity = {.credential_cache = last_ccache};

    snprintf(last_ccache, sizeof last_ccache, "FILE:%s/crowd.%u", realm_host_env("REALM_DIR"),
             number);
    run("cp '%s/ccache' '%s/crowd.%u'", realm_host_env("REALM_DIR"),
        realm_host_env("REALM_DIR"), number++);
    *side = (realm_side){.target = target, .flags = ISC_REQ_MUTUAL_AUTH};
    assert_int_equal(
        realm_side_acquire(side, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, &identity), SEC_E_OK);
}

/* How many tickets alice's copy has of each of those that lead to the other realm. */
static void assert_tickets_are_kept(const char *ccache)
{
    static const char *const names[] = {"krbtgt/SSPI.TEST@SSPI.TEST",
                                        "krbtgt/OTHER.TEST@SSPI.TEST",
                                        "HTTP/localhost@OTHER.TEST"};
    unsigned counts[3] = {0, 0, 0};
    krb5_context context;
    krb5_ccache cache;
    krb5_cc_cursor cursor;
    krb5_creds creds;

    assert_int_equal(krb5_init_context(&context), 0);
    assert_int_equal(krb5_cc_resolve(context, ccache, &cache), 0);
    assert_int_equal(krb5_cc_start_seq_get(context, cache, &cursor), 0);
    while (krb5_cc_next_cred(context, cache, &cursor, &creds) == 0) {
        char *name;

        assert_int_equal(krb5_unparse_name(context, creds.server, &name), 0);
        for (int i = 0; i < 3; i++)
            counts[i] += strcmp(name, names[i]) == 0;
        krb5_free_unparsed_name(context, name);
        krb5_free_cred_contents(context, &creds);
    }
    krb5_cc_end_seq_get(context, cache, &cursor);
    krb5_cc_close(context, cache);
    krb5_free_context(context);
    for (int i = 0; i < 3; i++)
        assert_int_equal(counts[i], 1);
}

static void assert_accepted(realm_side *initiator, const char *keytab)
{
    const sspia_identity keys = {.keytab = keytab, .replay_cache = "none:"};
    realm_side acceptor = {.flags = 0};

    assert_int_equal(
        realm_side_acquire(&acceptor, "Kerberos", SECPKG_CRED_INBOUND, NULL, &keys), SEC_E_OK);
    if (realm_side_step(&acceptor, initiator->token.data, initiator->token.size) != SEC_E_OK)
        fail_msg("%s", acceptor.report.text);
    realm_side_release(&acceptor);
}

/* Wrong would be: a realm whose KDC is silent, and another one's logons that wait for it; or
 * tickets of another realm that need a thread, or are not in the caller's cache afterwards. */
static void a_frozen_realm_hinders_no_other(void **state)
{
    realm_side there[3];
    realm_leg legs[3];
    realm_side here;
    realm_leg leg;
    char keytab[8400];
    char ccache[4200];
    unsigned before;

    (void)state;
    for (int i = 0; i < 3; i++)
        initiator_init(&there[i], "HTTP/localhost@OTHER.TEST");
    memcpy(ccache, last_ccache, sizeof ccache);
    initiator_init(&here, "HTTP/localhost@SSPI.TEST");
    before = kdc_descriptors();
    kill(other_kdc, SIGSTOP);
    for (int i = 0; i < 3; i++)
        realm_leg_begin(&legs[i], &there[i]);
    assert_false(realm_legs_run(legs, 3, 100));
    for (int i = 0; i < 5; i++) {
        realm_leg_begin(&leg, &here);
        assert_true(realm_legs_run(&leg, 1, PATIENCE));
        assert_int_equal(leg.status, SEC_I_CONTINUE_NEEDED);
        assert_accepted(&here, realm_host_env("KEYTAB"));
        realm_side_reset(&here);
    }
    realm_leg_stop(&legs[0]);
    assert_false(realm_legs_run(legs + 1, 2, 0));
    kill(other_kdc, SIGCONT);
    assert_true(realm_legs_run(legs + 1, 2, PATIENCE));
    snprintf(keytab, sizeof keytab, "FILE:%s/service.keytab", other_folder);
    for (int i = 1; i < 3; i++) {
        if (legs[i].status != SEC_I_CONTINUE_NEEDED)
            fail_msg("%s", there[i].report.text);
        assert_int_equal(legs[i].threads, 0);
        assert_accepted(&there[i], keytab);
    }
    assert_tickets_are_kept(ccache);
    for (int i = 0; i < 3; i++)
        realm_side_release(&there[i]);
    realm_side_release(&here);
    assert_int_equal(kdc_descriptors(), before);
}

/* Wrong would be: armor of another realm, whose KDC libkrb5 asks by itself, that cannot be
 * used, or with which a thread waits for a silent KDC when nobody else does. */
static void armor_of_another_realm_costs_a_thread(void **state)
{
    char armor[4200];
    char keytab[8400];
    const sspia_identity identity = {.client_keytab = keytab, .armor_cache = armor};
    realm_side side = {.target = "HTTP/localhost@OTHER.TEST", .flags = ISC_REQ_MUTUAL_AUTH};
    const unsigned before = kdc_descriptors();
    realm_leg leg;

    (void)state;
    snprintf(armor, sizeof armor, "FILE:%s/armor", realm_host_env("REALM_DIR"));
    snprintf(keytab, sizeof keytab, "FILE:%s/client.keytab", other_folder);
    for (int i = 0; i < 2; i++) {
        /* What was got with it stays in it. */
        run("cp '%s/ccache' '%s/armor'", realm_host_env("REALM_DIR"),
            realm_host_env("REALM_DIR"));
        assert_int_equal(
            realm_side_acquire(&side, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, &identity),
            SEC_E_OK);
        realm_leg_begin(&leg, &side);
        assert_int_equal(leg.status, SSPIA_WAITING);
        assert_int_equal(leg.wait.flags, SSPIA_WAIT_THREAD);
        if (i == 1)
            kill(realm_kdc(), SIGSTOP);
        leg.patience = i == 1 ? 3 : 0;
        assert_true(realm_legs_run(&leg, 1, PATIENCE));
        assert_int_equal(leg.status,
                         i == 0 ? SEC_I_CONTINUE_NEEDED : SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_int_equal(leg.given_up, i == 1);
        realm_side_release(&side);
        assert_int_equal(kdc_descriptors(), before);
    }
}

/* Wrong would be: more descriptors than the module's share; a leg that has no place and fails,
 * or is forgotten; one that is stopped while it has none, and keeps the others waiting. */
static void a_crowd_keeps_to_its_share(void **state)
{
    static realm_side sides[MANY];
    static realm_leg legs[MANY];
    unsigned before;

    (void)state;
    for (int i = 0; i < MANY; i++)
        initiator_init(&sides[i], "host/localhost@SSPI.TEST");
    before = kdc_descriptors();
    kill(realm_kdc(), SIGSTOP);
    for (int i = 0; i < MANY; i++) {
        realm_leg_begin(&legs[i], &sides[i]);
        assert_int_equal(legs[i].status, SSPIA_WAITING);
    }
    assert_in_range(kdc_descriptors() - before, CAP / 4, CAP);
    assert_false(realm_legs_run(legs, MANY, 1500)); /* by UDP and by TCP */
    assert_in_range(kdc_descriptors() - before, CAP / 2, CAP);
    /* Of those with a place and of those without. */
    for (int i = 0; i < MANY; i += 4)
        realm_leg_stop(&legs[i]);
    assert_in_range(kdc_descriptors() - before, 1, CAP);
    kill(realm_kdc(), SIGCONT);
    assert_true(realm_legs_run(legs, MANY, PATIENCE));
    for (int i = 0; i < MANY; i++) {
        if (i % 4 != 0 && legs[i].status != SEC_I_CONTINUE_NEEDED)
            fail_msg("%d: %s", i, sides[i].report.text);
        realm_side_release(&sides[i]);
    }
    assert_int_equal(kdc_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_frozen_realm_hinders_no_other, thaw),
        cmocka_unit_test_teardown(armor_of_another_realm_costs_a_thread, thaw),
        cmocka_unit_test_teardown(a_crowd_keeps_to_its_share, thaw),
    };
    struct rlimit files = {FILES, FILES};

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return EXIT_FAILURE;
    files.rlim_cur = FILES;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        return EXIT_FAILURE;
    realm_host_load();
    return cmocka_run_group_tests(tests, start_other_realm, stop_other_realm);
}
