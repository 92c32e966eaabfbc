/* SPDX-License-Identifier: MIT */
/*
 * Row "crowd": 10,000 Kerberos logons to as many services, each with a deadline, while the KDC
 * takes connections and answers nothing.
 *
 *   left      logons that have not ended a second after their deadline
 *   files     open at once beyond the library's share of them: a quarter of RLIMIT_NOFILE
 *   late      of the worst of them: from its deadline to its callback
 *
 * Row "other-realm": logons to a realm whose KDC answers, one by one, each with a ticket that
 * is still to be had; while 1,000 logons are outstanding at the KDC that does not, against the
 * same alone.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sspi.h>
#include <sspi_queue.h>

#include "handshake.h"
#include "kdc.h"
#include "measure.h"

#define LOGONS      10000
#define OUTSTANDING 1000
#define DEADLINE_MS 3000
#define GRACE_MS    1000
#define ROUNDS_MOST 16
#define THERE       200 /* logons to the other realm, a round */
#define PATIENCE_MS 60000
#define ISC         (ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_ALLOCATE_MEMORY)

struct logon {
    SspiAsyncContext *async;
    CtxtHandle context;
    SecBuffer token;
    SecBufferDesc tokens;
    char target[48];
    double ended; /* measure_now() of its callback */
};

static struct logon logons[LOGONS];
static CredHandle credential;
static sspia_queue *queue;
static long told;

static void expect(SECURITY_STATUS status, SECURITY_STATUS expected, const char *what)
{
    char message[512] = "";

    if (status == expected)
        return;
    sspia_last_message(message, sizeof(message));
    measure_fail("%s: %s (%s)", what, sspia_status_name(status), message);
}

static long open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    long count = -3; /* ".", ".." and its own */

    if (folder == NULL)
        measure_fail("/proc/self/fd cannot be read");
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

/* As the library counts (places.c). */
static long share_of_files(void)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur / 4 > 64 ? (long)(files.rlim_cur / 4) : 64;
}

static void acquire(CredHandle *made, const char *ccache)
{
    sspia_auth_identity alice = {.version = SSPIA_AUTH_IDENTITY_VERSION,
                                 .size = sizeof(alice),
                                 .credential_cache = ccache};

    expect(AcquireCredentialsHandleA(NULL, (char[]){"Kerberos"}, SECPKG_CRED_OUTBOUND, NULL,
                                     &alice, NULL, NULL, made, NULL),
           SEC_E_OK, "acquire");
}

static void on_end(SspiAsyncContext *async, void *data)
{
    struct logon *logon = data;

    (void)async;
    logon->ended = measure_now();
    told++;
}

static void open_logons(void)
{
    acquire(&credential, handshake_value("CCACHE"));
    queue = sspia_queue_create();
    for (int i = 0; i < LOGONS; i++) {
        struct logon *logon = &logons[i];

        logon->async = SspiCreateAsyncContext();
        snprintf(logon->target, sizeof(logon->target), "HTTP/host%d.localhost", i);
        expect(sspia_async_set_queue(logon->async, queue), SEC_E_OK, "queue");
        expect(SspiSetAsyncNotifyCallback(logon->async, on_end, logon), SEC_E_OK, "callback");
    }
}

static void close_logons(void)
{
    for (int i = 0; i < LOGONS; i++)
        SspiFreeAsyncContext(logons[i].async);
    sspia_queue_free(queue);
    expect(FreeCredentialsHandle(&credential), SEC_E_OK, "free");
}

static void submit(struct logon *logon, const CredHandle *with)
{
    CredHandle copy = *with;

    logon->token = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    logon->tokens = (SecBufferDesc){SECBUFFER_VERSION, 1, &logon->token};
    expect(SspiInitializeSecurityContextAsyncA(logon->async, &copy, NULL, logon->target, ISC, 0,
                                               SECURITY_NATIVE_DREP, NULL, 0, &logon->context,
                                               &logon->tokens, NULL, NULL),
           SEC_E_OK, "submit");
}

static void reinit(long count, SECURITY_STATUS expected)
{
    for (long i = 0; i < count; i++) {
        expect(SspiGetAsyncCallStatus(logons[i].async), expected, "a logon");
        SspiReinitAsyncContext(logons[i].async);
    }
}

static void print(const char *row, const char *what, const char *unit, const char *peer,
                  const double *ours, const double *theirs, int rounds)
{
    const struct comparison comparison = {
        .row = row, .case_ = what, .peer = peer, .unit = unit};

    measure_print(&comparison, ours, theirs, rounds);
}

/* ---- The crowd -------------------------------------------------------------------------- */

struct figures {
    double left, files, late_ms, cpu_us;
};

static struct figures one_crowd(void)
{
    const long before = open_files();
    struct figures figures = {.late_ms = 0};
    double cpu = measure_cpu(), at;

    told = 0;
    kdc_freeze();
    at = measure_now() + DEADLINE_MS * 1e6;
    for (int i = 0; i < LOGONS; i++) {
        expect(sspia_async_set_deadline_at(logons[i].async, (int64_t)at), SEC_E_OK, "deadline");
        submit(&logons[i], &credential);
    }
    while (told < LOGONS && measure_now() < at + GRACE_MS * 1e6) {
        /* To count them takes its time, which is not the library's at the deadline. */
        if (measure_now() < at - 1e8) {
            const double files = (double)(open_files() - before - share_of_files());

            figures.files = files > figures.files ? files : figures.files;
        }
        sspia_queue_dispatch(queue, 1024, 50);
    }
    figures.left = (double)(LOGONS - told);
    while (told < LOGONS)
        sspia_queue_dispatch(queue, 1024, PATIENCE_MS);
    figures.cpu_us = (measure_cpu() - cpu) / 1e3 / LOGONS;
    for (int i = 0; i < LOGONS; i++) {
        const double late_ms = (logons[i].ended - at) / 1e6;

        figures.late_ms = late_ms > figures.late_ms ? late_ms : figures.late_ms;
    }
    reinit(LOGONS, SEC_E_SECURITY_QOS_FAILED);
    kdc_thaw();
    return figures;
}

static void measure_crowd(void)
{
    static double left[ROUNDS_MOST], files[ROUNDS_MOST], late[ROUNDS_MOST], cpu[ROUNDS_MOST];
    const int rounds = measure_rounds() / 2;

    for (int i = -1; i < rounds; i++) { /* the first does not count */
        const struct figures round = one_crowd();
        const int at = i < 0 ? 0 : i;

        left[at] = round.left;
        files[at] = round.files;
        late[at] = round.late_ms;
        cpu[at] = round.cpu_us;
    }
    print("crowd", "left", "logons", "", left, NULL, rounds);
    print("crowd", "files beyond the share", "files", "", files, NULL, rounds);
    print("crowd", "late, the worst", "ms", "", late, NULL, rounds);
    print("crowd", "CPU", "us", "", cpu, NULL, rounds);
}

/* ---- Another realm ---------------------------------------------------------------------- */

static char other[512]; /* its folder */

static void run(const char *format, const char *one, const char *two, const char *three)
{
    char command[4096];

    snprintf(command, sizeof(command), format, one, two, three);
    if (system(command) != 0)
        measure_fail("%s", command);
}

static void stop_other_realm(void)
{
    run("'%s' stop '%s' >/dev/null%s", BENCH_REALM, other, "");
}

/* And a configuration that knows both. Before the library reads one. */
static void start_other_realm(void)
{
    const char *folder = handshake_value("REALM_DIR");
    char path[1024];

    snprintf(other, sizeof(other), "%s/other", folder);
    run("REALM_LIFETIME=700 REALM_NAME=OTHER.TEST '%s' start '%s'%s", BENCH_REALM, other, "");
    atexit(stop_other_realm);
    run("sed \"s/^\\[realms\\]/&\\\\n    OTHER.TEST = {\\\\n        kdc = 127.0.0.1:$(. "
        "'%s/env'; "
        "echo $KDC_PORT)\\\\n    }/\" \"$KRB5_CONFIG\" >'%s/both.conf'%s",
        other, folder, "");
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
    CredHandle made;
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
    acquire(&made, ccache);
    return made;
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

        submit(&logon, &made);
        expect(sspia_async_wait(logon.async, PATIENCE_MS), SEC_I_CONTINUE_NEEDED, "a logon");
        samples[i] = (measure_now() - from) / 1e3;
        SspiReinitAsyncContext(logon.async);
        FreeContextBuffer(logon.token.pvBuffer);
        expect(DeleteSecurityContext(&logon.context), SEC_E_OK, "delete");
        expect(FreeCredentialsHandle(&made), SEC_E_OK, "free");
    }
    SspiFreeAsyncContext(logon.async);
    *p50 = measure_quantile(samples, THERE, 0.5);
    *p99 = measure_quantile(samples, THERE, 0.99);
}

static void log_on_there_meanwhile(double *p50, double *p99)
{
    told = 0;
    kdc_freeze();
    for (int i = 0; i < OUTSTANDING; i++) {
        expect(sspia_async_set_deadline(logons[i].async, 0), SEC_E_OK, "no deadline");
        submit(&logons[i], &credential);
    }
    measure_sleep(200); /* until all are on their way */
    log_on_there(p50, p99);
    for (int i = 0; i < OUTSTANDING; i++)
        expect(sspia_async_cancel(logons[i].async), SEC_E_OK, "cancel");
    while (told < OUTSTANDING)
        sspia_queue_dispatch(queue, 1024, PATIENCE_MS);
    reinit(OUTSTANDING, SEC_E_UNFINISHED_CONTEXT_DELETED);
    kdc_thaw();
}

static void measure_other_realm(void)
{
    static double ours50[ROUNDS_MOST], ours99[ROUNDS_MOST];
    static double theirs50[ROUNDS_MOST], theirs99[ROUNDS_MOST];
    const int rounds = measure_rounds();

    for (int i = -1; i < rounds; i++) { /* the first does not count */
        const int at = i < 0 ? 0 : i;

        if (measure_ours_is_first(at))
            log_on_there_meanwhile(&ours50[at], &ours99[at]);
        log_on_there(&theirs50[at], &theirs99[at]);
        if (!measure_ours_is_first(at))
            log_on_there_meanwhile(&ours50[at], &ours99[at]);
    }
    print("other-realm", "p50", "us", "the same alone", ours50, theirs50, rounds);
    print("other-realm", "p99", "us", "the same alone", ours99, theirs99, rounds);
}

int main(int argc, char **argv)
{
    measure_options(argc, argv);
    if (!measure_wants("crowd") && !measure_wants("other-realm"))
        return 0;
    if (!handshake_possible(HANDSHAKE_KERBEROS))
        return 77;
    kdc_open();
    start_other_realm();
    open_logons();
    if (measure_wants("crowd"))
        measure_crowd();
    if (measure_wants("other-realm"))
        measure_other_realm();
    close_logons();
    return 0;
}
