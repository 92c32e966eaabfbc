/* SPDX-License-Identifier: MIT */
/*
 * A line is written at once or not at all: the engine lock may be held, and a reader that
 * stands still must stop nobody. A line is shorter than what a pipe that is writable has room
 * for, so it stays in one piece.
 */
#include "trace.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sspi_queue.h"
#include "timer.h"

#define LINE_SIZE 256

_Atomic int trace_descriptor = -1;

void sspia_set_trace(int descriptor)
{
    atomic_store_explicit(&trace_descriptor, descriptor < 0 ? -1 : descriptor,
                          memory_order_relaxed);
}

/* SSPI_ASYNC_TRACE names a file, or "-" for the standard error. With raised privilege nobody
 * asks: the caller could name any file. */
__attribute__((constructor)) static void read_environment(void)
{
    const char *name = secure_getenv("SSPI_ASYNC_TRACE");

    if (name == NULL || name[0] == '\0')
        return;
    if (strcmp(name, "-") == 0)
        sspia_set_trace(STDERR_FILENO);
    else
        sspia_set_trace(open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
}

/* Written by whoever runs the job, read by whoever ends it early. */
static _Atomic int64_t *begun_of(const struct job *job)
{
    return job->operation->waiting != NULL ? &job->operation->waiting(job)->begun_ns : NULL;
}

int64_t trace_begin(const struct job *job)
{
    _Atomic int64_t *begun = begun_of(job);
    const int64_t now = timer_now();

    if (begun == NULL)
        return now;
    if (atomic_load_explicit(begun, memory_order_relaxed) == 0)
        atomic_store_explicit(begun, now, memory_order_relaxed);
    return atomic_load_explicit(begun, memory_order_relaxed);
}

int64_t trace_begun(const struct job *job)
{
    const _Atomic int64_t *begun = begun_of(job);

    return begun != NULL ? atomic_load_explicit(begun, memory_order_relaxed) : 0;
}

static void write_line(const char *line, size_t length)
{
    struct pollfd place = {.fd = atomic_load_explicit(&trace_descriptor, memory_order_relaxed),
                           .events = POLLOUT};
    ssize_t written;

    /* A pipe that nobody reads any more is writable, and a write to it would be a signal. */
    if (place.fd < 0 || poll(&place, 1, 0) != 1 ||
        (place.revents & (POLLOUT | POLLERR)) != POLLOUT)
        return;
    written = write(place.fd, line, length);
    (void)written; /* whoever wants the lines sees that they are missing */
}

void trace_end(const struct job *job, SECURITY_STATUS status, int64_t begun)
{
    const char *package = job_package(job);
    const char *name = sspia_status_name(status);
    char line[LINE_SIZE], took[32] = "never began", stamp[32];
    struct timespec now;
    struct tm utc;
    int length;

    if (begun != 0)
        snprintf(took, sizeof(took), "%.3f ms", (double)(timer_now() - begun) / 1e6);
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
    length = snprintf(line, sizeof(line),
                      "%s.%06ldZ sspi-async[%ld] %s%s%s: %s (0x%08" PRIX32 "), %s\n", stamp,
                      now.tv_nsec / 1000, (long)getpid(), package != NULL ? package : "",
                      package != NULL ? " " : "", job->operation->name,
                      name != NULL ? name : "status", (uint32_t)status, took);
    if (length > 0 && (size_t)length < sizeof(line))
        write_line(line, (size_t)length);
}
