/* SPDX-License-Identifier: MIT */
/* Where a process is to do without NTLM. Each case changes the process for good, so their order
 * is part of the test. */
#include "ntlm/credential.h"
#include "ntlm/module.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(switched_off_there_is_no_package),
        cmocka_unit_test(without_md5_credentials_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
