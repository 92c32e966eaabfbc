/* SPDX-License-Identifier: MIT */
/* Names looked up against a server of the DNS on loopback: found, not there, garbage, silence.
 */
#include "dns_server.h"
#include "gss/blocking.h"
#include "gss/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define NANOSECONDS INT64_C(1000000000)
#define REALM       "EXAMPLE.TEST"

/* One who asks: in place of a call of the core's. */
struct asker {
    gss_lookup *lookup;
    atomic_uint resumed;
    struct pollfd fds[GSS_LOOKUP_FDS];
    uint32_t count;
    int64_t until;
};

static dns_server *server;

static void resume(void *call)
{
    struct asker *asker = call;

    atomic_fetch_add(&asker->resumed, 1);
}

static const sspia_host host = {
    .abi = SSPIA_PACKAGE_ABI, .size = sizeof(sspia_host), .resume = resume};

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NANOSECONDS + time.tv_nsec;
}

static unsigned open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static int start(void **state)
{
    (void)state;
    gss_host = &host;
    server = dns_server_start();
    setenv("SSPI_ASYNC_DNS_SERVERS", dns_server_address(server), 1);
    setenv("RES_OPTIONS", "timeout:1 attempts:1", 1);
    gss_resolver_forget();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    dns_server_stop(server);
    return 0;
}

static void begin(struct asker *asker, gss_query query, unsigned flags, const char *name)
{
    memset(asker, 0, sizeof *asker);
    asker->lookup = gss_lookup_begin(query, flags, name);
    assert_non_null(asker->lookup);
}

static gss_lookup_state go(struct asker *asker)
{
    return gss_lookup_go(asker->lookup, asker, false, asker->fds, &asker->count, &asker->until);
}

/* Waits as the core would, for a leader. */
static void wait_once(struct asker *asker)
{
    int64_t left = asker->until - now();
    int patience = asker->until == INT64_MAX ? 30000 : left > 0 ? (int)(left / 1000000) + 1 : 0;

    assert_true(asker->count > 0 || asker->until != INT64_MAX);
    poll(asker->fds, asker->count, patience);
}

static const gss_answer *finish(struct asker *asker)
{
    while (go(asker) == GSS_LOOKUP_WAITS)
        wait_once(asker);
    return gss_lookup_answer(asker->lookup);
}

static const gss_answer *look_up(struct asker *asker, gss_query query, unsigned flags,
                                 const char *name)
{
    begin(asker, query, flags, name);
    return finish(asker);
}

static void assert_server(const gss_answer *answer, size_t place, gss_transport transport,
                          const char *name, uint16_t port)
{
    assert_true(place < answer->server_count);
    assert_string_equal(answer->servers[place].host, name);
    assert_int_equal(answer->servers[place].port, port);
    assert_int_equal(answer->servers[place].transport, transport);
}

/* Wrong: another KDC is tried first than by every other program of the machine. */
static void kdcs_are_found_by_uri_first(void **state)
{
    struct asker asker;
    const gss_answer *answer;

    (void)state;
    dns_server_srv(server, "_kerberos._udp." REALM, 60, 0, 88, "srv.example.test");
    dns_server_uri(server, "_kerberos." REALM, 60, 20, "krb5srv::udp:later.example.test");
    dns_server_uri(server, "_kerberos." REALM, 60, 10, "krb5srv:m:TCP:first.example.test:750");
    dns_server_uri(server, "_kerberos." REALM, 60, 10,
                   "krb5srv::kkdcp:https://proxy.example.test:8443/KdcProxy/x");
    dns_server_uri(server, "_kerberos." REALM, 60, 10, "krb5srv:q:udp:[2001:db8::1]:88");
    answer = look_up(&asker, GSS_QUERY_KDCS, 0, REALM);
    assert_int_equal(answer->found, GSS_FOUND);
    assert_int_equal(answer->server_count, 4);
    assert_server(answer, 0, GSS_TCP, "first.example.test", 750);
    assert_true(answer->servers[0].primary);
    assert_server(answer, 1, GSS_HTTPS, "proxy.example.test", 8443);
    assert_string_equal(answer->servers[1].path, "KdcProxy/x");
    assert_server(answer, 2, GSS_UDP, "2001:db8::1", 88);
    assert_server(answer, 3, GSS_UDP, "later.example.test", 88);
    assert_false(answer->servers[3].primary);
    gss_lookup_end(asker.lookup);
}

static void add_srv(void)
{
    dns_server_srv(server, "_kerberos._udp." REALM, 60, 20, 88, "b.example.test");
    dns_server_srv(server, "_kerberos._udp." REALM, 60, 10, 89, "a.example.test");
    dns_server_srv(server, "_kerberos._udp." REALM, 60, 20, 90, "c.example.test");
    dns_server_srv(server, "_kerberos._tcp." REALM, 60, 5, 91, "d.example.test");
    dns_server_srv(server, "_kerberos-master._udp." REALM, 60, 5, 92, "p.example.test");
}

static void assert_srv(const gss_answer *answer)
{
    assert_int_equal(answer->found, GSS_FOUND);
    assert_int_equal(answer->server_count, 4);
    assert_server(answer, 0, GSS_UDP, "a.example.test.", 89);
    assert_server(answer, 1, GSS_UDP, "b.example.test.", 88);
    assert_server(answer, 2, GSS_UDP, "c.example.test.", 90);
    assert_server(answer, 3, GSS_TCP, "d.example.test.", 91);
}

/* Wrong: a realm without records of the new type has no KDC. */
static void without_uris_srv_counts(void **state)
{
    struct asker asker;

    (void)state;
    add_srv();
    assert_srv(look_up(&asker, GSS_QUERY_KDCS, 0, REALM));
    gss_lookup_end(asker.lookup);
    dns_server_uri(server, "_kerberos." REALM, 60, 10, "krb5srv::udp:uri.example.test");
    assert_srv(look_up(&asker, GSS_QUERY_KDCS, GSS_LOOKUP_NO_URI, REALM));
    gss_lookup_end(asker.lookup);
}

/* Wrong: a refused password is asked again of the very KDC that refused it. */
static void primary_kdcs_are_told_apart(void **state)
{
    struct asker asker;
    const gss_answer *answer;

    (void)state;
    add_srv();
    dns_server_uri(server, "_kerberos." REALM, 60, 10, "krb5srv::udp:uri.example.test");
    answer = look_up(&asker, GSS_QUERY_PRIMARY_KDCS, 0, REALM);
    assert_int_equal(answer->server_count, 1);
    assert_server(answer, 0, GSS_UDP, "p.example.test.", 92);
    gss_lookup_end(asker.lookup);
    gss_resolver_forget();
    dns_server_uri(server, "_kerberos." REALM, 60, 10, "krb5srv:M:udp:m.example.test");
    answer = look_up(&asker, GSS_QUERY_PRIMARY_KDCS, 0, REALM);
    assert_int_equal(answer->server_count, 1);
    assert_server(answer, 0, GSS_UDP, "m.example.test", 88);
    gss_lookup_end(asker.lookup);
}

/* Wrong: a record that a stranger wrote breaks the others, or us. */
static void senseless_records_are_left_out(void **state)
{
    static const char *const texts[] = {
#if ARES_VERSION < 0x011600 /* later ones take no reply with such a record (RFC 7553 4.4) */
        "",
#endif
        "k",
        "krb5srv",
        "krb5srv:",
        "krb5srv:m",
        "krb5srv:m:",
        "krb5srv:m:udp",
        "krb5srv:m:udp:",
        "krb5srv:m:sctp:host.example.test",
        "krb5srv:m:kkdcp:http://host.example.test/",
        "krb5srv:m:kkdcp:https:///path",
        "krb5srv::udp:host.example.test:0",
        "krb5srv::udp:host.example.test:65536",
        "krb5srv::udp:host.example.test:88x",
        "krb5srv::udp:[2001:db8::1",
        "krb5srv::udp:[2001:db8::1]x",
        "krb5srv::udp::88",
        "http://host.example.test/",
    };
    struct asker asker;
    const gss_answer *answer;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        dns_server_uri(server, "_kerberos." REALM, 60, 1, texts[i]);
    dns_server_uri(server, "_kerberos." REALM, 60, 2, "krb5srv::udp:good.example.test");
    answer = look_up(&asker, GSS_QUERY_KDCS, 0, REALM);
    assert_int_equal(answer->server_count, 1);
    assert_server(answer, 0, GSS_UDP, "good.example.test", 88);
    gss_lookup_end(asker.lookup);

    dns_server_srv(server, "_kerberos._udp.NONE.TEST", 60, 0, 0, "");
    answer = look_up(&asker, GSS_QUERY_KDCS, 0, "NONE.TEST");
    assert_int_equal(answer->found, GSS_FOUND_NONE);
    gss_lookup_end(asker.lookup);
}

static bool has_address(const gss_answer *answer, int family, const char *text)
{
    char found[INET6_ADDRSTRLEN];

    for (size_t i = 0; i < answer->address_count; i++) {
        const struct sockaddr_storage *one = &answer->addresses[i].address;
        const void *bytes = family == AF_INET
                                ? (const void *)&((const struct sockaddr_in *)one)->sin_addr
                                : (const void *)&((const struct sockaddr_in6 *)one)->sin6_addr;

        if (one->ss_family == family &&
            strcmp(inet_ntop(family, bytes, found, sizeof found), text) == 0)
            return true;
    }
    return false;
}

/* Wrong: a KDC with an address of one family alone cannot be reached. */
static void hosts_have_addresses_of_both_families(void **state)
{
    struct asker asker;
    const gss_answer *answer;

    (void)state;
    dns_server_a(server, "both.example.test", 60, "192.0.2.7");
    dns_server_aaaa(server, "both.example.test", 60, "2001:db8::7");
    answer = look_up(&asker, GSS_QUERY_ADDRESSES, 0, "both.example.test.");
    assert_int_equal(answer->found, GSS_FOUND);
    assert_int_equal(answer->address_count, 2);
    assert_true(has_address(answer, AF_INET, "192.0.2.7"));
    assert_true(has_address(answer, AF_INET6, "2001:db8::7"));
    gss_lookup_end(asker.lookup);
}

/* Wrong: addresses wait for a DNS that is silent. */
static void numbers_ask_nobody(void **state)
{
    struct asker asker;

    (void)state;
    dns_server_set_mood(server, DNS_SILENT);
    begin(&asker, GSS_QUERY_ADDRESSES, 0, "192.0.2.9");
    assert_int_equal(go(&asker), GSS_LOOKUP_DONE);
    assert_true(has_address(gss_lookup_answer(asker.lookup), AF_INET, "192.0.2.9"));
    gss_lookup_end(asker.lookup);
    begin(&asker, GSS_QUERY_ADDRESSES, 0, "2001:db8::9");
    assert_int_equal(go(&asker), GSS_LOOKUP_DONE);
    assert_true(has_address(gss_lookup_answer(asker.lookup), AF_INET6, "2001:db8::9"));
    gss_lookup_end(asker.lookup);
    assert_int_equal(dns_server_asked(server, NULL), 0);
}

static void add_aliases(void)
{
    dns_server_cname(server, "www.example.test", 60, "web.example.test");
    dns_server_cname(server, "web.example.test", 60, "Host1.example.test");
    dns_server_a(server, "Host1.example.test", 60, "192.0.2.1");
    dns_server_ptr(server, "1.2.0.192.in-addr.arpa", 60, "reverse.example.test");
    dns_server_a(server, "lonely.example.test", 60, "192.0.2.2");
}

static void assert_canonical(unsigned flags, const char *name, const char *expected)
{
    struct asker asker;
    const gss_answer *answer = look_up(&asker, GSS_QUERY_CANONICAL, flags, name);

    assert_int_equal(answer->found, GSS_FOUND);
    assert_string_equal(answer->name, expected);
    gss_lookup_end(asker.lookup);
}

/* Wrong: tickets are asked for under another name than by libkrb5. */
static void canonical_names_follow_aliases(void **state)
{
    (void)state;
    add_aliases();
    assert_canonical(0, "www.example.test", "Host1.example.test");
    assert_canonical(0, "lonely.example.test", "lonely.example.test");
    assert_canonical(GSS_LOOKUP_REVERSE, "www.example.test", "reverse.example.test");
    assert_canonical(GSS_LOOKUP_REVERSE, "lonely.example.test", "lonely.example.test");
    assert_canonical(GSS_LOOKUP_REVERSE, "192.0.2.1", "reverse.example.test");
}

/* Wrong: what the DNS denies is taken for a failure of the DNS, or the other way round. */
static void nothing_is_not_a_failure(void **state)
{
    static const gss_query queries[] = {GSS_QUERY_KDCS, GSS_QUERY_PRIMARY_KDCS,
                                        GSS_QUERY_ADDRESSES, GSS_QUERY_CANONICAL};
    static const dns_mood failures[] = {DNS_FAILS, DNS_MUMBLES, DNS_SILENT};
    struct asker asker;

    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        dns_server_set_mood(server, DNS_ANSWERS);
        assert_int_equal(look_up(&asker, queries[i], 0, "nobody.example.test.")->found,
                         GSS_FOUND_NONE);
        gss_lookup_end(asker.lookup);
        for (size_t k = 0; k < sizeof failures / sizeof *failures; k++) {
            gss_resolver_forget();
            dns_server_set_mood(server, failures[k]);
            assert_int_equal(look_up(&asker, queries[i], 0, "nobody.example.test.")->found,
                             GSS_FOUND_REFUSED);
            gss_lookup_end(asker.lookup);
        }
    }
}

/* Wrong: half a message is read beyond its end, or taken for a whole one. */
static void half_an_answer_is_none(void **state)
{
    struct asker asker;

    (void)state;
    add_srv();
    dns_server_set_mood(server, DNS_BREAKS_OFF);
    assert_int_equal(
        look_up(&asker, GSS_QUERY_PRIMARY_KDCS, GSS_LOOKUP_NO_URI, REALM)->server_count, 0);
    assert_int_equal(gss_lookup_answer(asker.lookup)->found, GSS_FOUND_REFUSED);
    gss_lookup_end(asker.lookup);
}

/* Wrong: a realm with many KDCs has none. */
static void long_answers_come_by_tcp(void **state)
{
    struct asker asker;

    (void)state;
    add_srv();
    dns_server_set_mood(server, DNS_TRUNCATES);
    assert_srv(look_up(&asker, GSS_QUERY_KDCS, 0, REALM));
    assert_int_equal(dns_server_asked_by_tcp(server), 3);
    gss_lookup_end(asker.lookup);
}

/* Wrong: calls that want the same thing ask for it each, or are not told when it is there. */
static void look_ups_are_shared(void **state)
{
    enum { ASKERS = 1000 };
    struct asker *askers = calloc(ASKERS, sizeof *askers);

    (void)state;
    assert_non_null(askers);
    dns_server_a(server, "shared.example.test", 60, "192.0.2.3");
    for (int i = 0; i < ASKERS; i++) {
        begin(&askers[i], GSS_QUERY_ADDRESSES, 0,
              i % 2 ? "shared.example.test" : "SHARED.example.TEST");
        assert_int_equal(go(&askers[i]), GSS_LOOKUP_WAITS);
        assert_int_equal(askers[i].count > 0, i == 0);
    }
    finish(&askers[0]);
    for (int i = 0; i < ASKERS; i++) {
        assert_int_equal(atomic_load(&askers[i].resumed), i == 0 ? 0 : 1);
        assert_int_equal(go(&askers[i]), GSS_LOOKUP_DONE);
        assert_true(has_address(gss_lookup_answer(askers[i].lookup), AF_INET, "192.0.2.3"));
        gss_lookup_end(askers[i].lookup);
    }
    assert_int_equal(dns_server_asked(server, "shared.example.test"), 2); /* A and AAAA */
    free(askers);
}

/* Wrong: who gives up takes everybody's look-up along, or leaves it to nobody. */
static void leader_that_leaves_names_another(void **state)
{
    struct asker askers[4];

    (void)state;
    dns_server_a(server, "left.example.test", 60, "192.0.2.4");
    dns_server_set_mood(server, DNS_SILENT);
    for (int i = 0; i < 4; i++) {
        begin(&askers[i], GSS_QUERY_ADDRESSES, 0, "left.example.test");
        assert_int_equal(go(&askers[i]), GSS_LOOKUP_WAITS);
    }
    gss_lookup_end(askers[2].lookup); /* one that waits */
    gss_lookup_end(askers[0].lookup); /* the leader */
    assert_int_equal(atomic_load(&askers[1].resumed), 1);
    gss_lookup_end(askers[1].lookup); /* the new one, before it has come back */
    assert_int_equal(atomic_load(&askers[3].resumed), 1);
    dns_server_set_mood(server, DNS_ANSWERS);
    /* The queries are on their way already; their repetition is answered, or nothing is. */
    finish(&askers[3]);
    gss_lookup_end(askers[3].lookup);
}

/* Wrong: descriptors stay open for an answer that nobody waits for. */
static void last_to_leave_closes(void **state)
{
    unsigned before = open_descriptors();
    struct asker askers[3];

    (void)state;
    dns_server_set_mood(server, DNS_SILENT);
    for (int i = 0; i < 3; i++) {
        begin(&askers[i], GSS_QUERY_KDCS, 0, REALM);
        if (i < 2)
            assert_int_equal(go(&askers[i]), GSS_LOOKUP_WAITS);
    }
    assert_true(open_descriptors() > before);
    for (int i = 0; i < 3; i++)
        gss_lookup_end(askers[i].lookup);
    assert_int_equal(open_descriptors(), before);
    /* Nothing is left that a later call would join. */
    dns_server_set_mood(server, DNS_ANSWERS);
    add_srv();
    assert_srv(look_up(&askers[0], GSS_QUERY_KDCS, 0, REALM));
    gss_lookup_end(askers[0].lookup);
}

/* Wrong: each logon asks the DNS, or none ever again. */
static void answers_are_kept_for_their_time(void **state)
{
    struct asker asker;
    unsigned asked;
    const struct timespec pause = {.tv_nsec = 50000000};

    (void)state;
    dns_server_a(server, "long.example.test", 600, "192.0.2.5");
    dns_server_a(server, "short.example.test", 1, "192.0.2.6");
    for (int i = 0; i < 10; i++) {
        look_up(&asker, GSS_QUERY_ADDRESSES, 0, "long.example.test");
        gss_lookup_end(asker.lookup);
        look_up(&asker, GSS_QUERY_ADDRESSES, 0, "nobody.example.test.");
        gss_lookup_end(asker.lookup);
    }
    assert_int_equal(dns_server_asked(server, "long.example.test"), 2);
    assert_int_equal(dns_server_asked(server, "nobody.example.test"), 2);
    asked = dns_server_asked(server, "short.example.test");
    while (dns_server_asked(server, "short.example.test") <= asked + 2) {
        look_up(&asker, GSS_QUERY_ADDRESSES, 0, "short.example.test");
        gss_lookup_end(asker.lookup);
        nanosleep(&pause, NULL);
    }
}

/* Comes and goes: as leader, as one of many, giving up half of the time. */
static void *come_and_go(void *data)
{
    unsigned random = (unsigned)(uintptr_t)data;
    struct asker asker;
    char name[64];

    for (int round = 0; round < 400; round++) {
        bool gives_up;

        random = random * 1103515245u + 12345u;
        gives_up = (random >> 16) % 2 == 0;
        snprintf(name, sizeof name, "host%u.example.test", (random >> 20) % 3);
        memset(&asker, 0, sizeof asker);
        asker.lookup = gss_lookup_begin(GSS_QUERY_ADDRESSES, 0, name);
        while (asker.lookup != NULL && go(&asker) == GSS_LOOKUP_WAITS) {
            if (gives_up)
                break;
            if (asker.count > 0)
                poll(asker.fds, asker.count, 20);
            else
                while (atomic_exchange(&asker.resumed, 0) == 0)
                    sched_yield();
        }
        gss_lookup_end(asker.lookup);
        if ((random >> 24) % 16 == 0)
            gss_resolver_forget();
    }
    return NULL;
}

/* Wrong: a race; somebody who waits is forgotten. */
static void any_number_of_threads(void **state)
{
    pthread_t threads[6];

    (void)state;
    for (int i = 0; i < 3; i++) {
        char name[64];

        snprintf(name, sizeof name, "host%d.example.test", i);
        dns_server_a(server, name, i == 0 ? 0 : 60, "192.0.2.8");
    }
    for (uintptr_t i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, (void *)(i + 1)), 0);
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
}

/* Wrong: a child waits for a look-up whose leader is in the parent. */
static void child_looks_up_for_itself(void **state)
{
    struct asker asker;
    struct asker child;
    pid_t pid;
    int status = 0;

    (void)state;
    dns_server_a(server, "forked.example.test", 60, "192.0.2.10");
    begin(&asker, GSS_QUERY_ADDRESSES, 0, "forked.example.test");
    assert_int_equal(go(&asker), GSS_LOOKUP_WAITS);
    pid = fork();
    if (pid == 0) {
        alarm(60);
        finish(&asker); /* what the parent began, ended as the core would: nobody else has it */
        look_up(&child, GSS_QUERY_ADDRESSES, 0, "forked.example.test");
        _exit(gss_lookup_answer(child.lookup)->found == GSS_FOUND ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    gss_lookup_end(asker.lookup);
}

/* Wrong: without c-ares a realm has other KDCs. */
static void c_library_finds_the_same(void **state)
{
    gss_answer *answer = gss_answer_create();

    (void)state;
    add_srv();
    gss_blocking_ask(GSS_QUERY_KDCS, 0, REALM, answer);
    assert_srv(answer);
    gss_answer_free(answer);

    answer = gss_answer_create();
    gss_blocking_ask(GSS_QUERY_KDCS, 0, "NOBODY.TEST", answer);
    assert_int_equal(answer->found, GSS_FOUND_NONE);
    gss_answer_free(answer);

    answer = gss_answer_create();
    gss_blocking_ask(GSS_QUERY_CANONICAL, GSS_LOOKUP_REVERSE, "127.0.0.1", answer);
    assert_int_equal(answer->found, GSS_FOUND);
    assert_non_null(answer->name);
    assert_true(has_address(answer, AF_INET, "127.0.0.1"));
    gss_answer_free(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kdcs_are_found_by_uri_first, start, stop),
        cmocka_unit_test_setup_teardown(without_uris_srv_counts, start, stop),
        cmocka_unit_test_setup_teardown(primary_kdcs_are_told_apart, start, stop),
        cmocka_unit_test_setup_teardown(senseless_records_are_left_out, start, stop),
        cmocka_unit_test_setup_teardown(hosts_have_addresses_of_both_families, start, stop),
        cmocka_unit_test_setup_teardown(numbers_ask_nobody, start, stop),
        cmocka_unit_test_setup_teardown(canonical_names_follow_aliases, start, stop),
        cmocka_unit_test_setup_teardown(nothing_is_not_a_failure, start, stop),
        cmocka_unit_test_setup_teardown(half_an_answer_is_none, start, stop),
        cmocka_unit_test_setup_teardown(long_answers_come_by_tcp, start, stop),
        cmocka_unit_test_setup_teardown(look_ups_are_shared, start, stop),
        cmocka_unit_test_setup_teardown(leader_that_leaves_names_another, start, stop),
        cmocka_unit_test_setup_teardown(last_to_leave_closes, start, stop),
        cmocka_unit_test_setup_teardown(answers_are_kept_for_their_time, start, stop),
        cmocka_unit_test_setup_teardown(any_number_of_threads, start, stop),
        cmocka_unit_test_setup_teardown(child_looks_up_for_itself, start, stop),
        cmocka_unit_test_setup_teardown(c_library_finds_the_same, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
