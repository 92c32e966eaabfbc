/* SPDX-License-Identifier: MIT */
/*
 * Row "silent-kdc": 1,000 Kerberos logons to as many services, each with a deadline of 500 ms,
 * while the KDC takes connections and answers nothing. All tickets are still to be had.
 *
 *   late       of the worst of them: from its deadline to its callback
 *   cancel     of the worst of 500: from the cancel until the last descriptor is closed
 *   CPU        of the whole process, a logon
 *   memory     that all of them have while they are outstanding, a logon
 *   threads    of the process meanwhile
 *   files      that are open, at most
 *
 * Then what it is without the library: 64 logons by GSSAPI itself in as many threads, until the
 * last of them has given up. It has no deadline of its own.
 */
#include <gssapi/gssapi.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include <sspi_queue.h>

#include "handshake.h"
#include "kdc.h"
#include "logon.h"
#include "measure.h"

#define ROW         "silent-kdc"
#define LOGONS      1000
#define DEADLINE_MS 500
#define ROUNDS_MOST 64
#define PATIENCE_MS 60000
#define THREADS     64

static struct logon *logons;

/* That the program has from malloc. */
static double heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();

    return (double)info.uordblks + (double)info.hblkhd;
}

struct figures {
    double late_ms, cancel_ms, cpu_us, bytes, threads, files;
};

/* Until the sockets of what was cancelled are closed: half of all that are open. */
static double cancel_half(void)
{
    const long files = logons_files();
    double from = measure_now();

    for (int i = 0; i < LOGONS; i += 2)
        logon_expect(sspia_async_cancel(logons[i].async), SEC_E_OK, "cancel");
    while (logons_files() > files - files / 2 + 64 && measure_now() - from < PATIENCE_MS * 1e6)
        continue;
    return (measure_now() - from) / 1e6;
}

/* All are submitted and end: at their deadline, or half of them by cancel. */
static struct figures one_round(bool cancels)
{
    struct figures figures = {.late_ms = 0};
    double cpu = measure_cpu(), bytes = heap_bytes();
    double at = measure_now() + DEADLINE_MS * 1e6;

    logons_begin();
    kdc_freeze();
    for (int i = 0; i < LOGONS; i++)
        logon_submit(&logons[i], NULL, at);
    measure_sleep(DEADLINE_MS / 2.0);
    figures.bytes = (heap_bytes() - bytes) / LOGONS;
    figures.threads = (double)logons_threads();
    figures.files = (double)logons_files();
    if (cancels)
        figures.cancel_ms = cancel_half();
    logons_await(LOGONS);
    figures.cpu_us = (measure_cpu() - cpu) / 1e3 / LOGONS;
    figures.late_ms = logons_lateness(cancels ? 1 : 0, cancels ? 2 : 1, at);
    logons_reinit(1, 2, LOGONS, SEC_E_SECURITY_QOS_FAILED);
    logons_reinit(0, 2, LOGONS,
                  cancels ? SEC_E_UNFINISHED_CONTEXT_DELETED : SEC_E_SECURITY_QOS_FAILED);
    kdc_thaw();
    return figures;
}

static void print(const char *what, const char *unit, const double *samples, int rounds)
{
    const struct comparison comparison = {.row = ROW, .case_ = what, .peer = "", .unit = unit};

    measure_print(&comparison, samples, NULL, rounds);
}

static void measure_ours(void)
{
    static double late[ROUNDS_MOST], cancel[ROUNDS_MOST], cpu[ROUNDS_MOST];
    static double bytes[ROUNDS_MOST], threads[ROUNDS_MOST], files[ROUNDS_MOST];
    int rounds = measure_rounds();

    for (int i = -1; i < rounds; i++) { /* the first does not count */
        const struct figures round = one_round(false);
        const int at = i < 0 ? 0 : i;

        late[at] = round.late_ms;
        cpu[at] = round.cpu_us;
        bytes[at] = round.bytes > 0 ? round.bytes : 0;
        threads[at] = round.threads;
        files[at] = round.files;
        cancel[at] = one_round(true).cancel_ms;
    }
    print("late, the worst", "ms", late, rounds);
    print("cancel, the worst", "ms", cancel, rounds);
    print("CPU", "us", cpu, rounds);
    print("memory", "bytes", bytes, rounds);
    print("threads", "threads", threads, rounds);
    print("files", "files", files, rounds);
}

/* ---- Without the library ---------------------------------------------------------------- */

static void *log_on(void *argument)
{
    static gss_OID_desc kerberos = {9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
    const struct logon *logon = argument;
    gss_buffer_desc name = {strlen(logon->target), (void *)(uintptr_t)logon->target};
    gss_buffer_desc token = {0, NULL};
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_name_t target = GSS_C_NO_NAME;
    OM_uint32 minor;

    if (gss_import_name(&minor, &name, GSS_C_NT_HOSTBASED_SERVICE, &target) != GSS_S_COMPLETE)
        measure_fail("gss_import_name");
    if (!GSS_ERROR(gss_init_sec_context(
            &minor, GSS_C_NO_CREDENTIAL, &context, target, &kerberos, GSS_C_MUTUAL_FLAG, 0,
            GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &token, NULL, NULL)))
        measure_fail("a logon without a KDC");
    gss_release_name(&minor, &target);
    return NULL;
}

static double until_all_gave_up(void)
{
    pthread_t threads[THREADS];
    double from = measure_now();

    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, log_on, &logons[i]) != 0)
            measure_fail("no thread");
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return (measure_now() - from) / 1e6;
}

static double until_all_ended(void)
{
    double from = measure_now();

    logons_begin();
    for (int i = 0; i < THREADS; i++)
        logon_submit(&logons[i], NULL, from + DEADLINE_MS * 1e6);
    logons_await(THREADS);
    return (measure_now() - from) / 1e6;
}

static void measure_theirs(void)
{
    const struct comparison comparison = {.row = ROW,
                                          .case_ = "64 logons, until the last is over",
                                          .peer = "plain GSSAPI",
                                          .unit = "ms"};
    double ours, theirs;

    kdc_freeze();
    ours = until_all_ended();
    theirs = until_all_gave_up();
    kdc_thaw();
    measure_print(&comparison, &ours, &theirs, 1);
}

int main(int argc, char **argv)
{
    measure_options(argc, argv);
    if (!measure_wants(ROW))
        return 0;
    if (!handshake_possible(HANDSHAKE_KERBEROS))
        return 77;
    kdc_open();
    logons = logons_open(LOGONS);
    measure_ours();
    if (!measure_is_short()) /* it takes GSSAPI half a minute to give up */
        measure_theirs();
    logons_close();
    return 0;
}
