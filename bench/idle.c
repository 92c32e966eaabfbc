/* SPDX-License-Identifier: MIT */
/*
 * Row "idle": what threads of the library do while nothing is queued. The program runs itself
 * under strace and counts the system calls that begin or end in threads other than the main
 * one: a thread that wakes up cannot sleep again without one.
 *
 * The pool has been busy before, its threads are told to stay for a minute, and a queue has a
 * descriptor that somebody could poll.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sspi.h>
#include <sspi_queue.h>

#include "measure.h"

#define ROW         "idle"
#define BUSY        256
#define ROUNDS      5
#define GRACE_MS    250
#define PATIENCE_MS 10000

#define BEGIN "idle: from here\n"
#define END   "idle: to here\n"

/* ---- Inside ----------------------------------------------------------------------------- */

static void expect_ok(SECURITY_STATUS status, const char *what)
{
    if (status != SEC_E_OK)
        measure_fail("%s: %s", what, sspia_status_name(status));
}

static void make_context(CredHandle *credential, CtxtHandle *context)
{
    SecBuffer token = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc tokens = {SECBUFFER_VERSION, 1, &token};
    uint32_t flags;

    expect_ok(InitializeSecurityContextA(credential, NULL, NULL, ISC_REQ_ALLOCATE_MEMORY, 0,
                                         SECURITY_NATIVE_DREP, NULL, 0, context, &tokens,
                                         &flags, NULL),
              "initialize");
    FreeContextBuffer(token.pvBuffer);
}

static void ignore(SspiAsyncContext *async, void *data)
{
    (void)async;
    (void)data;
}

/* Every way to learn of an end once: a queue, a callback, a wait. Then one nobody waits for. */
static void be_busy(CredHandle *credential, sspia_queue *queue)
{
    static SspiAsyncContext *async[BUSY];
    CtxtHandle context;
    int on_queue = 0;

    for (int i = 0; i < BUSY; i++) {
        async[i] = SspiCreateAsyncContext();
        make_context(credential, &context);
        if (i % 2 == 0) {
            expect_ok(sspia_async_set_queue(async[i], queue), "queue");
            on_queue++;
        } else {
            expect_ok(SspiSetAsyncNotifyCallback(async[i], ignore, NULL), "callback");
        }
        expect_ok(SspiDeleteSecurityContextAsync(async[i], &context), "submit");
    }
    while (on_queue > 0) {
        int32_t taken = sspia_queue_dispatch(queue, BUSY, PATIENCE_MS);

        if (taken <= 0)
            measure_fail("no call completes");
        on_queue -= taken;
    }
    for (int i = 0; i < BUSY; i++) {
        expect_ok(sspia_async_wait(async[i], PATIENCE_MS), "delete");
        SspiFreeAsyncContext(async[i]);
    }
    async[0] = SspiCreateAsyncContext();
    make_context(credential, &context);
    expect_ok(SspiDeleteSecurityContextAsync(async[0], &context), "submit");
    SspiFreeAsyncContext(async[0]);
}

static void rest(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    nanosleep(&time, NULL);
}

static int inside(long milliseconds)
{
    sspia_pool_config config = {.size = sizeof(config), .idle_ms = 60000};
    char package[] = "Scripted";
    CredHandle credential;
    sspia_queue *queue = sspia_queue_create();

    expect_ok(sspia_pool_configure(&config), "configure");
    expect_ok(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL,
                                        &credential, NULL),
              "acquire");
    if (sspia_queue_fd(queue) < 0)
        measure_fail("no descriptor");
    be_busy(&credential, queue);
    rest(GRACE_MS);
    if (write(STDOUT_FILENO, BEGIN, strlen(BEGIN)) < 0)
        return 1;
    rest(milliseconds);
    return write(STDOUT_FILENO, END, strlen(END)) < 0;
}

/* ---- Outside ---------------------------------------------------------------------------- */

/* Runs this program under strace; 77 if that cannot be. */
static int trace(const char *log, long milliseconds)
{
    char self[4096] = "", words[32];
    int status;
    pid_t child;

    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        measure_fail("no /proc/self/exe");
    snprintf(words, sizeof(words), "%ld", milliseconds);
    child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL)
            _exit(1);
        execlp("strace", "strace", "-f", "-qq", "-o", log, self, "--inside", words, NULL);
        _exit(77);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        measure_fail("no process for strace");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Lines of the log between the two marks, without those of the thread that wrote the marks. */
static long count_calls(const char *log)
{
    FILE *file = fopen(log, "r");
    char line[4096];
    long count = 0, thread, main_thread = 0;
    bool ended = false;

    if (file == NULL)
        measure_fail("no log of strace");
    while (!ended && fgets(line, sizeof(line), file) != NULL) {
        thread = strtol(line, NULL, 10);
        if (strstr(line, "idle: from here") != NULL)
            main_thread = thread;
        else if (strstr(line, "idle: to here") != NULL)
            ended = true;
        else if (main_thread != 0 && thread != main_thread)
            count++;
    }
    fclose(file);
    if (!ended)
        measure_fail("strace saw no end");
    return count;
}

static int measure(void)
{
    const char *folder = getenv("TMPDIR");
    double counts[ROUNDS];
    char log[4096];
    struct stat about;
    bool ran;
    struct comparison comparison = {
        .row = ROW, .case_ = "threads kept", .peer = "", .unit = "system calls"};
    int status = 0;

    snprintf(log, sizeof(log), "%s/sspi-async-idle.%ld", folder != NULL ? folder : "/tmp",
             (long)getpid());
    for (int i = 0; i < ROUNDS && status == 0; i++) {
        status = trace(log, measure_count(5000));
        if (status == 0)
            counts[i] = (double)count_calls(log);
    }
    ran = stat(log, &about) == 0 && about.st_size > 0;
    unlink(log);
    if (status != 0 && ran)
        measure_fail("the traced program failed");
    if (status != 0) {
        fprintf(stderr, "not measured: idle (strace is not there, or may not trace)\n");
        return 77;
    }
    measure_print(&comparison, counts, NULL, ROUNDS);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--inside") == 0)
        return inside(strtol(argv[2], NULL, 10));
    measure_options(argc, argv);
    return measure_wants(ROW) ? measure() : 0;
}
