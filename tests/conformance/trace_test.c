/* SPDX-License-Identifier: MIT */
/* A line for each call that ends: sspia_set_trace and SSPI_ASYNC_TRACE. */
#include "scripted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program;

/* What has been written to a pipe so far. */
static size_t take(int end, char *text, size_t size)
{
    ssize_t length = read(end, text, size - 1);

    assert_true(length >= 0 || errno == EAGAIN);
    text[length > 0 ? length : 0] = '\0';
    return length > 0 ? (size_t)length : 0;
}

static void open_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    sspia_set_trace(ends[1]);
}

static void close_pipe(int ends[2])
{
    sspia_set_trace(-1);
    close(ends[0]);
    close(ends[1]);
}

static SECURITY_STATUS acquire_and_wait(const char *script, CredHandle *credential)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    SECURITY_STATUS status;

    assert_non_null(async);
    assert_status(scripted_submit_acquire(async, script, credential), SEC_E_OK);
    status = sspia_async_wait(async, PATIENCE_MS);
    SspiFreeAsyncContext(async);
    return status;
}

/* Wrong would be: a line that comes later than the status, or not at all. */
static void call_that_ends_is_a_line(void **state)
{
    CredHandle credential;
    char text[1024], package[64];
    unsigned status;
    double ms;
    int ends[2];

    (void)state;
    open_pipe(ends);
    assert_status(acquire_and_wait("delay=3", &credential), SEC_E_OK);
    assert_true(take(ends[0], text, sizeof(text)) > 0);
    assert_non_null(strchr(text, '\n'));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_non_null(strstr(text, "Z sspi-async["));
    assert_int_equal(sscanf(strstr(text, "] ") + 2,
                            "%63s AcquireCredentialsHandle: SEC_E_OK (0x%x), %lf ms", package,
                            &status, &ms),
                     3);
    assert_string_equal(package, "Scripted");
    assert_true(ms >= 3);
    close_pipe(ends);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void failure_has_its_status(void **state)
{
    CredHandle credential;
    char text[1024];
    int ends[2];

    (void)state;
    open_pipe(ends);
    assert_status(acquire_and_wait("status=SEC_E_LOGON_DENIED say='secret-word'", &credential),
                  SEC_E_LOGON_DENIED);
    take(ends[0], text, sizeof(text));
    assert_non_null(strstr(text, "SEC_E_LOGON_DENIED (0x8009030C), "));
    assert_null(strstr(text, "secret-word"));
    close_pipe(ends);
}

static void deletes_are_lines_too(void **state)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    CredHandle credential = scripted_credential();
    CtxtHandle context = scripted_context(&credential, "token=1", SEC_E_OK);
    char text[1024];
    int ends[2];

    (void)state;
    open_pipe(ends);
    assert_status(SspiDeleteSecurityContextAsync(async, &context), SEC_E_OK);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
    take(ends[0], text, sizeof(text));
    assert_non_null(strstr(text, "DeleteSecurityContext: SEC_E_OK"));
    close_pipe(ends);
    SspiFreeAsyncContext(async);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Wrong would be: the slow call, for whose sake people look, ended by its deadline without a
 * line. */
static void call_that_is_ended_early_is_a_line(void **state)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    CredHandle credential;
    char text[1024];
    int ends[2];

    (void)state;
    open_pipe(ends);
    assert_status(sspia_async_set_deadline(async, 20), SEC_E_OK);
    assert_status(scripted_submit_acquire(async, "block", &credential), SEC_E_OK);
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_SECURITY_QOS_FAILED);
    take(ends[0], text, sizeof(text));
    assert_non_null(strstr(text, "SEC_E_SECURITY_QOS_FAILED"));
    scripted->release(1);
    close_pipe(ends);
    SspiFreeAsyncContext(async);
}

/* Wrong would be: a reader that stands still, and with it the program. */
static void full_pipe_stops_nobody(void **state)
{
    char filler[4096] = {0};
    CredHandle credential;
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0); /* writes would block */
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    while (write(ends[1], filler, sizeof(filler)) > 0)
        ;
    assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
    sspia_set_trace(ends[1]);
    assert_status(acquire_and_wait("", &credential), SEC_E_OK);
    close_pipe(ends);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void nothing_is_written_when_it_is_off(void **state)
{
    CredHandle credential;
    char text[64];
    int ends[2];

    (void)state;
    open_pipe(ends);
    sspia_set_trace(-5);
    assert_status(acquire_and_wait("", &credential), SEC_E_OK);
    assert_int_equal(take(ends[0], text, sizeof(text)), 0);
    close_pipe(ends);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* This program once more, with the variable set, for one call. */
static void environment_names_a_file(void **state)
{
    char name[] = "/tmp/sspi-async-trace.XXXXXX", text[1024];
    int file = mkstemp(name), ended;
    pid_t child;

    (void)state;
    assert_true(file >= 0);
    child = fork();
    if (child == 0) {
        setenv("SSPI_ASYNC_TRACE", name, 1);
        execl(program, program, "once", (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
    take(file, text, sizeof(text));
    assert_non_null(strstr(text, "Scripted AcquireCredentialsHandle: SEC_E_OK"));
    close(file);
    unlink(name);
}

static int once(void)
{
    CredHandle credential;
    void *state = NULL;

    if (scripted_setup(&state) != 0 || acquire_and_wait("", &credential) != SEC_E_OK)
        return 1;
    return FreeCredentialsHandle(&credential) == SEC_E_OK ? 0 : 1;
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(call_that_ends_is_a_line, scripted_nothing_is_left),
        cmocka_unit_test_teardown(failure_has_its_status, scripted_nothing_is_left),
        cmocka_unit_test_teardown(deletes_are_lines_too, scripted_nothing_is_left),
        cmocka_unit_test_teardown(call_that_is_ended_early_is_a_line, scripted_nothing_is_left),
        cmocka_unit_test_teardown(full_pipe_stops_nobody, scripted_nothing_is_left),
        cmocka_unit_test_teardown(nothing_is_written_when_it_is_off, scripted_nothing_is_left),
        cmocka_unit_test(environment_names_a_file),
    };

    program = words[0];
    if (count > 1)
        return once();
    return cmocka_run_group_tests(tests, scripted_setup, scripted_teardown);
}
