/* SPDX-License-Identifier: MIT */
/*
 * Canonical names of targets, where the core can wait: found by our own look-ups, never by the
 * C library inside a leg. This program defines the functions by which libkrb5 would ask, so all
 * of its questions come here, and are counted.
 */
#include "dns_server.h"
#include "gss/canonical.h"
#include "gss/kerberos.h"
#include "gss/mech.h"
#include "gss/resolver.h"
#include "realm_host.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static dns_server *server;
static atomic_uint questions;
static const char *configuration; /* the realm's */

#define EXPORTED __attribute__((visibility("default")))

/* ---- In place of the C library's: it does not know anybody, and counts who asks ---- */

EXPORTED int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                         struct addrinfo **found)
{
    typedef int (*function)(const char *, const char *, const struct addrinfo *,
                            struct addrinfo **);
    unsigned char bytes[16];

    /* To read a number is no question: krb5.conf names the KDC so. */
    if (inet_pton(AF_INET, name, bytes) == 1)
        return ((function)dlsym(RTLD_NEXT, "getaddrinfo"))(name, service, hints, found);
    atomic_fetch_add(&questions, 1);
    return EAI_AGAIN;
}

EXPORTED int getnameinfo(const struct sockaddr *address, socklen_t size, char *host,
                         socklen_t host_size, char *service, socklen_t service_size, int flags)
{
    (void)address;
    (void)size;
    (void)host;
    (void)host_size;
    (void)service;
    (void)service_size;
    (void)flags;
    atomic_fetch_add(&questions, 1);
    return EAI_AGAIN;
}

/* ---- A host that waits ---- */

static void *allocate(size_t size)
{
    return malloc(size);
}

static void report_line(sspia_report *report, const char *what, const char *why)
{
    snprintf(report->text, sizeof report->text, "%s: %s", what, why != NULL ? why : "");
}

static void resume(void *call)
{
    (void)call; /* one call at a time: nobody shares */
}

static const sspia_host host = {.abi = SSPIA_PACKAGE_ABI,
                                .size = sizeof(sspia_host),
                                .allocate = allocate,
                                .free = free,
                                .report = report_line,
                                .resume = resume};

struct leg {
    void *credential;
    void *context;
    sspia_wait wait;
    sspia_report report;
    unsigned waits;
};

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static SECURITY_STATUS call(struct leg *leg, const char *target, bool may_wait)
{
    sspia_step step = {.size = sizeof step,
                       .credential = leg->credential,
                       .target = target,
                       .requested = ISC_REQ_CONNECTION,
                       .data_rep = SECURITY_NATIVE_DREP,
                       .wait = may_wait ? &leg->wait : NULL};
    sspia_step_result result = {.size = sizeof result};
    SECURITY_STATUS status =
        gss_kerberos_package.initialize(&leg->context, &step, &result, &leg->report);

    free(result.token.data);
    return status;
}

static void acquire(struct leg *leg)
{
    sspia_identity identity = {.credential_cache = realm_host_env("CCACHE")};
    int64_t expiry;

    memset(leg, 0, sizeof *leg);
    leg->wait.size = sizeof leg->wait;
    leg->wait.call = leg;
    assert_int_equal(gss_kerberos_package.acquire(NULL, SECPKG_CRED_OUTBOUND, &identity,
                                                  &leg->credential, &expiry, &leg->report),
                     SEC_E_OK);
}

static void release(struct leg *leg)
{
    if (leg->context != NULL)
        gss_kerberos_package.delete_context(leg->context);
    gss_kerberos_package.release(leg->credential);
}

/* A whole first leg. */
static SECURITY_STATUS first_leg(struct leg *leg, const char *target, bool may_wait)
{
    SECURITY_STATUS status;

    acquire(leg);
    while ((status = call(leg, target, may_wait)) == SSPIA_WAITING) {
        int64_t left = leg->wait.until - now();

        leg->waits++;
        if (!(leg->wait.flags & SSPIA_WAIT_THREAD))
            poll(leg->wait.fds, leg->wait.fd_count,
                 leg->wait.until == INT64_MAX ? 30000
                 : left > 0                   ? (int)(left / 1000000) + 1
                                              : 0);
        leg->wait.until = INT64_MAX;
    }
    return status;
}

/* ---- The realm, with other rules for names ---- */

static void set_rules(const char *canonicalize, const char *reverse)
{
    char path[512];
    char list[1024];
    FILE *file;

    snprintf(path, sizeof path, "%s/names.conf", realm_host_env("REALM_DIR"));
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "[libdefaults]\ndns_canonicalize_hostname = %s\nrdns = %s\n"
            "[domain_realm]\n.example.test = %s\n",
            canonicalize, reverse, realm_host_env("REALM"));
    fclose(file);
    snprintf(list, sizeof list, "%s:%s", path, configuration);
    setenv("KRB5_CONFIG", list, 1);
}

static int start(void **state)
{
    (void)state;
    server = dns_server_start();
    setenv("SSPI_ASYNC_DNS_SERVERS", dns_server_address(server), 1);
    setenv("RES_OPTIONS", "timeout:1 attempts:1", 1);
    gss_resolver_forget();
    dns_server_cname(server, "www.example.test", 60, "Web.example.test");
    dns_server_a(server, "Web.example.test", 60, "192.0.2.1");
    dns_server_ptr(server, "1.2.0.192.in-addr.arpa", 60, "LOCALHOST");
    dns_server_cname(server, "straight.example.test", 60, "localhost");
    dns_server_a(server, "localhost", 60, "192.0.2.2");
    atomic_store(&questions, 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    dns_server_stop(server);
    return 0;
}

/* Wrong: a DNS that is silent holds a thread of the library. */
static void waiting_leg_asks_no_dns(void **state)
{
    struct leg leg;

    (void)state;
    set_rules("true", "true");
    assert_int_equal(first_leg(&leg, "HTTP/www.example.test", true), SEC_E_OK);
    assert_true(leg.waits > 0);
    release(&leg);
    set_rules("true", "false");
    assert_int_equal(first_leg(&leg, "HTTP@straight.example.test", true), SEC_E_OK);
    release(&leg);
    assert_int_equal(atomic_load(&questions), 0);
    assert_true(dns_server_asked(server, "www.example.test") > 0);
}

/* Wrong: the test above would not see a question. */
static void leg_that_must_not_wait_leaves_it_to_libkrb5(void **state)
{
    struct leg leg;

    (void)state;
    set_rules("true", "true");
    assert_int_equal(first_leg(&leg, "HTTP/www.example.test", false), SEC_E_TARGET_UNKNOWN);
    release(&leg);
    assert_true(atomic_load(&questions) > 0);
    assert_int_equal(dns_server_asked(server, NULL), 0);
}

/* Wrong: names are made canonical that krb5.conf wants as they are. */
static void names_are_left_alone_where_krb5_conf_says_so(void **state)
{
    struct leg leg;

    (void)state;
    set_rules("false", "true");
    assert_int_equal(first_leg(&leg, "HTTP/localhost", true), SEC_E_OK);
    release(&leg);
    assert_int_equal(first_leg(&leg, "HTTP/www.example.test", true), SEC_E_TARGET_UNKNOWN);
    release(&leg);
    assert_int_equal(atomic_load(&questions), 0);
    assert_int_equal(dns_server_asked(server, NULL), 0);
}

/* Wrong: with "fallback" the DNS is asked about names that the KDC knows, or the name that only
 * the DNS leads to is not found. */
static void dns_is_asked_if_the_kdc_does_not_know_the_name(void **state)
{
    struct leg leg;

    (void)state;
    set_rules("fallback", "true");
    assert_int_equal(first_leg(&leg, "HTTP/localhost", true), SEC_E_OK);
    release(&leg);
    assert_int_equal(dns_server_asked(server, NULL), 0);
    assert_int_equal(first_leg(&leg, "HTTP/www.example.test", true), SEC_E_OK);
    release(&leg);
    assert_true(dns_server_asked(server, "www.example.test") > 0);
    assert_int_equal(first_leg(&leg, "HTTP/nobody.example.test", true), SEC_E_TARGET_UNKNOWN);
    assert_non_null(strstr(leg.report.text, "not found"));
    release(&leg);
    assert_int_equal(atomic_load(&questions), 0);
}

/* Wrong: where the DNS is of no help, the target has no name at all. */
static void host_keeps_its_name_if_the_dns_is_silent(void **state)
{
    gss_canonical *work = NULL;
    sspia_wait wait = {.size = sizeof wait, .until = INT64_MAX};
    sspia_report report;
    char *principal = NULL;

    (void)state;
    set_rules("true", "true");
    dns_server_set_mood(server, DNS_SILENT);
    while (gss_canonical_name(&work, "MSSQLSvc/Www.example.test.:1433", GSS_CANDIDATE_FIRST,
                              &wait, &principal, &report) == SSPIA_WAITING)
        poll(wait.fds, wait.fd_count, 100);
    assert_string_equal(principal, "MSSQLSvc/www.example.test:1433@SSPI.TEST");
    free(principal);
    /* What is no service on a host has no canonical name. */
    assert_int_equal(gss_canonical_name(&work, "HTTP/www.example.test@SSPI.TEST",
                                        GSS_CANDIDATE_FIRST, &wait, &principal, &report),
                     SEC_E_OK);
    assert_null(principal);
    assert_int_equal(gss_canonical_name(&work, "alice@SSPI.TEST", GSS_CANDIDATE_FIRST, &wait,
                                        &principal, &report),
                     SEC_E_OK);
    assert_null(principal);
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

/* Wrong: a cancelled logon goes on asking. */
static void stop_closes_the_look_up(void **state)
{
    unsigned before = open_descriptors();
    struct leg leg;

    (void)state;
    set_rules("true", "true");
    dns_server_set_mood(server, DNS_SILENT);
    acquire(&leg);
    assert_int_equal(call(&leg, "HTTP/www.example.test", true), SSPIA_WAITING);
    assert_true(open_descriptors() > before);
    leg.wait.stop(leg.wait.data);
    assert_int_equal(open_descriptors(), before);
    release(&leg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(waiting_leg_asks_no_dns, start, stop),
        cmocka_unit_test_setup_teardown(leg_that_must_not_wait_leaves_it_to_libkrb5, start,
                                        stop),
        cmocka_unit_test_setup_teardown(names_are_left_alone_where_krb5_conf_says_so, start,
                                        stop),
        cmocka_unit_test_setup_teardown(dns_is_asked_if_the_kdc_does_not_know_the_name, start,
                                        stop),
        cmocka_unit_test_setup_teardown(host_keeps_its_name_if_the_dns_is_silent, start, stop),
        cmocka_unit_test_setup_teardown(stop_closes_the_look_up, start, stop),
    };

    configuration = getenv("KRB5_CONFIG");
    if (configuration == NULL || getenv("REALM") == NULL)
        return 77;
    configuration = strdup(configuration);
    gss_host = &host;
    gss_mech_probe();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
