/* SPDX-License-Identifier: MIT */
/* User files of the package NTLM: their forms, where they are found, and when they are read. */
#include "ntlm_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/ntlm_users.XXXXXX";

static const sspia_identity file_identity = {.ntlm_user_file = path};

/* Another size each time, so that a change shows whatever the clock's grain. */
static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static SECURITY_STATUS log_on(const char *domain, const char *user, const char *password)
{
    const sspia_identity client = {.user = user, .domain = domain, .password = password};
    ntlm_pair pair;
    SECURITY_STATUS status = ntlm_pair_connect(&pair, &client, &file_identity, 0);

    ntlm_pair_end(&pair);
    return status;
}

/* Wrong would be: a line that is understood in another way than gss-ntlmssp does. */
static void forms_of_lines(void **state)
{
    (void)state;
    write_file("# a comment:with:colons\n"
               "TEST:alice:correct horse\n"
               "\n"
               "no account\n"
               "a:b:c:d\n"
               ":anybody:anywhere\r\n"
               "carol:1000:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:"
               "A4F49C406510BDCAB6824EE7C30FD852:[U ]:LCT-0:\n"
               "TEST\\dave:1001:x:a4f49c406510bdcab6824ee7c30fd852:[U ]:\n"
               "eve:1002:x:a4f49c406510bdcab6824ee7c30fd85:[U ]:\n"
               "TEST:alice:a second line\n"
               "TEST:last:without a line feed");
    assert_int_equal(log_on("TEST", "alice", "correct horse"), SEC_E_OK);
    assert_int_equal(log_on("TEST", "alice", "a second line"), SEC_E_LOGON_DENIED);
    assert_int_equal(log_on("", "alice", "correct horse"), SEC_E_OK);
    assert_int_equal(log_on("OTHER", "alice", "correct horse"), SEC_E_LOGON_DENIED);
    assert_int_equal(log_on("OTHER", "anybody", "anywhere"), SEC_E_OK);
    assert_int_equal(log_on("OTHER", "carol", "Password"), SEC_E_OK);
    assert_int_equal(log_on("TEST", "dave", "Password"), SEC_E_OK);
    assert_int_equal(log_on("OTHER", "dave", "Password"), SEC_E_LOGON_DENIED);
    assert_int_equal(log_on("TEST", "eve", "Password"), SEC_E_LOGON_DENIED);
    assert_int_equal(log_on("TEST", "last", "without a line feed"), SEC_E_OK);
    assert_int_equal(log_on("a", "b", "c:d"), SEC_E_LOGON_DENIED);
}

/* Wrong would be: an account that was locked out and still gets in. */
static void change_of_the_file_is_seen(void **state)
{
    const sspia_identity client = {.user = "alice", .domain = "TEST", .password = "one"};
    ntlm_pair pair;

    (void)state;
    write_file("TEST:alice:one\n");
    assert_int_equal(ntlm_pair_connect(&pair, &client, &file_identity, 0), SEC_E_OK);
    write_file("TEST:alice:another\n");
    realm_side_reset(&pair.initiator);
    realm_side_reset(&pair.acceptor);
    assert_int_equal(realm_shake(&pair.initiator, &pair.acceptor), SEC_E_LOGON_DENIED);
    unlink(path);
    realm_side_reset(&pair.initiator);
    realm_side_reset(&pair.acceptor);
    assert_int_equal(realm_shake(&pair.initiator, &pair.acceptor), SEC_E_NO_CREDENTIALS);
    ntlm_pair_end(&pair);
}

/* Wrong would be: a named file that is not there, or never ends, found out in the middle of a
 * handshake. */
static void unusable_file_is_refused_at_once(void **state)
{
    ntlm_pair pair;

    (void)state;
    unlink(path);
    assert_int_equal(ntlm_pair_acquire(&pair, &file_identity, NULL, 0), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(pair.initiator.report.text, path));
    ntlm_pair_end(&pair);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(ntlm_pair_acquire(&pair, &file_identity, NULL, 0), SEC_E_NO_CREDENTIALS);
    ntlm_pair_end(&pair);
    unlink(path);
}

/* Wrong would be: another user of the file than the one that was named, or than the first. */
static void initiator_takes_its_user_from_the_file(void **state)
{
    static const struct {
        const char *user, *domain, *name;
    } cases[] = {
        {NULL, NULL, "TEST\\alice"},    {"bob", NULL, "Test\\bob"},
        {"BOB", "TEST", "Test\\BOB"},   {"TEST\\bob", NULL, "Test\\bob"},
        {"carol", "ANY", "ANY\\carol"},
    };

    (void)state;
    write_file("TEST:alice:one\nTest:bob:two\n:carol:three\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sspia_identity client = {
            .user = cases[i].user, .domain = cases[i].domain, .ntlm_user_file = path};
        ntlm_pair pair;
        SecPkgCredentials_NamesA names;

        assert_int_equal(ntlm_pair_connect(&pair, &client, &file_identity, 0), SEC_E_OK);
        assert_int_equal(pair.initiator.package->query_credential(
                             pair.initiator.credential, SECPKG_CRED_ATTR_NAMES, &names,
                             &pair.initiator.report),
                         SEC_E_OK);
        assert_string_equal(names.sUserName, cases[i].name);
        realm_host_free(names.sUserName);
        ntlm_pair_end(&pair);
    }
    {
        const sspia_identity nobody = {.user = "mallory", .ntlm_user_file = path};
        ntlm_pair pair;

        assert_int_equal(ntlm_pair_acquire(&pair, &nobody, &file_identity, 0),
                         SEC_E_NO_CREDENTIALS);
        ntlm_pair_end(&pair);
    }
}

/* Wrong would be: a default file that is missed before it is needed, or not found then. */
static void default_file_is_needed_on_the_first_leg(void **state)
{
    ntlm_pair pair;

    (void)state;
    unlink(path);
    assert_int_equal(unsetenv("NTLM_USER_FILE"), 0);
    assert_int_equal(ntlm_pair_acquire(&pair, NULL, NULL, 0), SEC_E_OK);
    assert_int_equal(realm_side_step(&pair.initiator, NULL, 0), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(pair.initiator.report.text, "NTLM_USER_FILE"));
    assert_int_equal(realm_side_step(&pair.acceptor, "NTLMSSP", 8),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    ntlm_pair_end(&pair);
    assert_int_equal(setenv("NTLM_USER_FILE", path, 1), 0);
    assert_int_equal(ntlm_pair_acquire(&pair, NULL, NULL, 0), SEC_E_OK);
    write_file("TEST:alice:one\n");
    assert_int_equal(realm_shake(&pair.initiator, &pair.acceptor), SEC_E_OK);
    ntlm_pair_end(&pair);
}

/* Wrong would be: the process's own accounts where the caller named others. */
static void named_accounts_exclude_the_default(void **state)
{
    const sspia_identity server = {.user = "bob", .password = "two"};
    const sspia_identity client = {.user = "alice", .domain = "TEST", .password = "one"};
    ntlm_pair pair;

    (void)state;
    write_file("TEST:alice:one\n");
    assert_int_equal(setenv("NTLM_USER_FILE", path, 1), 0);
    assert_int_equal(ntlm_pair_connect(&pair, &client, NULL, 0), SEC_E_OK);
    ntlm_pair_end(&pair);
    assert_int_equal(ntlm_pair_connect(&pair, &client, &server, 0), SEC_E_LOGON_DENIED);
    ntlm_pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_of_lines),
        cmocka_unit_test(change_of_the_file_is_seen),
        cmocka_unit_test(unusable_file_is_refused_at_once),
        cmocka_unit_test(initiator_takes_its_user_from_the_file),
        cmocka_unit_test(default_file_is_needed_on_the_first_leg),
        cmocka_unit_test(named_accounts_exclude_the_default),
    };
    int result;
    int file = mkstemp(path);

    if (file < 0)
        return EXIT_FAILURE;
    close(file);
    realm_host_load();
    result = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return result;
}
