/* SPDX-License-Identifier: MIT */
/*
 * Rows of NTLM alone.
 *
 *   ntlm-seal     a message of 1 KiB, sealed on one side and opened on the other
 *   ntlm-memory   what both contexts of a handshake take, by malloc's own count
 */
#include <malloc.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handshake.h"
#include "measure.h"

#define MESSAGES 20000

struct peer {
    const char *name;
    void (*open)(void);
    void (*close)(void);
    void (*keep)(long count);
    void (*exchange)(long count);
    void (*let_go)(void);
};

static void open_ours(void)
{
    ours_open(HANDSHAKE_NTLM);
}

static void open_gssapi(void)
{
    gssapi_open(HANDSHAKE_NTLM);
}

static const struct peer ours = {"ours",    open_ours,     ours_close,
                                 ours_keep, ours_exchange, ours_let_go};
static const struct peer gss_ntlmssp = {"gss-ntlmssp", open_gssapi,     gssapi_close,
                                        gssapi_keep,   gssapi_exchange, gssapi_let_go};
#ifdef BENCH_WINPR
static const struct peer winpr = {"WinPR",    winpr_open,     winpr_close,
                                  winpr_keep, winpr_exchange, winpr_let_go};
#endif

/* ---- Messages --------------------------------------------------------------------------- */

static double seal_by(const struct peer *peer)
{
    return handshake_cost(peer->exchange, measure_count(MESSAGES));
}

static double seal_ours(void *argument)
{
    (void)argument;
    return seal_by(&ours);
}

static double seal_theirs(void *argument)
{
    return seal_by(argument);
}

static void compare_sealing(const struct peer *peer)
{
    peer->open();
    peer->keep(1);
    measure_compare(&(struct comparison){
        .row = "ntlm-seal",
        .case_ = "1 KiB",
        .peer = peer->name,
        .unit = "us",
        .ours = seal_ours,
        .theirs = seal_theirs,
        .argument = (void *)(uintptr_t)peer,
    });
    peer->let_go();
    peer->close();
}

/* ---- Memory ----------------------------------------------------------------------------- */

static double heap_now(void)
{
    struct mallinfo2 info = mallinfo2();

    return (double)(info.uordblks + info.hblkhd);
}

/* Bytes of both contexts of a handshake. */
static double grow(const struct peer *peer)
{
    const long count = measure_count(HANDSHAKES_KEPT);
    double before;

    peer->open();
    peer->keep(1); /* what comes with the first of all */
    peer->exchange(1);
    peer->let_go();
    before = heap_now();
    peer->keep(count);
    return (heap_now() - before) / (double)count;
}

static double grow_in_child(const struct peer *peer)
{
    double size;
    int ends[2], status;
    pid_t child;

    if (pipe(ends) != 0 || (child = fork()) < 0)
        measure_fail("no pipe or process");
    if (child == 0) {
        size = grow(peer);
        _exit(write(ends[1], &size, sizeof(size)) == sizeof(size) ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &size, sizeof(size)) != sizeof(size) ||
        waitpid(child, &status, 0) != child || status != 0)
        measure_fail("a round of memory failed");
    close(ends[0]);
    return size;
}

static double memory_ours(void *argument)
{
    (void)argument;
    return grow_in_child(&ours);
}

static double memory_theirs(void *argument)
{
    return grow_in_child(argument);
}

static void compare_memory(const struct peer *peer)
{
    measure_compare(&(struct comparison){
        .row = "ntlm-memory",
        .case_ = "both contexts",
        .peer = peer->name,
        .unit = "bytes",
        .ours = memory_ours,
        .theirs = memory_theirs,
        .argument = (void *)(uintptr_t)peer,
    });
}

int main(int argc, char **argv)
{
    measure_options(argc, argv);
    if (!handshake_possible(HANDSHAKE_NTLM))
        return 0;
    if (measure_wants("ntlm-memory")) /* first: the children are to find nothing there */
        compare_memory(&gss_ntlmssp);
    if (!measure_wants("ntlm-seal"))
        return 0;
    ours.open();
    ours.keep(1);
    compare_sealing(&gss_ntlmssp);
#ifdef BENCH_WINPR
    compare_sealing(&winpr);
#endif
    ours.let_go();
    ours.close();
    return 0;
}
