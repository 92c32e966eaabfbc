/* SPDX-License-Identifier: MIT */
/*
 * Row "other-realm": logons to a realm whose KDC answers, one by one, each with a ticket that
 * is still to be had; while 1,000 logons are outstanding at a KDC that does not, against the
 * same alone.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <sspi_queue.h>

#include "handshake.h"
#include "kdc.h"
#include "logon.h"
#include "measure.h"

#define ROW         "other-realm"
#define OUTSTANDING 1000
#define ROUNDS_MOST 16
#define THERE       200 /* logons to the other realm, a round */
#define PATIENCE_MS 60000

static struct logon *logons; /* to the realm that is silent */

static char other[512]; /* its folder */

__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
    char command[4096];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    if (system(command) != 0)
        measure_fail("%s", command);
}

static void stop_other_realm(void)
{
    run("'%s' stop '%s' >/dev/null", BENCH_REALM, other);
}

/* And a configuration that knows both. Before the library reads one. */
static void start_other_realm(void)
{
    const char *folder = handshake_value("REALM_DIR");
    char path[1024];

    snprintf(other, sizeof(other), "%s/other", folder);
    run("REALM_LIFETIME=700 REALM_NAME=OTHER.TEST '%s' start '%s'", BENCH_REALM, other);
    atexit(stop_other_realm);
    run("sed \"s/^\\[realms\\]/&\\\\n    OTHER.TEST = {\\\\n        kdc = 127.0.0.1:$(. "
        "'%s/env'; "
        "echo $KDC_PORT)\\\\n    }/\" \"$KRB5_CONFIG\" >'%s/both.conf'",
        other, folder);
    snprintf(path, sizeof(path), "%s/both.conf", folder);
    setenv("KRB5_CONFIG", path, 1);
}

static CredHandle fresh_credential(void)
{
    static char ccache[1024];
    static long number;
    static char bytes[65536];
    static size_t size;
    char path[1024];
    FILE *file;

    if (size == 0) {
        snprintf(path, sizeof(path), "%s/ccache", other);
        file = fopen(path, "rb");
        size = file != NULL ? fread(bytes, 1, sizeof(bytes), file) : 0;
        if (size == 0)
            measure_fail("%s cannot be read", path);
        fclose(file);
    }
    snprintf(ccache, sizeof(ccache), "FILE:%s/ccache.%ld", other, number++ % THERE);
    file = fopen(ccache + 5, "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        measure_fail("%s cannot be written", ccache);
    return logon_acquire(ccache);
}

/* The median and the 99th percentile, in us. */
static void log_on_there(double *p50, double *p99)
{
    static struct logon logon = {.target = "HTTP/localhost@OTHER.TEST"};
    double samples[THERE];

    logon.async = SspiCreateAsyncContext();
    for (int i = 0; i < THERE; i++) {
        CredHandle made = fresh_credential();
        const double from = measure_now();

        logon_submit(&logon, &made, 0);
        logon_expect(sspia_async_wait(logon.async, PATIENCE_MS), SEC_I_CONTINUE_NEEDED,
                     "a logon");
        samples[i] = (measure_now() - from) / 1e3;
        SspiReinitAsyncContext(logon.async);
        FreeContextBuffer(logon.token.pvBuffer);
        logon_expect(DeleteSecurityContext(&logon.context), SEC_E_OK, "delete");
        logon_expect(FreeCredentialsHandle(&made), SEC_E_OK, "free");
    }
    SspiFreeAsyncContext(logon.async);
    *p50 = measure_quantile(samples, THERE, 0.5);
    *p99 = measure_quantile(samples, THERE, 0.99);
}

static void log_on_there_meanwhile(double *p50, double *p99)
{
    logons_begin();
    kdc_freeze();
    for (int i = 0; i < OUTSTANDING; i++)
        logon_submit(&logons[i], NULL, 0);
    measure_sleep(200); /* until all are on their way */
    log_on_there(p50, p99);
    for (int i = 0; i < OUTSTANDING; i++)
        logon_expect(sspia_async_cancel(logons[i].async), SEC_E_OK, "cancel");
    logons_await(OUTSTANDING);
    logons_reinit(0, 1, OUTSTANDING, SEC_E_UNFINISHED_CONTEXT_DELETED);
    kdc_thaw();
}

static void print(const char *what, const double *ours, const double *theirs, int rounds)
{
    const struct comparison comparison = {
        .row = ROW, .case_ = what, .peer = "the same alone", .unit = "us"};

    measure_print(&comparison, ours, theirs, rounds);
}

int main(int argc, char **argv)
{
    static double ours50[ROUNDS_MOST], ours99[ROUNDS_MOST];
    static double theirs50[ROUNDS_MOST], theirs99[ROUNDS_MOST];
    int rounds;

    measure_options(argc, argv);
    if (!measure_wants(ROW))
        return 0;
    if (!handshake_possible(HANDSHAKE_KERBEROS))
        return 77;
    rounds = measure_rounds();
    kdc_open();
    start_other_realm();
    logons = logons_open(OUTSTANDING);
    for (int i = -1; i < rounds; i++) { /* the first does not count */
        const int at = i < 0 ? 0 : i;

        if (measure_ours_is_first(at))
            log_on_there_meanwhile(&ours50[at], &ours99[at]);
        log_on_there(&theirs50[at], &theirs99[at]);
        if (!measure_ours_is_first(at))
            log_on_there_meanwhile(&ours50[at], &ours99[at]);
    }
    print("p50", ours50, theirs50, rounds);
    print("p99", ours99, theirs99, rounds);
    logons_close();
    return 0;
}
