/* SPDX-License-Identifier: MIT */
/*
 * First legs of Kerberos that wait: real KDCs, well and ill, and this program for a core.
 */
#include "kdc_relay.h"
#include "realm_host.h"
#include "ticket_cache.h"

#include <dlfcn.h>
#include <krb5.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE 60000 /* ms; a guard only */
#define MANY     300

#define UDP_FIRST "    udp_preference_limit = 1465\n"
#define TCP_FIRST "    udp_preference_limit = 1\n"

static sspia_identity keys;
static sspia_identity password;
static sspia_identity wrong_password;

static void kdcs_are(const char *defaults, unsigned first, unsigned second)
{
    char text[256];

    snprintf(text, sizeof text, "        kdc = 127.0.0.1:%u\n", first);
    if (second != 0)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "        kdc = 127.0.0.1:%u\n", second);
    kdc_configure(text, defaults);
}

static unsigned realm_port(void)
{
    return (unsigned)atoi(realm_host_env("KDC_PORT"));
}

static pid_t realm_kdc(void)
{
    return (pid_t)atoi(realm_host_env("KDC_PID"));
}

static int read_realm(void **state)
{
    (void)state;
    keys.keytab = realm_host_env("KEYTAB");
    keys.replay_cache = "none:";
    password.user = wrong_password.user = "alice";
    password.password = realm_host_env("ALICE_PASSWORD");
    wrong_password.password = "not-the-password";
    return 0;
}

static int thaw(void **state)
{
    (void)state;
    kill(realm_kdc(), SIGCONT);
    return 0;
}

/* A ticket cache with alice's ticket-granting ticket and nothing else; its name. */
static const char *fresh_ccache(void)
{
    static unsigned number;
    static char names[64][4200];
    char *name = names[number % 64];

    snprintf(name, sizeof names[0], "FILE:%s/ccache.%u", realm_host_env("REALM_DIR"), number++);
    ticket_cache_fill(name);
    return name;
}

static void initiator_init(realm_side *side, const sspia_identity *identity)
{
    *side = (realm_side){.target = "HTTP/localhost", .flags = ISC_REQ_MUTUAL_AUTH};
    assert_int_equal(realm_side_acquire(side, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, identity),
                     SEC_E_OK);
}

static void with_tickets(realm_side *side)
{
    const sspia_identity identity = {.credential_cache = fresh_ccache()};

    initiator_init(side, &identity);
}

/* A real acceptor takes the token of the first leg, and the initiator its answer. */
static void assert_shakes(realm_side *initiator)
{
    realm_side acceptor = {.flags = 0};

    assert_int_equal(
        realm_side_acquire(&acceptor, "Kerberos", SECPKG_CRED_INBOUND, NULL, &keys), SEC_E_OK);
    if (realm_side_step(&acceptor, initiator->token.data, initiator->token.size) != SEC_E_OK)
        fail_msg("%s", acceptor.report.text);
    assert_int_equal(realm_side_step(initiator, acceptor.token.data, acceptor.token.size),
                     SEC_E_OK);
    realm_side_release(&acceptor);
}

/* The whole of a first leg; its status. It may ask for no thread. */
static SECURITY_STATUS first_leg(realm_side *side, realm_leg *leg)
{
    realm_leg_begin(leg, side);
    assert_true(realm_legs_run(leg, 1, PATIENCE));
    assert_int_equal(leg->threads, 0);
    return leg->status;
}

/* The descriptors are as many as before; those of the relays may take a moment to close. */
static void assert_descriptors(unsigned before)
{
    for (int i = 0; i < PATIENCE / 5 && kdc_descriptors() != before; i++)
        usleep(5000);
    assert_int_equal(kdc_descriptors(), before);
}

/* Wrong would be: a leg that blocks, or asks for a thread; a ticket that is not in the caller's
 * own cache afterwards, where klist looks. */
static void a_first_leg_waits_for_its_ticket(void **state)
{
    static const char *const ways[] = {TCP_FIRST, UDP_FIRST};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const sspia_identity identity = {.credential_cache = fresh_ccache()};
        unsigned before = kdc_descriptors();
        realm_side side;
        realm_leg leg;

        kdcs_are(ways[i], realm_port(), 0);
        initiator_init(&side, &identity);
        assert_false(ticket_cache_has(identity.credential_cache, "HTTP/localhost@SSPI.TEST"));
        realm_leg_begin(&leg, &side);
        assert_int_equal(leg.status, SSPIA_WAITING);
        assert_int_equal(leg.wait.flags, 0);
        assert_int_equal(leg.wait.fd_count, 1);
        assert_true(realm_legs_run(&leg, 1, PATIENCE));
        assert_int_equal(leg.status, SEC_I_CONTINUE_NEEDED);
        assert_int_equal(leg.threads, 0);
        assert_true(ticket_cache_has(identity.credential_cache, "HTTP/localhost@SSPI.TEST"));
        assert_shakes(&side);
        realm_side_release(&side);
        assert_int_equal(kdc_descriptors(), before);
    }
}

/* Wrong would be: a leg with a ticket at hand that asks the KDC, which is silent; or that finds
 * the ticket of another service. */
static void a_ticket_at_hand_needs_no_kdc(void **state)
{
    realm_side side;
    realm_side other;
    realm_leg leg;

    (void)state;
    kdcs_are(TCP_FIRST, realm_port(), 0);
    with_tickets(&side);
    assert_int_equal(first_leg(&side, &leg), SEC_I_CONTINUE_NEEDED);
    kill(realm_kdc(), SIGSTOP);
    /* By a lease that is idle, by the ticket that is kept, and by the caller's cache. */
    realm_side_reset(&side);
    assert_int_equal(first_leg(&side, &leg), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(leg.calls, 1);
    other = side;
    other.context = NULL;
    other.token = (sspia_bytes){NULL, 0};
    assert_int_equal(first_leg(&other, &leg), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(leg.calls, 1);
    assert_shakes(&other);
    realm_side_reset(&other);
    other.target = "host/localhost";
    realm_leg_begin(&leg, &other);
    assert_int_equal(leg.status, SSPIA_WAITING);
    realm_leg_stop(&leg);
    assert_shakes(&side);
    realm_side_release(&side);
}

/* Wrong would be: a logon by password that blocks, asks twice for the account's tickets, or
 * does not say that the password is wrong. */
static void a_password_logs_on_without_a_thread(void **state)
{
    static const char *const ways[] = {TCP_FIRST, UDP_FIRST};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        realm_side side;
        realm_leg leg;

        kdcs_are(ways[i], realm_port(), 0);
        initiator_init(&side, &password);
        assert_int_equal(first_leg(&side, &leg), SEC_I_CONTINUE_NEEDED);
        assert_true(leg.calls > 3);
        assert_shakes(&side);
        realm_side_release(&side);
        initiator_init(&side, &wrong_password);
        assert_int_equal(first_leg(&side, &leg), SEC_E_LOGON_DENIED);
        assert_non_null(strstr(side.report.text, "alice"));
        realm_side_release(&side);
    }
}

/* Wrong would be: as many exchanges as legs; a leg that is stopped and takes the others with
 * it; a descriptor that stays. */
static void legs_share_a_flight(void **state)
{
    static realm_side sides[MANY];
    static realm_leg legs[MANY];
    unsigned before;

    (void)state;
    kdcs_are(TCP_FIRST, realm_port(), 0);
    for (int round = 0; round < 2; round++) {
        if (round == 0)
            with_tickets(&sides[0]);
        else
            initiator_init(&sides[0], &password);
        before = kdc_descriptors();
        kill(realm_kdc(), SIGSTOP);
        for (int i = 0; i < MANY; i++) {
            sides[i] = sides[0];
            sides[i].context = NULL;
            sides[i].token = (sspia_bytes){NULL, 0};
            realm_leg_begin(&legs[i], &sides[i]);
            assert_int_equal(legs[i].status, SSPIA_WAITING);
        }
        assert_int_equal(kdc_descriptors(), before + 1);
        assert_false(realm_legs_run(legs, MANY, 50));
        /* The first has the descriptors; one after the other leads, and is stopped. */
        for (int i = 0; i < MANY / 2; i++) {
            realm_leg_stop(&legs[i]);
            assert_false(realm_legs_run(legs, MANY, 0));
        }
        assert_false(realm_legs_run(legs, MANY, 50));
        assert_in_range(kdc_descriptors(), before + 1, before + 2);
        kill(realm_kdc(), SIGCONT);
        assert_true(realm_legs_run(legs, MANY, PATIENCE));
        for (int i = MANY / 2; i < MANY; i++) {
            assert_int_equal(legs[i].status, SEC_I_CONTINUE_NEEDED);
            assert_int_equal(legs[i].threads, 0);
        }
        assert_shakes(&sides[MANY - 1]);
        for (int i = MANY - 1; i > 0; i--)
            realm_side_reset(&sides[i]);
        realm_side_release(&sides[0]);
        assert_int_equal(kdc_descriptors(), before);
    }
}

/* Wrong would be: sockets that outlive the last leg that wanted them, or a leg after it that
 * finds the flight that is no more. */
static void the_last_to_leave_closes(void **state)
{
    realm_side sides[3];
    realm_leg legs[3];
    unsigned before;

    (void)state;
    kdcs_are(UDP_FIRST, realm_port(), 0);
    with_tickets(&sides[0]);
    before = kdc_descriptors();
    kill(realm_kdc(), SIGSTOP);
    for (int i = 0; i < 3; i++) {
        sides[i] = sides[0];
        sides[i].context = NULL;
        realm_leg_begin(&legs[i], &sides[i]);
    }
    /* Both transports are in use after a second. */
    while (kdc_descriptors() != before + 2)
        assert_false(realm_legs_run(legs, 3, 20));
    for (int i = 0; i < 3; i++)
        legs[i].wait.stop(legs[i].wait.data);
    assert_int_equal(kdc_descriptors(), before);
    realm_leg_begin(&legs[0], &(realm_side){.package = sides[0].package,
                                            .credential = sides[0].credential,
                                            .initiator = true,
                                            .target = sides[0].target});
    assert_int_equal(legs[0].status, SSPIA_WAITING);
    assert_int_equal(legs[0].wait.fd_count, 1);
    realm_leg_stop(&legs[0]);
    for (int i = 2; i >= 0; i--)
        realm_side_reset(&sides[i]);
    realm_side_release(&sides[0]);
    assert_int_equal(kdc_descriptors(), before);
}

/* Wrong would be: an ill KDC that keeps a leg from the one that is well, or from its end. */
static void ill_kdcs_are_passed_over(void **state)
{
    static const enum kdc_mood moods[] = {KDC_HANGS_UP, KDC_HALF, KDC_UNAVAILABLE, KDC_SLOW};
    static const char *const ways[] = {TCP_FIRST, UDP_FIRST};
    static struct kdc_relay ill;
    static struct kdc_relay well;

    (void)state;
    kdc_relay_start(&ill, 0);
    kdc_relay_start(&well, 0);
    for (size_t i = 0; i < 2 * sizeof moods / sizeof moods[0]; i++) {
        enum kdc_mood mood = moods[i / 2];
        unsigned before = kdc_descriptors();
        realm_side side;
        realm_leg leg;

        /* Half a datagram is what it is: not a reply, and libkrb5 says so. */
        if (mood == KDC_HALF && i % 2 == 1)
            continue;
        atomic_store(&ill.mood, mood);
        atomic_store(&ill.requests, 0);
        atomic_store(&well.requests, 0);
        kdcs_are(ways[i % 2], ill.port, well.port);
        initiator_init(&side, &password);
        if (first_leg(&side, &leg) != SEC_I_CONTINUE_NEEDED)
            fail_msg("mood %d: %s", (int)mood, side.report.text);
        assert_true(atomic_load(&ill.requests) > 0);
        if (mood != KDC_SLOW)
            assert_true(atomic_load(&well.requests) > 0);
        assert_shakes(&side);
        realm_side_release(&side);
        assert_descriptors(before);
    }
    atomic_store(&ill.mood, KDC_GARBAGE);
    atomic_store(&well.mood, KDC_UNAVAILABLE);
    for (size_t i = 0; i < 4; i++) {
        unsigned port = i < 2 ? ill.port : well.port;
        unsigned before = kdc_descriptors();
        realm_side side;
        realm_leg leg;

        kdcs_are(ways[i % 2], port, 0);
        initiator_init(&side, &password);
        assert_true(first_leg(&side, &leg) < 0);
        if (i >= 2)
            assert_int_equal(leg.status, SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_true(strlen(side.report.text) > 5);
        realm_side_release(&side);
        assert_descriptors(before);
    }
}

/* Wrong would be: a refusal that is not found out at once, or does not say which realm. */
static void a_kdc_that_refuses_is_told(void **state)
{
    static const char *const ways[] = {TCP_FIRST, UDP_FIRST};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        realm_side side;
        realm_leg leg;

        kdcs_are(ways[i], 1, 0);
        with_tickets(&side);
        assert_int_equal(first_leg(&side, &leg), SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_non_null(
            strstr(side.report.text, "Cannot contact any KDC for realm 'SSPI.TEST'"));
        realm_side_release(&side);
        kdcs_are(ways[i], 1, realm_port());
        with_tickets(&side);
        assert_int_equal(first_leg(&side, &leg), SEC_I_CONTINUE_NEEDED);
        assert_shakes(&side);
        realm_side_release(&side);
    }
}

/* Wrong would be: a KDC whose end in the middle of an exchange is the end of the leg, though
 * another one is there. */
static void a_kdc_dies_in_the_middle(void **state)
{
    static const char *const ways[] = {TCP_FIRST, UDP_FIRST};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct kdc_process mortal;
        realm_side side;
        realm_leg leg;

        kdc_process_start(&mortal, NULL, "");
        kdcs_are(ways[i], mortal.port, realm_port());
        with_tickets(&side);
        kill(mortal.pid, SIGSTOP);
        realm_leg_begin(&leg, &side);
        /* Until the request is sent; on a machine that stands still for a second the other one
         * is asked meanwhile. */
        while (leg.status == SSPIA_WAITING && leg.wait.fds[0].events != POLLIN)
            realm_legs_run(&leg, 1, 5);
        kdc_process_stop(&mortal);
        assert_true(realm_legs_run(&leg, 1, PATIENCE));
        assert_int_equal(leg.status, SEC_I_CONTINUE_NEEDED);
        assert_shakes(&side);
        realm_side_release(&side);
    }
}

static int64_t now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* What the leg says itself of when it goes on, if nothing comes. */
static void assert_goes_on(const realm_leg *leg, int64_t from, int64_t to, int64_t seconds)
{
    assert_true(leg->wait.until >= from + seconds * INT64_C(1000000000));
    assert_true(leg->wait.until <= to + seconds * INT64_C(1000000000));
}

/* Begins a leg, and goes on until a connection stands, which gets ten seconds. On a machine
 * that stands still for the second before: again. */
static void begin_with_connection(realm_leg *leg, realm_side *side)
{
    for (;;) {
        int64_t from = now_ns();
        int64_t to;

        realm_leg_begin(leg, side);
        to = now_ns();
        assert_goes_on(leg, from, to, 1);
        while (leg->wait.until <= to + INT64_C(1000000000) && leg->wait.fd_count == 1)
            assert_false(realm_legs_run(leg, 1, 20));
        if (leg->wait.fd_count == 1) {
            assert_goes_on(leg, from, now_ns(), 10);
            return;
        }
        realm_leg_stop(leg);
    }
}

/* Wrong would be: of two KDCs the first one silent, and the second asked at once, or not after
 * a second; or a connection that stands, and is not given ten. */
static void the_second_kdc_is_asked_in_its_turn(void **state)
{
    static struct kdc_relay second;
    struct kdc_process first;
    realm_side side;
    realm_leg leg;
    int64_t from;

    (void)state;
    kdc_relay_start(&second, 0);
    kdc_process_start(&first, NULL, "");
    kill(first.pid, SIGSTOP);
    kdcs_are(UDP_FIRST, first.port, second.port);
    with_tickets(&side);
    from = now_ns();
    realm_leg_begin(&leg, &side);
    assert_goes_on(&leg, from, now_ns(), 1);
    assert_int_equal(leg.wait.fd_count, 1);
    assert_int_equal(atomic_load(&second.requests), 0);
    assert_true(realm_legs_run(&leg, 1, PATIENCE));
    assert_int_equal(leg.status, SEC_I_CONTINUE_NEEDED);
    assert_int_equal(atomic_load(&second.requests), 1);
    assert_shakes(&side);
    realm_side_release(&side);

    kdcs_are(TCP_FIRST, first.port, second.port);
    with_tickets(&side);
    begin_with_connection(&leg, &side);
    assert_int_equal(leg.wait.fd_count, 1);
    assert_int_equal(atomic_load(&second.requests), 1);
    realm_leg_stop(&leg);
    realm_side_release(&side);
    kdc_process_stop(&first);
}

/* Wrong would be: a service whose realm only the KDC knows that cannot be reached, or costs a
 * thread, or the KDC once more for each leg. */
static void the_kdc_may_name_the_realm(void **state)
{
    realm_side side;
    realm_leg leg;

    (void)state;
    kdcs_are(TCP_FIRST, realm_port(), 0);
    with_tickets(&side);
    side.target = "HTTP/localhost@";
    if (first_leg(&side, &leg) != SEC_I_CONTINUE_NEEDED)
        fail_msg("%s", side.report.text);
    assert_shakes(&side);
    realm_side_reset(&side);
    kill(realm_kdc(), SIGSTOP);
    assert_int_equal(first_leg(&side, &leg), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(leg.calls, 1);
    assert_shakes(&side);
    realm_side_release(&side);
}

/* Wrong would be: an answer that is too large for a datagram, and no leg; or a second try by
 * UDP. */
static void what_is_too_big_goes_by_tcp(void **state)
{
    struct kdc_process curt;

    (void)state;
    kdc_process_start(&curt, NULL, "    kdc_max_dgram_reply_size = 300\n");
    kdcs_are(UDP_FIRST, curt.port, 0);
    for (int i = 0; i < 2; i++) {
        realm_side side;
        realm_leg leg;

        if (i == 0)
            with_tickets(&side);
        else
            initiator_init(&side, &password);
        if (first_leg(&side, &leg) != SEC_I_CONTINUE_NEEDED)
            fail_msg("%s", side.report.text);
        assert_shakes(&side);
        realm_side_release(&side);
    }
    kdc_process_stop(&curt);
}

static void copy_database(const char *folder)
{
    char command[9000];

    snprintf(command, sizeof command, "mkdir -p '%s' && cp '%s'/principal* '%s'/stash '%s'/",
             folder, realm_host_env("REALM_DIR"), realm_host_env("REALM_DIR"), folder);
    assert_int_equal(system(command), 0);
}

/* Wrong would be: a new password that is refused because the KDC that was asked has not heard
 * of it, where another one is primary; and a wrong one that is not refused. */
static void a_refused_password_is_tried_at_the_primary(void **state)
{
    static const char *const names[] = {"primary_kdc", "master_kdc"};
    sspia_identity carol = {.user = "carol", .password = "the-new-one"};
    char folder[4200];
    char command[9000];
    char text[512];
    struct kdc_process replica;

    (void)state;
    snprintf(command, sizeof command,
             "PATH=$PATH:/usr/sbin; kadmin.local -r SSPI.TEST addprinc -pw the-old-one carol "
             ">/dev/null 2>&1");
    assert_int_equal(system(command), 0);
    snprintf(folder, sizeof folder, "%s/replica", realm_host_env("REALM_DIR"));
    copy_database(folder);
    assert_int_equal(system("PATH=$PATH:/usr/sbin; kadmin.local -r SSPI.TEST cpw -pw "
                            "the-new-one carol >/dev/null 2>&1"),
                     0);
    kdc_process_start(&replica, folder, "");
    for (size_t i = 0; i < 4; i++) {
        realm_side side;
        realm_leg leg;

        snprintf(text, sizeof text, "        kdc = 127.0.0.1:%u\n        %s = 127.0.0.1:%u\n",
                 replica.port, names[i / 2], i % 2 == 0 ? realm_port() : 1);
        kdc_configure(text, TCP_FIRST);
        initiator_init(&side, &carol);
        assert_int_equal(first_leg(&side, &leg),
                         i % 2 == 0 ? SEC_I_CONTINUE_NEEDED : SEC_E_LOGON_DENIED);
        realm_side_release(&side);
        initiator_init(&side, &wrong_password);
        assert_int_equal(first_leg(&side, &leg), SEC_E_LOGON_DENIED);
        realm_side_release(&side);
    }
    kdc_process_stop(&replica);
}

/* Wrong would be: a KDC with a name, or an IPv6 address in brackets, that is not found; or a
 * thread for names that the resolver knows already. (Without c-ares the first needs one.) */
static void names_are_looked_up(void **state)
{
    char text[256];
    realm_side side;
    realm_leg leg;

    (void)state;
    snprintf(text, sizeof text, "        kdc = [::1]:1\n        kdc = tcp/localhost:%u\n",
             realm_port());
    kdc_configure(text, UDP_FIRST);
    for (unsigned i = 0; i < 2; i++) {
        with_tickets(&side);
        realm_leg_begin(&leg, &side);
        assert_true(realm_legs_run(&leg, 1, PATIENCE));
        assert_int_equal(leg.status, SEC_I_CONTINUE_NEEDED);
        assert_in_range(leg.threads, 0, i == 0 ? 1 : 0);
        assert_shakes(&side);
        realm_side_release(&side);
    }
    /* The name of the service's host is the resolver's (resolver.h), if krb5.conf says to ask.
     */
    snprintf(text, sizeof text, "        kdc = 127.0.0.1:%u\n", realm_port());
    kdc_configure(text, "    dns_canonicalize_hostname = fallback\n");
    with_tickets(&side);
    assert_int_equal(first_leg(&side, &leg), SEC_I_CONTINUE_NEEDED);
    assert_shakes(&side);
    realm_side_release(&side);
    kdc_configure(text, "    dns_canonicalize_hostname = true\n");
    with_tickets(&side);
    realm_leg_begin(&leg, &side);
    assert_true(realm_legs_run(&leg, 1, PATIENCE));
    assert_int_equal(leg.status, SEC_I_CONTINUE_NEEDED);
    realm_side_release(&side);
}

/* Wrong would be: delegation that is forgotten; that costs a thread while the KDC is silent,
 * where libkrb5 would wait for it; or a ticket at hand that is of no use then. */
static void delegation_asks_whether_the_kdc_lives(void **state)
{
    realm_side acceptor = {.flags = 0};
    realm_side sides[2];
    realm_leg legs[2];

    (void)state;
    kdcs_are(TCP_FIRST, realm_port(), 0);
    for (int i = 0; i < 2; i++) {
        if (i == 0)
            with_tickets(&sides[i]);
        else
            initiator_init(&sides[i], &password);
        sides[i].flags |= ISC_REQ_DELEGATE;
        realm_leg_begin(&legs[i], &sides[i]);
        assert_true(realm_legs_run(&legs[i], 1, PATIENCE));
        assert_int_equal(legs[i].status, SEC_I_CONTINUE_NEEDED);
        assert_int_equal(legs[i].threads, 1);
        assert_int_equal(
            realm_side_acquire(&acceptor, "Kerberos", SECPKG_CRED_INBOUND, NULL, &keys),
            SEC_E_OK);
        assert_int_equal(realm_side_step(&acceptor, sides[i].token.data, sides[i].token.size),
                         SEC_E_OK);
        assert_true(acceptor.attributes & ASC_RET_DELEGATE);
        realm_side_release(&acceptor);
        realm_side_reset(&sides[i]);
    }
    kill(realm_kdc(), SIGSTOP);
    for (int i = 0; i < 2; i++)
        realm_leg_begin(&legs[i], &sides[i]);
    assert_false(realm_legs_run(legs, 2, 1500));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(legs[i].threads, 0);
        realm_leg_stop(&legs[i]);
    }
    kill(realm_kdc(), SIGCONT);
    /* Nobody is there: the ticket that is there is used, without delegation. */
    kdcs_are(TCP_FIRST, 1, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(first_leg(&sides[i], &legs[i]), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(
            realm_side_acquire(&acceptor, "Kerberos", SECPKG_CRED_INBOUND, NULL, &keys),
            SEC_E_OK);
        assert_int_equal(realm_side_step(&acceptor, sides[i].token.data, sides[i].token.size),
                         SEC_E_OK);
        assert_false(acceptor.attributes & ASC_RET_DELEGATE);
        realm_side_release(&acceptor);
        realm_side_release(&sides[i]);
    }
}

/* Wrong would be: a smart card, or whatever else holds the keys of PKINIT, that a thread waits
 * for which must not block; or a KDC that one waits for which may. */
static void keys_elsewhere_cost_a_thread_by_steps(void **state)
{
    realm_side side;
    realm_leg leg;
    unsigned threads;

    (void)state;
    kdcs_are(TCP_FIRST "    pkinit_identities = FILE:/nowhere\n", realm_port(), 0);
    initiator_init(&side, &password);
    kill(realm_kdc(), SIGSTOP);
    realm_leg_begin(&leg, &side);
    assert_int_equal(leg.status, SSPIA_WAITING);
    assert_int_equal(leg.wait.flags, SSPIA_WAIT_THREAD);
    while (leg.threads == 0)
        assert_false(realm_legs_run(&leg, 1, 10));
    assert_int_equal(leg.wait.flags, 0);
    assert_int_equal(leg.wait.fd_count, 1);
    threads = leg.threads;
    kill(realm_kdc(), SIGCONT);
    assert_true(realm_legs_run(&leg, 1, PATIENCE));
    assert_int_equal(leg.status, SEC_I_CONTINUE_NEEDED);
    assert_true(leg.threads > threads);
    assert_shakes(&side);
    realm_side_release(&side);
}

static char private_caches[256][64];
static unsigned private_count;

/* Takes the place of libkrb5's, for the module too, and remembers the names. */
SSPI_ASYNC_API krb5_error_code krb5_cc_new_unique(krb5_context context, const char *type,
                                                  const char *hint, krb5_ccache *cache)
{
    krb5_error_code (*real)(krb5_context, const char *, const char *, krb5_ccache *);
    void *symbol = dlsym(RTLD_NEXT, "krb5_cc_new_unique");
    krb5_error_code code;
    char *name = NULL;

    memcpy(&real, &symbol, sizeof real);
    code = real(context, type, hint, cache);
    if (code == 0 && krb5_cc_get_full_name(context, *cache, &name) == 0)
        snprintf(private_caches[private_count++ % 256], sizeof private_caches[0], "%s", name);
    krb5_free_string(context, name);
    return code;
}

/* Takes the tickets out of every private cache of this process that is left. */
static unsigned empty_private_caches(void)
{
    krb5_context context;
    unsigned count = 0;

    assert_int_equal(krb5_init_context(&context), 0);
    for (unsigned i = 0; i < private_count && i < 256; i++) {
        krb5_principal owner;
        krb5_ccache cache;

        assert_int_equal(krb5_cc_resolve(context, private_caches[i], &cache), 0);
        if (krb5_cc_get_principal(context, cache, &owner) == 0) {
            krb5_cc_initialize(context, cache, owner);
            krb5_free_principal(context, owner);
            krb5_cc_close(context, cache);
            count++;
        } else {
            krb5_cc_destroy(context, cache);
        }
    }
    krb5_free_context(context);
    return count;
}

/* Wrong would be: a leg that fails because the ticket went just before it was used. */
static void a_lost_ticket_is_got_again(void **state)
{
    realm_side side;
    realm_leg leg;

    (void)state;
    kdcs_are(TCP_FIRST, realm_port(), 0);
    with_tickets(&side);
    assert_int_equal(first_leg(&side, &leg), SEC_I_CONTINUE_NEEDED);
    realm_side_reset(&side);
    assert_true(empty_private_caches() > 0);
    assert_int_equal(first_leg(&side, &leg), SEC_I_CONTINUE_NEEDED);
    assert_shakes(&side);
    realm_side_release(&side);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_leg_waits_for_its_ticket),
        cmocka_unit_test_teardown(a_ticket_at_hand_needs_no_kdc, thaw),
        cmocka_unit_test(a_password_logs_on_without_a_thread),
        cmocka_unit_test_teardown(legs_share_a_flight, thaw),
        cmocka_unit_test_teardown(the_last_to_leave_closes, thaw),
        cmocka_unit_test(ill_kdcs_are_passed_over),
        cmocka_unit_test(a_kdc_that_refuses_is_told),
        cmocka_unit_test(a_kdc_dies_in_the_middle),
        cmocka_unit_test(the_second_kdc_is_asked_in_its_turn),
        cmocka_unit_test_teardown(the_kdc_may_name_the_realm, thaw),
        cmocka_unit_test(what_is_too_big_goes_by_tcp),
        cmocka_unit_test(a_refused_password_is_tried_at_the_primary),
        cmocka_unit_test(names_are_looked_up),
        cmocka_unit_test_teardown(delegation_asks_whether_the_kdc_lives, thaw),
        cmocka_unit_test_teardown(keys_elsewhere_cost_a_thread_by_steps, thaw),
        cmocka_unit_test(a_lost_ticket_is_got_again),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, read_realm, NULL);
}
