/* SPDX-License-Identifier: MIT */
/*
 * Row "crowd": 10,000 Kerberos logons to as many services, each with a deadline, while the KDC
 * takes connections and answers nothing.
 *
 *   left      logons that have not ended a second after their deadline
 *   files     open at once beyond the library's share of them: a quarter of RLIMIT_NOFILE
 *   late      of the worst of them: from its deadline to its callback
 *   CPU       of the whole process, a logon
 */
#include <stddef.h>
#include <sys/resource.h>

#include "handshake.h"
#include "kdc.h"
#include "logon.h"
#include "measure.h"

#define ROW         "crowd"
#define LOGONS      10000
#define DEADLINE_MS 3000
#define GRACE_MS    1000
#define ROUNDS_MOST 16

static struct logon *logons;

/* As the library counts (places.c). */
static long share_of_files(void)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur / 4 > 64 ? (long)(files.rlim_cur / 4) : 64;
}

struct figures {
    double left, files, late_ms, cpu_us;
};

static struct figures one_round(void)
{
    const long before = logons_files();
    struct figures figures = {.late_ms = 0};
    double cpu = measure_cpu(), at;

    logons_begin();
    kdc_freeze();
    at = measure_now() + DEADLINE_MS * 1e6;
    for (int i = 0; i < LOGONS; i++)
        logon_submit(&logons[i], NULL, at);
    while (logons_ended() < LOGONS && measure_now() < at + GRACE_MS * 1e6) {
        /* To count them takes its time, which is not the library's at the deadline. */
        if (measure_now() < at - 1e8) {
            const double files = (double)(logons_files() - before - share_of_files());

            figures.files = files > figures.files ? files : figures.files;
        }
        logons_take(50);
    }
    figures.left = (double)(LOGONS - logons_ended());
    logons_await(LOGONS);
    figures.cpu_us = (measure_cpu() - cpu) / 1e3 / LOGONS;
    figures.late_ms = logons_lateness(0, 1, at);
    logons_reinit(0, 1, LOGONS, SEC_E_SECURITY_QOS_FAILED);
    kdc_thaw();
    return figures;
}

static void print(const char *what, const char *unit, const double *samples, int rounds)
{
    const struct comparison comparison = {.row = ROW, .case_ = what, .peer = "", .unit = unit};

    measure_print(&comparison, samples, NULL, rounds);
}

int main(int argc, char **argv)
{
    static double left[ROUNDS_MOST], files[ROUNDS_MOST], late[ROUNDS_MOST], cpu[ROUNDS_MOST];
    int rounds;

    measure_options(argc, argv);
    if (!measure_wants(ROW))
        return 0;
    if (!handshake_possible(HANDSHAKE_KERBEROS))
        return 77;
    rounds = measure_rounds() / 2;
    kdc_open();
    logons = logons_open(LOGONS);
    for (int i = -1; i < rounds; i++) { /* the first does not count */
        const struct figures round = one_round();
        const int at = i < 0 ? 0 : i;

        left[at] = round.left;
        files[at] = round.files;
        late[at] = round.late_ms;
        cpu[at] = round.cpu_us;
    }
    print("left", "logons", left, rounds);
    print("files beyond the share", "files", files, rounds);
    print("late, the worst", "ms", late, rounds);
    print("CPU", "us", cpu, rounds);
    logons_close();
    return 0;
}
