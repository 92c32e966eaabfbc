/* SPDX-License-Identifier: MIT */
/* Where a process is to do without NTLM. Each case changes the process for good, so their order
 * is part of the test. */
#include "ntlm/credential.h"
#include "ntlm/host.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

const sspia_package *const *sspia_module_entry(const sspia_host *host, sspia_report *report);

static void report_line(sspia_report *report, const char *what, const char *why)
{
    snprintf(report->text, sizeof report->text, "%s: %s", what, why != NULL ? why : "");
}

static void do_nothing(void)
{
}

static const sspia_host host = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof host,
    .allocate = malloc,
    .free = free,
    .quiesce = do_nothing,
    .report = report_line,
};

/* Wrong would be: NTLM in a process that was told to have none. */
static void switched_off_there_is_no_package(void **state)
{
    sspia_report report = {""};

    (void)state;
    assert_int_equal(setenv("SSPI_ASYNC_NTLM", "off", 1), 0);
    assert_null(sspia_module_entry(&host, &report));
    assert_non_null(strstr(report.text, "SSPI_ASYNC_NTLM"));
    assert_int_equal(unsetenv("SSPI_ASYNC_NTLM"), 0);
    assert_non_null(sspia_module_entry(&host, &report));
}

/* Wrong would be: an MD5 of our own where the system's policy forbids it, or a crash. */
static void without_md5_credentials_are_refused(void **state)
{
    const sspia_identity alice = {.user = "alice", .password = "correct horse"};
    sspia_report report = {""};
    void *credential = NULL;
    int64_t expiry;

    (void)state;
    assert_int_equal(EVP_set_default_properties(NULL, "fips=yes"), 1);
    assert_int_equal(ntlm_credential_acquire(NULL, SECPKG_CRED_OUTBOUND, &alice, &credential,
                                             &expiry, &report),
                     SEC_E_CRYPTO_SYSTEM_INVALID);
    assert_null(credential);
    assert_non_null(strstr(report.text, "FIPS"));
}

#define SKIPPED 77

/* In a process whose user differs from its caller: does it open the file that the caller names?
 */
static int obey_the_environment(void)
{
    sspia_report report = {""};
    void *credential = NULL;
    int64_t expiry;
    SECURITY_STATUS status;

    if (getauxval(AT_SECURE) == 0)
        return SKIPPED; /* the file system knows no set-uid programs */
    ntlm_host = &host;
    if (ntlm_credential_acquire(NULL, SECPKG_CRED_INBOUND, NULL, &credential, &expiry,
                                &report) != SEC_E_OK)
        return EXIT_FAILURE;
    status = ntlm_verifier_ready(&((ntlm_credential *)credential)->verifier, &report);
    ntlm_credential_release(credential);
    return status == SEC_E_NO_AUTHENTICATING_AUTHORITY ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A copy of this program that belongs to nobody and runs as that user. */
static bool make_set_uid_copy(char path[])
{
    char buffer[65536];
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int to = mkstemp(path);
    ssize_t size = 1;

    while (from >= 0 && to >= 0 && (size = read(from, buffer, sizeof buffer)) > 0) {
        if (write(to, buffer, (size_t)size) != size)
            break;
    }
    if (size == 0 && (fchown(to, 65534, 65534) != 0 || fchmod(to, 04755) != 0))
        size = -1;
    close(from);
    close(to);
    return size == 0;
}

/* Wrong would be: a set-uid program that opens what its caller may not read, takes accounts
 * from there, or starts a program of its caller's. */
static void set_uid_process_ignores_the_environment(void **state)
{
    char path[] = "/tmp/ntlm_refusal.XXXXXX";
    char users[] = "/tmp/ntlm_refusal.XXXXXX";
    int file = mkstemp(users);
    int result = -1;
    pid_t child;

    (void)state;
    if (geteuid() != 0)
        skip(); /* who may make such a program? */
    assert_true(file >= 0);
    assert_int_equal(dprintf(file, "TEST:alice:correct horse\n"), 25);
    assert_int_equal(fchmod(file, 0644), 0);
    close(file);
    assert_true(make_set_uid_copy(path));
    assert_int_equal(setenv("NTLM_USER_FILE", users, 1), 0);
    assert_int_equal(setenv("SSPI_ASYNC_NTLM_HELPER", "/bin/true", 1), 0);
    child = fork();
    if (child == 0) {
        execl(path, path, "set-uid", (char *)NULL);
        _exit(SKIPPED);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    unlink(path);
    unlink(users);
    assert_int_equal(unsetenv("NTLM_USER_FILE"), 0);
    assert_int_equal(unsetenv("SSPI_ASYNC_NTLM_HELPER"), 0);
    assert_true(WIFEXITED(result));
    if (WEXITSTATUS(result) == SKIPPED)
        skip();
    assert_int_equal(WEXITSTATUS(result), EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_uid_process_ignores_the_environment),
        cmocka_unit_test(switched_off_there_is_no_package),
        cmocka_unit_test(without_md5_credentials_are_refused),
    };

    if (argc > 1 && strcmp(argv[1], "set-uid") == 0)
        _exit(obey_the_environment()); /* LeakSanitizer cannot trace a set-uid process */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
